import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import type { UpstreamAccount } from '../support/upstream/openid.ts'
import { type FederationFixture, openFederation } from './federation-fixture.ts'
import { createSignInSteps, primaryAddress, type SignInSteps } from './sign-in-steps.ts'

/** Who gets in at all: REGISTRATION, EMAIL_DOMAINS, a provider's own domains, Google's hosted domain. On every way in. */
let federation: FederationFixture
let steps: SignInSteps

async function open(options: Parameters<typeof openFederation>[0]) {
  federation = await openFederation(options)
  steps = createSignInSteps(federation)
}

const accounts = () => federation.latchkey.services.accounts
const count = () => federation.latchkey.services.db.prisma.account.count()

/** From the JSON API to the provider and back: the answer to a program. */
async function byApi(provider: string, button?: string): Promise<[number, Record<string, unknown>]> {
  const browser = federation.browser()
  const start = await browser.send({ url: new URL(steps.at(`/api/auth/oauth/${provider}`)), method: 'GET' })
  const page = await browser.open(start.headers.get('location') ?? '')
  const back = await browser.submit(page, {}, { button: button ?? page.forms[0]?.buttons[0]?.label ?? '' })
  return [back.status, back.body.startsWith('{') ? JSON.parse(back.body) : {}]
}

async function signedIn(browser: HttpBrowser, identifier: string) {
  await browser.signIn(await browser.open(steps.at('/login')), { identifier, password: PASSWORD })
  return browser
}

/** Links an account at a provider on the account page of whoever is signed in. */
async function link(browser: HttpBrowser, provider: string, button?: string): Promise<BrowserPage> {
  const account = await browser.open(steps.at('/account/security'))
  const page = await browser.submit(
    account,
    {},
    { form: ({ action }) => action === `/account/links/${provider}` },
  )
  return browser.submit(page, {}, { button: button ?? page.forms[0]?.buttons[0]?.label ?? '' })
}

