import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import type { UpstreamAccount } from '../support/upstream/openid.ts'
import { createWays, primaryAddress, type Ways } from './ways.ts'
import { openWorld, type World } from './world.ts'

/** Who gets in at all: REGISTRATION, EMAIL_DOMAINS, a provider's own domains, Google's hosted domain. On every way in. */
let world: World
let ways: Ways

async function open(options: Parameters<typeof openWorld>[0]) {
  world = await openWorld(options)
  ways = createWays(world)
}

const accounts = () => world.latchkey.services.accounts
const count = () => world.latchkey.services.db.prisma.account.count()

/** From the JSON API to the provider and back: the answer to a program. */
async function byApi(provider: string, button?: string): Promise<[number, Record<string, unknown>]> {
  const browser = world.browser()
  const start = await browser.send({ url: new URL(ways.at(`/api/auth/oauth/${provider}`)), method: 'GET' })
  const page = await browser.open(start.headers.get('location') ?? '')
  const back = await browser.submit(page, {}, { button: button ?? page.forms[0]?.buttons[0]?.label ?? '' })
  return [back.status, back.body.startsWith('{') ? JSON.parse(back.body) : {}]
}

async function signedIn(browser: HttpBrowser, identifier: string) {
  await browser.signIn(await browser.open(ways.at('/login')), { identifier, password: PASSWORD })
  return browser
}

/** Links an account at a provider on the account page of whoever is signed in. */
async function link(browser: HttpBrowser, provider: string, button?: string): Promise<BrowserPage> {
  const account = await browser.open(ways.at('/account'))
  const page = await browser.submit(
    account,
    {},
    { form: ({ action }) => action === `/account/links/${provider}` },
  )
  return browser.submit(page, {}, { button: button ?? page.forms[0]?.buttons[0]?.label ?? '' })
}

describe('REGISTRATION=closed', () => {
  beforeAll(() => open({ env: { REGISTRATION: 'closed' } }))
  afterAll(() => world?.stop())

  test('nobody new gets an account: on the pages a sentence, at the API a code', async () => {
    ways.onGitHub('outsider')
    ways.onGitHub('faceless', { emails: [] })
    const before = await count()
    for (const login of ['outsider', 'faceless']) {
      const browser = world.browser()
      const page = await ways.byGitHub(browser, login)
      expect([page.url.pathname, page.status]).toEqual(['/login', 200])
      expect(page.text).toContain('new accounts are made by the administrators of this server')
      expect(await ways.signedInAs(browser)).toBeUndefined()
      expect(await byApi('github', `Continue as ${login}`)).toMatchObject([
        403,
        { code: 'registration_closed' },
      ])
    }
    expect(await count()).toBe(before)
  })

  test('a ticket for proving an account makes none either', async () => {
    const user = await world.latchkey.createUser()
    const account = { sub: 'g-closed', email: user.email, email_verified: true }
    const browser = world.browser()
    const page = await ways.byOpenId(browser, 'Google', account)
    const request = browser.prepare(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    request.url.pathname = request.url.pathname.replace('/link/', '/finish/')
    request.body?.set('username', 'smuggled')
    const before = await count()
    expect((await browser.visit(request)).status).toBe(403)
    expect(await count()).toBe(before)
    // It goes on proving the account.
    await browser.submit(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    expect(await ways.signedInAs(browser)).toBe(user.username)
  })

  test('who has an account links a provider, and signs in by it', async () => {
    const user = await world.latchkey.createUser()
    ways.onGitHub('insider')
    await link(await signedIn(world.browser(), user.username), 'github', 'Continue as insider')
    const browser = world.browser()
    await ways.byGitHub(browser, 'insider')
    expect(await ways.signedInAs(browser)).toBe(user.username)
    expect(await byApi('github', 'Continue as insider')).toMatchObject([200, { token_type: 'Bearer' }])
  })
})

describe('EMAIL_DOMAINS', () => {
  beforeAll(() => open({ env: { EMAIL_DOMAINS: 'corp.example' } }))
  afterAll(() => world?.stop())

  test('a verified address elsewhere makes no account: a sentence on the page, a code at the API', async () => {
    ways.onGitHub('freelancer')
    const before = await count()
    const page = await ways.byGitHub(world.browser(), 'freelancer')
    expect([page.url.pathname, page.status]).toEqual(['/login', 200])
    expect(page.text).toContain('This account at GitHub may not sign in here.')
    expect(await byApi('github', 'Continue as freelancer')).toMatchObject([
      403,
      { code: 'upstream_not_allowed' },
    ])
    // Nor one that only looks like it.
    for (const address of ['a@evil-corp.example', 'a@sub.corp.example', 'a@corp.example.evil.example']) {
      ways.onGitHub('lookalike', primaryAddress(address))
      expect((await ways.byGitHub(world.browser(), 'lookalike')).text).toContain('may not sign in here')
    }
    expect(await count()).toBe(before)
  })

  test('an address of the domain makes one, however it is written', async () => {
    ways.onGitHub('employee', primaryAddress('Employee@CORP.example'))
    const browser = world.browser()
    await ways.byGitHub(browser, 'employee')
    expect(await ways.signedInAs(browser)).toBe('employee')
  })

  test('an address that is typed on the way, or changed while it waits, is of the domain too', async () => {
    ways.onGitHub('typist', { emails: [] })
    const browser = world.browser()
    const asks = await ways.byGitHub(browser, 'typist')
    const button = { button: 'Create account' }
    const refused = await browser.submit(asks, { Username: 'typist', Email: 'typist@gmail.example' }, button)
    expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('corp.example')])
    expect(await accounts().find('typist')).toBeUndefined()
    const verify = await browser.submit(refused, { Username: 'typist', Email: 'typist@corp.example' }, button)
    expect(verify.url.pathname).toBe('/verify-email')
    const changed = await browser.submit(
      verify,
      { Email: 'typist@gmail.example' },
      { button: 'Change address' },
    )
    expect([changed.status, changed.text]).toEqual([422, expect.stringContaining('corp.example')])
    expect(await accounts().find('typist')).toMatchObject({
      email: null,
      pendingEmail: 'typist@corp.example',
    })
  })
})

