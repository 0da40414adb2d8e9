import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'

describe.each(engines)('the link of an invitation to an organization, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey.stop())

  let made = 0
  /** A person, who is invited to a new organization. */
  async function invited() {
    const user = await latchkey.createUser()
    const { organizations, mailer } = latchkey.services
    const { id, name } = await organizations.create({ name: `Company ${++made} & Sons` })
    const invitation = await organizations.invitations.create(id, { email: user.email, roles: ['admin'] })
    await mailer.idle()
    const mails = await readOutbox(join(latchkey.dataDir, 'outbox'))
    const mail = mails.findLast(({ to }) => to === user.email)
    const link = /https?:\S+\/invitation\/organization\?token=\S+/.exec(mail?.text ?? '')?.[0] ?? ''
    return { user, id, name, link, invitation: invitation.id }
  }
  const credentials = ({ email }: { email: string }) => ({ identifier: email, password: PASSWORD })
  const rolesOf = async (accountId: string, id: string) =>
    (await latchkey.services.organizations.members.membership(accountId, id))?.roles

  test('leads through the sign-in, and its button makes a member, once', async () => {
    const { user, id, name, link } = await invited()
    const browser = createHttpBrowser()
    const page = await browser.open(link)
    expect(page.text).toContain(`You are invited to ${name}`)
    expect(page.text).toContain(user.email)
    const signIn = await browser.follow(page, 'Sign in')
    const offer = await browser.signIn(signIn, credentials(user))
    expect(offer.url.pathname).toBe('/invitation/organization')
    expect(await rolesOf(user.id, id), 'opening the link joins nobody').toBeUndefined()
    const joined = await browser.submit(offer, {}, { button: 'Join' })
    expect(joined.url.pathname).toBe('/account/organizations')
    expect(joined.text).toContain('You are a member now.')
    expect(joined.text).toContain(name)
    expect(await rolesOf(user.id, id)).toEqual(['admin'])
    expect(await browser.open(link)).toMatchObject({ status: 410 })
    const again = await browser.visit(browser.prepare(offer, {}, { button: 'Join' }))
    expect(again.url.pathname, 'Back, and once more: done once').toBe('/account/organizations')
    expect((await latchkey.services.organizations.members.list(id)).items).toHaveLength(1)
  })

  test('is no invitation of another person, who is told what to do', async () => {
    const { id, link } = await invited()
    const other = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.signIn(await browser.open(`${latchkey.issuer}/login`), credentials(other))
    const page = await browser.open(link)
    expect(page.text).toContain('has not verified the address')
    expect(page.forms.some(({ buttons }) => buttons.some(({ label }) => label === 'Join'))).toBe(false)
    expect(await rolesOf(other.id, id)).toBeUndefined()
    await browser.submit(page, {}, { button: 'Sign out' })
    expect((await browser.open(link)).text).toContain('Sign in with the account that has this address.')
    const mine = await invited()
    const offered = createHttpBrowser()
    const start = await offered.follow(await offered.open(mine.link), 'Sign in')
    const offer = await offered.signIn(start, credentials(mine.user))
    const forged = offered.prepare(offer, {}, { button: 'Join' })
    forged.body?.set('token', new URL(link).searchParams.get('token') ?? '')
    expect((await offered.visit(forged)).text).toContain('has not verified the address')
    expect(await rolesOf(mine.user.id, id)).toBeUndefined()
  })

  test('leads nowhere once it is revoked or sent again, and for what is no token', async () => {
    const { id, link, invitation } = await invited()
    const browser = createHttpBrowser()
    await latchkey.services.organizations.invitations.sendAgain(id, invitation)
    expect(await browser.open(link)).toMatchObject({ status: 410 })
    for (const token of ['', 'x', `${'a'.repeat(43)}`, 'a%00b', 'x'.repeat(3000)])
      expect(await browser.open(`${latchkey.issuer}/invitation/organization?token=${token}`)).toMatchObject({
        status: 410,
      })
    const repeated = await browser.open(`${latchkey.issuer}/invitation/organization?token=a&token=b`)
    expect(repeated.status).toBe(410)
  })

  /** A new address, invited to a new organization. */
  async function stranger() {
    const { organizations, mailer } = latchkey.services
    const email = `new${++made}-${engine}@acme.example`
    const { id } = await organizations.create({ name: `Company ${made}` })
    const { id: invitation } = await organizations.invitations.create(id, { email, roles: ['member'] })
    await mailer.idle()
    const mails = await readOutbox(join(latchkey.dataDir, 'outbox'))
    const mail = mails.findLast(({ to }) => to === email)
    const link = /https?:\S+\/invitation\/organization\?token=\S+/.exec(mail?.text ?? '')?.[0] ?? ''
    return { id, email, link, invitation, username: `new${made}-${engine}` }
  }
  const JOIN = { button: 'Create account and join' }

  test('makes an account of its address, though registration is closed, and a member of it, once', async () => {
    const { accounts, organizations, settings } = latchkey.services
    await settings.change({ registration: 'closed', email_domains: ['elsewhere.example'] })
    const { id, email, link, username } = await stranger()
    const browser = createHttpBrowser()
    const page = await browser.open(link)
    expect(page.text).toContain('No account yet?')
    const refused = await browser.submit(page, { Username: 'x', Password: 'short' }, JOIN)
    expect([refused.status, await accounts.find(email)]).toEqual([422, undefined])
    const form = browser.prepare(refused, { Username: username, Password: PASSWORD }, JOIN)
    // The address is that of the invitation, whatever is sent.
    form.body?.set('email', 'evil@acme.example')
    const joined = await browser.visit(form)
    expect(joined.url.pathname).toBe('/account/organizations')
    expect(joined.text).toContain('You are a member now.')
    const account = await accounts.find(email)
    expect(account).toMatchObject({ email, pendingEmail: null, role: 'user', displayUsername: username })
    const { audit } = latchkey.services
    await audit.idle()
    const { items } = await audit.list({ target: account?.id ?? '' }, { limit: 20 })
    const told = items.filter(({ action }) => action === 'account.email_verified')
    expect(told, 'programs hear that the address is proven').toHaveLength(1)
    expect(await rolesOf(account?.id ?? '', id)).toEqual(['member'])
    expect(await createHttpBrowser().open(link)).toMatchObject({ status: 410 })
    expect((await createHttpBrowser().open(`${latchkey.issuer}/register`)).status).toBe(403)
    await expect(accounts.find('evil@acme.example')).resolves.toBeUndefined()
    expect((await organizations.members.list(id)).items).toHaveLength(1)
    await settings.change({ registration: null, email_domains: null })
  })

  test('of several browsers at once one makes an account, and a revoked link makes none', async () => {
    const { accounts, organizations } = latchkey.services
    const { id, email, link, username } = await stranger()
    const browsers = await Promise.all(
      [1, 2, 3].map(async (n) => {
        const browser = createHttpBrowser()
        const fields = { Username: `${username}-${n}`, Password: PASSWORD }
        return { browser, form: browser.prepare(await browser.open(link), fields, JOIN) }
      }),
    )
    const answers = await Promise.all(browsers.map(({ browser, form }) => browser.visit(form)))
    const ok = answers.filter(({ url }) => url.pathname === '/account/organizations')
    expect([ok.length, answers.filter(({ status }) => status === 409 || status === 410).length]).toEqual([
      1, 2,
    ])
    expect((await organizations.members.list(id)).items).toHaveLength(1)
    const { items } = await accounts.search({ search: username })
    expect(items.map((each) => each.email)).toEqual([email])

    const late = await stranger()
    const browser = createHttpBrowser()
    const page = await browser.open(late.link)
    await organizations.invitations.revoke(late.id, late.invitation)
    const gone = await browser.submit(page, { Username: late.username, Password: PASSWORD }, JOIN)
    expect([gone.status, await accounts.find(late.email)]).toEqual([410, undefined])
    // Who has an account by now is told to sign in with it.
    const known = await invited()
    const other = createHttpBrowser()
    const taken = await other.submit(
      await other.open(known.link),
      { Username: late.username, Password: PASSWORD },
      JOIN,
    )
    expect([taken.status, await rolesOf(known.user.id, known.id)]).toEqual([409, undefined])
  })

  test('who is in none has no such page in the navigation, but an answer', async () => {
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    await browser.signIn(await browser.open(`${latchkey.issuer}/login`), credentials(user))
    expect((await browser.open(`${latchkey.issuer}/account`)).body).not.toContain('/account/organizations')
    expect((await browser.open(`${latchkey.issuer}/account/organizations`)).text).toContain(
      'You are a member of no organization',
    )
  })
})
