import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runInAuditContext } from '../../src/shared/audit-context.ts'
import { signedIn } from '../admin/console.ts'
import { machine, type Rest } from '../admin/rest/support.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { linkIn, readOutbox } from '../support/mailbox.ts'
import { githubUser } from '../support/upstream/github.ts'

const DAY = 86_400_000

test('a whole office may open its invitations at once; guessing at links is limited', async () => {
  const latchkey = await startLatchkey({ env: { RATE_LIMIT: 'on' } })
  try {
    await latchkey.services.accounts.createByAdmin({ username: 'one', email: 'one@example.com' })
    const { link } = await latchkey.mailTo('one@example.com')
    const open = async (url: URL) => (await createHttpBrowser().open(url)).status
    for (let i = 0; i < 40; i++) expect(await open(link)).toBe(200)
    const guess = new URL(link)
    guess.searchParams.set('token', 'x'.repeat(43))
    const answers: number[] = []
    for (let i = 0; i < 40; i++) answers.push(await open(guess))
    expect(new Set(answers)).toEqual(new Set([410, 429]))
  } finally {
    await latchkey.stop()
  }
})

test.each(engines)('of two invitations of one millisecond the later one works, on %s', async (engine) => {
  const now = Date.now()
  const latchkey = await startLatchkey({ engine, clock: () => now })
  const { accounts, mailer } = latchkey.services
  const statusOf = async (link: URL) => (await createHttpBrowser().open(link)).status
  for (let n = 0; n < 8; n++) {
    const email = `guest${n}@example.com`
    const { id } = await accounts.createByAdmin({ username: `guest${n}`, email })
    await mailer.idle()
    const { link: first } = await latchkey.mailTo(email)
    await accounts.sendInvitation(id)
    const { link: second } = await latchkey.mailTo(email)
    expect(second.href).not.toBe(first.href)
    expect([await statusOf(first), await statusOf(second)]).toEqual([410, 200])
  }
  await latchkey.stop()
})