describe('a provider for some domains only', () => {
  beforeAll(() =>
    open({ okta: { email_domains: ['corp.example'] }, env: { GOOGLE_HOSTED_DOMAIN: 'corp.example' } }),
  )
  afterAll(() => world?.stop())

  const okta = (sub: string, email: string, verified = true): UpstreamAccount => ({
    sub,
    preferred_username: sub,
    email,
    email_verified: verified,
    name: 'O',
  })
  const google = (sub: string, hd?: string): UpstreamAccount => ({
    sub,
    email: `${sub}@corp.example`,
    email_verified: true,
    name: 'G',
    ...(hd !== undefined && { hd }),
  })

  const refusedAccounts: [string, 'Okta' | 'Google', UpstreamAccount][] = [
    ['another domain', 'Okta', okta('o-else', 'a@else.example')],
    ['a domain below', 'Okta', okta('o-below', 'a@below.corp.example')],
    ['a domain that ends like it', 'Okta', okta('o-like', 'a@not-corp.example')],
    ['an address that is not verified', 'Okta', okta('o-unverified', 'a@corp.example', false)],
    ['no address', 'Okta', { sub: 'o-none', name: 'O' }],
    ['another hosted domain', 'Google', google('g-else', 'else.example')],
    ['no hosted domain, whatever the address', 'Google', google('g-none')],
  ]
  test.each(refusedAccounts)(
    '%s is refused on the page, at the API and for linking',
    async (_what, name, who) => {
      const before = await count()
      const browser = world.browser()
      const page = await ways.byOpenId(browser, name, who)
      expect([page.url.pathname, page.status]).toEqual(['/login', 200])
      expect(page.text).toContain(`This account at ${name} may not sign in here.`)
      expect(await ways.signedInAs(browser)).toBeUndefined()
      const id = name.toLowerCase()
      expect(await byApi(id)).toMatchObject([403, { code: 'upstream_not_allowed' }])
      expect(await count()).toBe(before)
      const user = await world.latchkey.createUser()
      const account = await link(await signedIn(world.browser(), user.username), id)
      expect(account.text).toContain('may not sign in here')
      expect((await accounts().linked.signInMethods(user.id)).identities).toEqual([])
    },
  )

  test('a linked account gets in for as long as the provider lets it: an address that changes there counts', async () => {
    const browser = world.browser()
    await ways.byOpenId(browser, 'Okta', okta('leaver', 'leaver@corp.example'))
    expect(await ways.signedInAs(browser)).toBe('leaver')
    for (const gone of [
      okta('leaver', 'leaver@else.example'),
      okta('leaver', 'leaver@corp.example', false),
    ]) {
      const later = world.browser()
      expect((await ways.byOpenId(later, 'Okta', gone)).text).toContain('may not sign in here')
      expect(await ways.signedInAs(later)).toBeUndefined()
      expect(await byApi('okta')).toMatchObject([403, { code: 'upstream_not_allowed' }])
    }
  })

  test('so with Google’s hosted domain, which the signed claim decides and not the parameter', async () => {
    const browser = world.browser()
    const asks = await ways.byOpenId(browser, 'Google', google('mover', 'corp.example'))
    await browser.submit(asks, { Username: 'g-mover' }, { button: 'Create account' })
    expect(await ways.signedInAs(browser)).toBe('g-mover')
    for (const gone of [google('mover', 'else.example'), google('mover')]) {
      const later = world.browser()
      expect((await ways.byOpenId(later, 'Google', gone)).text).toContain('may not sign in here')
      expect(await ways.signedInAs(later)).toBeUndefined()
    }
  })

  test('nor does it prove an account that another identity is waiting for', async () => {
    await ways.byOpenId(world.browser(), 'Okta', okta('prover', 'prover@corp.example'))
    ways.onGitHub('waiting', primaryAddress('prover@corp.example'))
    const browser = world.browser()
    const asks = await ways.byGitHub(browser, 'waiting')
    world.okta.accounts = [okta('prover', 'prover@else.example')]
    const there = await browser.submit(asks, {}, { button: 'Continue with Okta' })
    const back = await browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
    expect(back.text).toContain('may not sign in here')
    expect(await ways.signedInAs(browser)).toBeUndefined()
  })
})