describe('REGISTRATION=closed', () => {
  beforeAll(() => open({ env: { REGISTRATION: 'closed' } }))
  afterAll(() => federation?.stop())

  test('nobody new gets an account: on the pages a sentence, at the API a code', async () => {
    steps.onGitHub('outsider')
    steps.onGitHub('faceless', { emails: [] })
    const before = await count()
    for (const login of ['outsider', 'faceless']) {
      const browser = federation.browser()
      const page = await steps.byGitHub(browser, login)
      expect([page.url.pathname, page.status]).toEqual(['/login', 200])
      expect(page.text).toContain('new accounts are created by the administrators of this server')
      expect(await steps.signedInAs(browser)).toBeUndefined()
      expect(await byApi('github', `Continue as ${login}`)).toMatchObject([
        403,
        { code: 'registration_closed' },
      ])
    }
    expect(await count()).toBe(before)
  })

  test('a ticket for proving an account makes none either', async () => {
    const user = await federation.latchkey.createUser()
    const account = { sub: 'g-closed', email: user.email, email_verified: true }
    const browser = federation.browser()
    const page = await steps.byOpenId(browser, 'Google', account)
    const request = browser.prepare(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    request.url.pathname = request.url.pathname.replace('/link/', '/finish/')
    request.body?.set('username', 'smuggled')
    const before = await count()
    expect((await browser.visit(request)).status).toBe(403)
    expect(await count()).toBe(before)
    // It goes on proving the account.
    await browser.submit(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    expect(await steps.signedInAs(browser)).toBe(user.username)
  })

  test('who has an account links a provider, and signs in by it', async () => {
    const user = await federation.latchkey.createUser()
    steps.onGitHub('insider')
    await link(await signedIn(federation.browser(), user.username), 'github', 'Continue as insider')
    const browser = federation.browser()
    await steps.byGitHub(browser, 'insider')
    expect(await steps.signedInAs(browser)).toBe(user.username)
    expect(await byApi('github', 'Continue as insider')).toMatchObject([200, { token_type: 'Bearer' }])
  })
})

describe('EMAIL_DOMAINS', () => {
  beforeAll(() => open({ env: { EMAIL_DOMAINS: 'corp.example' } }))
  afterAll(() => federation?.stop())

  test('a verified address elsewhere makes no account: a sentence on the page, a code at the API', async () => {
    steps.onGitHub('freelancer')
    const before = await count()
    const page = await steps.byGitHub(federation.browser(), 'freelancer')
    expect([page.url.pathname, page.status]).toEqual(['/login', 200])
    expect(page.text).toContain('This account at GitHub may not sign in here.')
    expect(await byApi('github', 'Continue as freelancer')).toMatchObject([
      403,
      { code: 'upstream_not_allowed' },
    ])
    // Nor one that only looks like it.
    for (const address of ['a@evil-corp.example', 'a@sub.corp.example', 'a@corp.example.evil.example']) {
      steps.onGitHub('lookalike', primaryAddress(address))
      expect((await steps.byGitHub(federation.browser(), 'lookalike')).text).toContain('may not sign in here')
    }
    expect(await count()).toBe(before)
  })

  test('an address of the domain makes one, however it is written', async () => {
    steps.onGitHub('employee', primaryAddress('Employee@CORP.example'))
    const browser = federation.browser()
    await steps.byGitHub(browser, 'employee')
    expect(await steps.signedInAs(browser)).toBe('employee')
  })

  test('an address that is typed on the way, or changed while it waits, is of the domain too', async () => {
    steps.onGitHub('typist', { emails: [] })
    const browser = federation.browser()
    const asks = await steps.byGitHub(browser, 'typist')
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
  afterAll(() => federation?.stop())

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
      const browser = federation.browser()
      const page = await steps.byOpenId(browser, name, who)
      expect([page.url.pathname, page.status]).toEqual(['/login', 200])
      expect(page.text).toContain(`This account at ${name} may not sign in here.`)
      expect(await steps.signedInAs(browser)).toBeUndefined()
      const id = name.toLowerCase()
      expect(await byApi(id)).toMatchObject([403, { code: 'upstream_not_allowed' }])
      expect(await count()).toBe(before)
      const user = await federation.latchkey.createUser()
      const account = await link(await signedIn(federation.browser(), user.username), id)
      expect(account.text).toContain('may not sign in here')
      expect((await accounts().linked.signInMethods(user.id)).identities).toEqual([])
    },
  )

  test('a linked account gets in for as long as the provider lets it: an address that changes there counts', async () => {
    const browser = federation.browser()
    await steps.byOpenId(browser, 'Okta', okta('leaver', 'leaver@corp.example'))
    expect(await steps.signedInAs(browser)).toBe('leaver')
    for (const gone of [
      okta('leaver', 'leaver@else.example'),
      okta('leaver', 'leaver@corp.example', false),
    ]) {
      const later = federation.browser()
      expect((await steps.byOpenId(later, 'Okta', gone)).text).toContain('may not sign in here')
      expect(await steps.signedInAs(later)).toBeUndefined()
      expect(await byApi('okta')).toMatchObject([403, { code: 'upstream_not_allowed' }])
    }
  })

  test('so with Google’s hosted domain, which the signed claim decides and not the parameter', async () => {
    const browser = federation.browser()
    const asks = await steps.byOpenId(browser, 'Google', google('mover', 'corp.example'))
    await browser.submit(asks, { Username: 'g-mover' }, { button: 'Create account' })
    expect(await steps.signedInAs(browser)).toBe('g-mover')
    for (const gone of [google('mover', 'else.example'), google('mover')]) {
      const later = federation.browser()
      expect((await steps.byOpenId(later, 'Google', gone)).text).toContain('may not sign in here')
      expect(await steps.signedInAs(later)).toBeUndefined()
    }
  })

  test('nor does it prove an account that another identity is waiting for', async () => {
    await steps.byOpenId(federation.browser(), 'Okta', okta('prover', 'prover@corp.example'))
    steps.onGitHub('waiting', primaryAddress('prover@corp.example'))
    const browser = federation.browser()
    const asks = await steps.byGitHub(browser, 'waiting')
    federation.okta.accounts = [okta('prover', 'prover@else.example')]
    const there = await browser.submit(asks, {}, { button: 'Continue with Okta' })
    const back = await browser.submit(there, {}, { button: there.forms[0]?.buttons[0]?.label ?? '' })
    expect(back.text).toContain('may not sign in here')
    expect(await steps.signedInAs(browser)).toBeUndefined()
  })
})