describe.each(engines)('invitations on %s', (engine) => {
  let federation: FederationFixture
  let latchkey: Latchkey
  let rest: Rest
  let passed = 0
  let people = 0
  beforeAll(async () => {
    // Neither closed registration nor a list of domains keeps an administrator from inviting.
    const env = { REGISTRATION: 'closed', EMAIL_DOMAINS: 'corp.example' }
    federation = await openFederation({ engine, env, clock: () => Date.now() + passed })
    latchkey = federation.latchkey
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => federation?.stop())

  const accounts = () => latchkey.services.accounts
  const token = (link: URL) => link.searchParams.get('token') ?? ''
  const mails = async (email: string) => {
    await latchkey.services.mailer.idle()
    return (await readOutbox(`${latchkey.dataDir}/outbox`)).filter((mail) => mail.to === email)
  }
  const lastLink = async (email: string) => {
    const mail = (await mails(email)).at(-1)
    if (!mail) throw new Error(`no mail to ${email}`)
    return linkIn(mail)
  }
  async function invited(more: object = {}) {
    const username = `guest${++people}`
    const email = `${username}@example.com`
    const made = await rest.post('/users', { username, email, ...more })
    expect(made.status, made.text).toBe(201)
    return { id: String(made.json.id), username, email, link: await lastLink(email) }
  }
  const accept = async (browser: HttpBrowser, link: URL, password = PASSWORD) =>
    browser.submit(await browser.open(link), { Password: password }, { button: 'Accept invitation' })
  const signIn = (identifier: string, password = PASSWORD) =>
    accounts().authenticate({ identifier, password })

  test('a form whose cookies are gone by now stands there again, and works', async () => {
    const { link } = await invited()
    const browser = createHttpBrowser()
    const page = await browser.open(link)
    const later = createHttpBrowser()
    const again = await later.visit(
      later.prepare(page, { Password: PASSWORD }, { button: 'Accept invitation' }),
    )
    expect(again.text).toContain('Nothing was done')
    const done = await later.submit(again, { Password: PASSWORD }, { button: 'Accept invitation' })
    expect([done.url.pathname, done.status]).toEqual(['/account', 200])
  })

  test('one mail says who invites to what; its link proves the address, sets the password and signs in', async () => {
    const { id, username, email, link } = await invited({ first_name: 'Grace', role: 'user' })
    expect(await mails(email)).toHaveLength(1)
    const [mail] = await mails(email)
    expect(mail?.subject).toBe(`You are invited to ${new URL(latchkey.issuer).host}`)
    expect(mail?.text).toContain(`The administrator invites you to ${new URL(latchkey.issuer).host}.`)
    expect(mail?.text).toContain(`Your account is ${username}.`)
    expect(mail?.text).toContain('for 7 days')
    expect((await rest.get(`/users/${id}`)).json).toMatchObject({ status: 'invited', email: null })

    const browser = createHttpBrowser()
    const page = await browser.open(link)
    expect(page.text).toContain(
      `The administrator invites you. Your account is ${username}, with the address ${email}.`,
    )
    // The page and the mail call the service the same.
    expect(page.text).toContain(`You are invited to ${new URL(latchkey.issuer).host}`)
    const { branding } = latchkey.services
    await branding.set({ kind: 'server' }, { name: 'Harbour' })
    expect((await browser.open(link)).text).toContain('You are invited to Harbour')
    await branding.set({ kind: 'server' }, {})
    const weak = await browser.submit(page, { Password: 'short' }, { button: 'Accept invitation' })
    expect(weak.status).toBe(422)
    const done = await browser.submit(weak, { Password: PASSWORD }, { button: 'Accept invitation' })
    expect(done.url.pathname).toBe('/account')
    expect(done.text).toContain('Welcome. Your address is verified')
    expect(await signIn(email)).toMatchObject({ kind: 'ok', account: { email, givenName: 'Grace' } })
    expect((await rest.get(`/users/${id}`)).json).toMatchObject({
      status: 'active',
      email,
      pending_email: null,
      invited_until: null,
    })
    const actions = (await latchkey.services.audit.list({ target: id }, { limit: 20 })).items.map(
      ({ action }) => action,
    )
    for (const action of ['account.invited', 'account.invitation_accepted', 'account.email_verified'])
      expect(actions).toContain(action)
  })

  test('a person who invites is named, by a name that stays one line of text', async () => {
    const { browser, id } = await signedIn(latchkey)
    await accounts().updateByAdmin(id, { givenName: '<b>Ada</b>', familyName: 'L'.repeat(100) })
    const form = await browser.open(`${latchkey.issuer}/admin/users/new`)
    const email = `by.console.${engine}@example.com`
    const made = await browser.submit(form, { Email: email }, { button: 'Add user' })
    expect(made.text).toContain('The user is created, and an invitation is on its way.')
    expect(made.text).toContain('Invited')
    expect(await accounts().find(email)).toMatchObject({ displayUsername: `by.console.${engine}` })
    const [mail] = await mails(email)
    const shown = `<b>Ada</b> ${'L'.repeat(69)}`
    expect(mail?.text).toContain(`${shown} invites you`)
    expect(mail?.html).toContain('&lt;b&gt;Ada&lt;/b&gt;')
    expect((await createHttpBrowser().open(await lastLink(email))).text).toContain(`${shown} invites you`)
  })

  test('of twenty who accept at once one does, and the link is used up', async () => {
    const { id, email, link } = await invited()
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        accounts().invitations.accept(token(link), `glass-otter-${i}-harbour`),
      ),
    )
    expect(outcomes.filter((outcome) => outcome !== undefined)).toMatchObject([{ accountId: id }])
    const passwords = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => (await signIn(email, `glass-otter-${i}-harbour`)).kind),
    )
    expect(passwords.filter((kind) => kind === 'ok').length).toBeLessThanOrEqual(1)
    const again = await createHttpBrowser().open(link)
    expect(again.status).toBe(410)
    expect(again.text).toContain('ask whoever invited you to send it again')
  })

  test('withdrawn, nobody gets in, and an account that was never used is gone', async () => {
    const { id, username, link } = await invited()
    expect((await rest.post(`/users/${id}/withdraw-invitation`)).status).toBe(204)
    expect((await createHttpBrowser().open(link)).status).toBe(410)
    expect(await accounts().invitations.accept(token(link), PASSWORD)).toBeUndefined()
    expect((await rest.get(`/users/${id}`)).status).toBe(404)
    expect((await rest.post('/users', { username, email: `other.${username}@example.com` })).status).toBe(201)
  })

  test('withdrawn and accepted at the same moment, one of the two is done', async () => {
    for (let round = 0; round < 20; round++) {
      const { id, link, email } = await invited()
      const [accepted, withdrawn] = await Promise.all([
        accounts().invitations.accept(token(link), PASSWORD),
        rest.post(`/users/${id}/withdraw-invitation`),
      ])
      expect(accepted !== undefined, withdrawn.text).toBe(withdrawn.status === 409)
      expect((await signIn(email)).kind).toBe(accepted ? 'ok' : 'refused')
    }
  })

  test('a disabled account accepts nothing; once it is enabled, its invitation counts until it expires', async () => {
    const { id, link } = await invited()
    const before = (await rest.get(`/users/${id}`)).json
    await rest.post(`/users/${id}/disable`)
    expect((await createHttpBrowser().open(link)).status).toBe(410)
    expect(await accounts().invitations.accept(token(link), PASSWORD)).toBeUndefined()
    expect(await rest.post(`/users/${id}/send-invitation`)).toMatchObject({
      status: 409,
      json: { code: 'account_disabled' },
    })
    await rest.post(`/users/${id}/enable`)
    expect((await rest.get(`/users/${id}`)).json).toMatchObject({
      status: 'invited',
      invited_until: before.invited_until,
    })
    expect((await accept(createHttpBrowser(), link)).url.pathname).toBe('/account')
  })

  test('the address of a disabled account is corrected without a mail, and the invitation to the old one has ended', async () => {
    const { id, link } = await invited()
    await rest.post(`/users/${id}/disable`)
    const email = `late${people}@example.com`
    expect((await rest.patch(`/users/${id}`, { email })).status).toBe(200)
    await rest.post(`/users/${id}/enable`)
    expect((await rest.get(`/users/${id}`)).json.status).toBe('unverified')
    expect((await createHttpBrowser().open(link)).status).toBe(410)
    await rest.post(`/users/${id}/send-invitation`)
    expect((await accept(createHttpBrowser(), await lastLink(email))).url.pathname).toBe('/account')
  })

  test('an address that has an account, or an invitation, is told apart from a free one', async () => {
    const taken = await latchkey.createUser()
    const waiting = await invited()
    for (const email of [taken.email, waiting.email.toUpperCase()]) {
      const again = await rest.post('/users', { username: `again${++people}`, email })
      expect(again, again.text).toMatchObject({ status: 409, json: { errors: { email: expect.anything() } } })
    }
    expect(await rest.post(`/users/${taken.id}/send-invitation`)).toMatchObject({
      status: 409,
      json: { code: 'address_proven' },
    })
    expect(await rest.post(`/users/${taken.id}/withdraw-invitation`)).toMatchObject({
      status: 409,
      json: { code: 'not_invited' },
    })
  })

  test('an address that was mistyped is corrected, and the invitation goes there instead', async () => {
    const { id, link } = await invited()
    const email = `right${people}@example.com`
    const changed = await rest.patch(`/users/${id}`, { email })
    expect(changed.json).toMatchObject({ status: 'invited', pending_email: email })
    expect((await createHttpBrowser().open(link)).status).toBe(410)
    expect((await accept(createHttpBrowser(), await lastLink(email))).url.pathname).toBe('/account')
  })

  test('a reset link is refused to whoever is invited, with the way out', async () => {
    const { id } = await invited()
    const refused = await rest.post(`/users/${id}/send-reset`)
    expect(refused).toMatchObject({ status: 409, json: { code: 'invited' } })
    expect(refused.text).toContain('Send the invitation again')
  })

  test('five invitations an hour to one address, and the way out is told', async () => {
    const { id } = await invited()
    for (let i = 0; i < 4; i++) expect((await rest.post(`/users/${id}/send-invitation`)).status).toBe(200)
    const enough = await rest.post(`/users/${id}/send-invitation`)
    expect(enough).toMatchObject({ status: 429, json: { code: 'too_many_mails' } })
    expect(Number(enough.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('a stranger who claimed the address by registering loses password and sign-ins to whom is invited', async () => {
    const email = `claimed.${engine}@example.com`
    const squatter = await accounts().createByAdmin({
      username: `squat.${engine}`,
      email,
      password: PASSWORD,
    })
    await rest.post(`/users/${squatter.id}/send-invitation`)
    await accept(createHttpBrowser(), await lastLink(email), 'velvet piano under 9 moons')
    expect((await signIn(email, PASSWORD)).kind).toBe('refused')
    expect((await signIn(email, 'velvet piano under 9 moons')).kind).toBe('ok')
  })

  describe('by a sign-in elsewhere', () => {
    async function byGitHub(browser: HttpBrowser, link: URL, name: string) {
      const page = await browser.submit(await browser.open(link), {}, { button: 'Continue with GitHub' })
      return browser.submit(page, {}, { button: `Continue as ${name}` })
    }
    const onGitHub = (name: string) => federation.github.users.set(name, githubUser(9000 + ++people, name))

    test('the account is linked and the address proven, whatever address the provider has', async () => {
      const { id, email, link } = await invited()
      const name = `octo${people}`
      onGitHub(name)
      const browser = federation.browser()
      const done = await byGitHub(browser, link, name)
      expect(done.url.pathname, done.text).toBe('/account')
      expect(done.text).toContain('Welcome.')
      expect(await accounts().byId(id)).toMatchObject({
        ...{ email, pendingEmail: null, invitedUntil: null, lastSignInAt: expect.any(Number) },
      })
      expect(await accounts().linked.signInMethods(id)).toMatchObject({
        password: false,
        identities: [{ provider: 'github', label: name }],
      })
      expect((await createHttpBrowser().open(link)).status).toBe(410)
    })

    test('an identity that signs in to another account is refused there, and the invitation goes on working', async () => {
      const first = await invited()
      const second = await invited()
      const name = `octo${people}`
      onGitHub(name)
      await byGitHub(federation.browser(), first.link, name)
      const browser = federation.browser()
      const refused = await byGitHub(browser, second.link, name)
      expect(refused.url.pathname).toBe('/invitation')
      expect(refused.text).toContain('signs in to another account here')
      const done = await browser.submit(refused, { Password: PASSWORD }, { button: 'Accept invitation' })
      expect(done.url.pathname).toBe('/account')
    })

    /** From the sign-in page, by whoever has not looked at their mail. */
    async function withoutTheLink(browser: HttpBrowser, email: string) {
      const name = `octo${++people}`
      const verified = [{ email, primary: true, verified: true, visibility: null }]
      federation.github.users.set(name, githubUser(9000 + people, name, { emails: verified }))
      const login = await browser.open(`${latchkey.issuer}/login`)
      const page = await browser.submit(login, {}, { button: 'Continue with GitHub' })
      return browser.submit(page, {}, { button: `Continue as ${name}` })
    }

    test('from the sign-in page, a provider that vouches for the invited address leads into the account', async () => {
      const { id, email, link } = await invited({ first_name: 'Grace' })
      const browser = federation.browser()
      expect((await withoutTheLink(browser, email)).url.pathname).toBe('/account')
      expect((await rest.get(`/users/${id}`)).json).toMatchObject({
        ...{ status: 'active', email, first_name: 'Grace', invited_until: null },
        last_sign_in_at: expect.any(String),
      })
      expect((await createHttpBrowser().open(link)).status).toBe(410)
    })

    test('from the sign-in page, whoever is invited to administer is told to open the link, which goes on working', async () => {
      const email = `boss.${engine}@example.com`
      const made = await accounts().createByAdmin({ username: `boss.${engine}`, email, role: 'admin' })
      const browser = federation.browser()
      const told = await withoutTheLink(browser, email)
      expect(told.url.pathname).toBe('/login')
      expect(told.text).toContain('You were invited: open the link in the message')
      expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login')
      expect(await accounts().byId(made.id)).toMatchObject({
        ...{ email: null, role: 'admin', invitedUntil: made.invitedUntil },
      })
      expect((await accept(browser, await lastLink(email))).url.pathname).toBe('/account')
    })

    test('withdrawn while the person is at the provider: nobody gets in', async () => {
      const { id, link } = await invited()
      const name = `octo${people}`
      onGitHub(name)
      const browser = federation.browser()
      const page = await browser.submit(await browser.open(link), {}, { button: 'Continue with GitHub' })
      await rest.post(`/users/${id}/withdraw-invitation`)
      const late = await browser.submit(page, {}, { button: `Continue as ${name}` })
      expect(late.status).toBe(410)
      expect((await browser.open(`${latchkey.issuer}/account`)).url.pathname).toBe('/login')
    })

    test('the sign-in of a dead invitation ends on the page that says so', async () => {
      const { id, link } = await invited()
      const browser = federation.browser()
      const page = await browser.open(link)
      await rest.post(`/users/${id}/withdraw-invitation`)
      expect((await browser.submit(page, {}, { button: 'Continue with GitHub' })).status).toBe(410)
    })
  })

  test('the console invites again and withdraws, each with a word', async () => {
    const { browser } = await signedIn(latchkey)
    const { id, email } = await invited()
    const at = `${latchkey.issuer}/admin/users/${id}`
    const again = await browser.submit(await browser.open(at), {}, { button: 'Send invitation again' })
    expect(again.text).toContain('Links that were sent before work no more.')
    expect(await mails(email)).toHaveLength(2)
    expect((await browser.open(`${latchkey.issuer}/admin/users?search=${email}`)).text).toContain('Invited')
    const disabled = await browser.submit(again, {}, { button: 'Disable' })
    expect(disabled.text).toContain('the link of the invitation works again')
    const gone = await browser.submit(disabled, {}, { button: 'Withdraw invitation' })
    expect(gone.url.pathname).toBe('/admin/users')
    expect(gone.text).toContain('The invitation is withdrawn.')
  })

  test('the command line is “The administrator”, whoever runs it', async () => {
    const email = `by.cli.${engine}@example.com`
    const act = { actor: { kind: 'command_line' as const, name: '<root>' }, settling: [] }
    await runInAuditContext(act, () => accounts().createByAdmin({ username: '', email }))
    const text = (await mails(email)).at(-1)?.text
    expect(text).toContain('The administrator invites you')
    expect(text).not.toContain('root')
  })

  // Last, because they move the clock, and browsers keep their own.
  test('sent again, the link before works no more; after seven days none does', async () => {
    const { id, email, link } = await invited()
    await Promise.all([rest.post(`/users/${id}/send-invitation`), rest.post(`/users/${id}/send-invitation`)])
    const links = (await mails(email)).map(linkIn)
    expect(links).toHaveLength(3)
    const works = await Promise.all(links.map((each) => accounts().invitations.peek(token(each))))
    expect(works.filter((each) => each !== undefined)).toHaveLength(1)
    expect(await accounts().invitations.peek(token(link))).toBeUndefined()
    passed += 7 * DAY + 1000
    const newest = links.find((_, i) => works[i] !== undefined) as URL
    expect((await createHttpBrowser().open(newest)).status).toBe(410)
    expect(await accounts().invitations.accept(token(newest), PASSWORD)).toBeUndefined()
    rest = (await machine(latchkey)).rest
    expect((await rest.get(`/users/${id}`)).json).toMatchObject({ status: 'unverified' })
    // The account waits as long again, so that it can be sent once more.
    await accounts().purgeUnverified()
    expect((await rest.post(`/users/${id}/send-invitation`)).status).toBe(200)
    expect(await accounts().invitations.accept(token(await lastLink(email)), PASSWORD)).toMatchObject({
      accountId: id,
    })
  })

  test('an invitation that nobody accepted, and its account, go in the end', async () => {
    const { id } = await invited()
    passed += 14 * DAY + 1000
    await accounts().purgeUnverified()
    expect(await accounts().byId(id)).toBeUndefined()
    rest = (await machine(latchkey)).rest
  })
})
