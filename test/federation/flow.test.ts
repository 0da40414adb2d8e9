import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'
import { githubUser } from '../support/upstream/github.ts'
import { CALLBACK, type FederationFixture, openFederation } from './federation-fixture.ts'

describe.each(engines)('signing in elsewhere on %s', (engine) => {
  let federation: FederationFixture
  let browser: HttpBrowser
  /** Milliseconds by which the server's clock is ahead. */
  let shift = 0
  beforeAll(async () => {
    federation = await openFederation({ engine, clock: () => Date.now() + shift })
  })
  afterEach(() => {
    shift = 0
  })
  afterAll(() => federation?.stop())

  /** From an app to the provider's page. */
  async function toProvider(
    name: string,
    app: Awaited<ReturnType<FederationFixture['app']>>,
    scope = 'openid profile email',
  ) {
    browser = federation.browser()
    const request = await app.party.authorize({ scope })
    const signIn = await browser.open(request.url)
    return { request, page: await browser.submit(signIn, {}, { button: `Continue with ${name}` }) }
  }

  let users = 100
  const newcomer = (login: string, rest = {}) => {
    const user = githubUser(++users, login, { name: 'Mona Lisa Octocat', ...rest })
    federation.github.users.set(login, user)
    return user
  }

  test('from an app to GitHub and back: a new account, and tokens that say how and where', async () => {
    const app = await federation.app()
    newcomer('mona')
    const { request, page } = await toProvider('GitHub', app, 'openid profile email identity_provider')
    const back = await browser.submit(page, {}, { button: 'Continue as mona' })
    expect(back.left).toBe(true)
    const tokens = await app.party.callback(back.url, request)
    const claims = tokens.claims()
    expect(claims).toMatchObject({ amr: ['fed'] })
    // Known from now on, as after a password: strangers cannot lock this browser out.
    expect(browser.cookies.value('latchkey_device')).toMatch(/^[\w-]{100,}$/)
    const userinfo = await app.party.userinfo(tokens.access_token, claims?.sub ?? '')
    expect(userinfo).toMatchObject({
      preferred_username: 'mona',
      given_name: 'Mona Lisa',
      family_name: 'Octocat',
      email: 'mona@example.com',
      email_verified: true,
      'urn:latchkey:identity_provider': 'github',
    })
    const refreshed = await app.party.refresh(tokens.refresh_token ?? '')
    expect(refreshed.claims()).toMatchObject({ amr: ['fed'] })
  })

  test('the second time the same account, whatever the names are by then', async () => {
    const app = await federation.app()
    const user = newcomer('before')
    const first = await toProvider('GitHub', app)
    const one = await browser.submit(first.page, {}, { button: 'Continue as before' })
    const { sub } = (await app.party.callback(one.url, first.request)).claims() ?? {}
    federation.github.users.delete('before')
    federation.github.users.set('after', { ...user, login: 'after', emails: [] })
    const second = await toProvider('GitHub', app)
    const two = await browser.submit(second.page, {}, { button: 'Continue as after' })
    const again = (await app.party.callback(two.url, second.request)).claims()
    expect(again?.sub).toBe(sub)
    expect((await federation.latchkey.services.accounts.byId(sub ?? ''))?.username).toBe('before')
  })

  test('what Google does not tell, a username, is asked with a suggestion that is free', async () => {
    await federation.latchkey.createUser('grace')
    federation.google.accounts = [
      {
        sub: `g-${engine}`,
        email: 'grace@gmail.example',
        email_verified: true,
        given_name: 'Grace',
        name: 'Grace H',
      },
    ]
    const app = await federation.app()
    const { request, page } = await toProvider('Google', app)
    const asks = await browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
    expect(asks.text).toContain('Almost there')
    expect(asks.text).toContain('grace@gmail.example')
    const form = asks.forms[0]
    expect(form?.fields.map(({ label }) => label).filter(Boolean)).toEqual(['Username'])
    expect(form?.fields.find(({ name }) => name === 'username')?.value).toBe('grace2')
    const refused = await browser.submit(asks, { Username: 'grace' }, { button: 'Create account' })
    expect(refused.status).toBe(409)
    expect(refused.text).toContain('taken')
    const back = await browser.submit(refused, { Username: 'hopper' }, { button: 'Create account' })
    const tokens = await app.party.callback(back.url, request)
    const userinfo = await app.party.userinfo(tokens.access_token, tokens.claims()?.sub ?? '')
    expect(userinfo).toMatchObject({ preferred_username: 'hopper', email: 'grace@gmail.example' })
  })

  test('an address that nobody vouches for is asked for and verified, on the way into the app', async () => {
    newcomer('shy', { emails: [], emailsForbidden: true })
    const app = await federation.app()
    const { request, page } = await toProvider('GitHub', app)
    const asks = await browser.submit(page, {}, { button: 'Continue as shy' })
    expect(asks.forms[0]?.fields.map(({ label }) => label).filter(Boolean)).toEqual(['Username', 'Email'])
    const wrong = await browser.submit(
      asks,
      { Username: 'shy', Email: `typo-${engine}@example.com` },
      { button: 'Create account' },
    )
    expect(wrong.text).toContain('Verify your email')
    // A typing mistake is mended without starting over.
    const email = `shy-${engine}@example.com`
    const verify = await browser.submit(wrong, { Email: email }, { button: 'Change address' })
    expect(verify.text).toContain(`A message is on its way to ${email}`)
    await federation.latchkey.services.mailer.idle()
    const code = codeIn(await federation.latchkey.mailTo(email))
    const back = await browser.submit(verify, { 'Verification code': code }, { button: 'Verify' })
    const claims = (await app.party.callback(back.url, request)).claims()
    expect(claims).toMatchObject({ amr: ['fed'] })

    // And it can be left off and gone on with later.
    const later = await toProvider('GitHub', app)
    expect((await browser.submit(later.page, {}, { button: 'Continue as shy' })).left).toBe(true)
  })

  test('an account with that address: its password is asked once, then the two belong together', async () => {
    const user = await federation.latchkey.createUser()
    newcomer(`work-${user.username}`, {
      emails: [{ email: user.email.toUpperCase(), primary: true, verified: true, visibility: null }],
    })
    const app = await federation.app()
    const { request, page } = await toProvider('GitHub', app)
    const asks = await browser.submit(page, {}, { button: `Continue as work-${user.username}` })
    expect(asks.text).toContain('You have an account already')
    expect(asks.text).toContain(user.email)
    const wrong = await browser.submit(asks, { Password: 'not-the-password' }, { button: 'Sign in and link' })
    expect(wrong.status).toBe(401)
    const back = await browser.submit(wrong, { Password: PASSWORD }, { button: 'Sign in and link' })
    expect((await app.party.callback(back.url, request)).claims()?.sub).toBe(user.id)
    expect((await federation.latchkey.mailTo(user.email)).subject).toContain('A way to sign in was added')
    const again = await toProvider('GitHub', app)
    const straight = await browser.submit(again.page, {}, { button: `Continue as work-${user.username}` })
    expect((await app.party.callback(straight.url, again.request)).claims()?.sub).toBe(user.id)
  })

  test('…or by its own linked sign-in, where there is no password', async () => {
    newcomer('linked')
    const app = await federation.app()
    const first = await toProvider('GitHub', app)
    const made = await browser.submit(first.page, {}, { button: 'Continue as linked' })
    const { sub } = (await app.party.callback(made.url, first.request)).claims() ?? {}
    federation.okta.accounts = [
      {
        sub: 'o-linked',
        preferred_username: 'other',
        email: 'linked@example.com',
        email_verified: true,
        name: 'X',
      },
    ]
    const { request, page } = await toProvider('Okta', app)
    const asks = await browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
    expect(asks.text).toContain('You have an account already')
    expect(asks.forms.flatMap(({ buttons }) => buttons.map(({ label }) => label))).toEqual([
      'Continue with GitHub',
    ])
    const github = await browser.submit(asks, {}, { button: 'Continue with GitHub' })
    const back = await browser.submit(github, {}, { button: 'Continue as linked' })
    expect((await app.party.callback(back.url, request)).claims()?.sub).toBe(sub)
    const { identities } = await federation.latchkey.services.accounts.linked.signInMethods(sub ?? '')
    expect(identities.map(({ provider }) => provider)).toEqual(['github', 'okta'])
  })

  test('cancelled there, the sign-in page says so, and the interaction goes on by password', async () => {
    const user = await federation.latchkey.createUser()
    const app = await federation.app()
    const { request, page } = await toProvider('GitHub', app)
    const back = await browser.submit(page, {}, { button: 'Cancel' })
    expect(back.url.pathname).toMatch(/^\/interaction\//)
    expect(back.text).toContain('GitHub did not sign you in: it was cancelled there.')
    const done = await browser.signIn(back, { identifier: user.username, password: PASSWORD })
    expect((await app.party.callback(done.url, request)).claims()).toMatchObject({
      sub: user.id,
      amr: ['pwd'],
    })
  })

  test.each([
    ['nonsense', 'Signing in with GitHub did not work.'],
    ['500', 'Signing in with GitHub did not work.'],
    ['huge', 'GitHub does not answer at the moment.'],
  ] as const)(
    'an answer that is %s: a sentence, a cause in the log, and the flow is still there',
    async (next, says) => {
      newcomer(`trouble-${next}`)
      const app = await federation.app()
      const { request, page } = await toProvider('GitHub', app)
      federation.github.next = next
      const back = await browser.submit(page, {}, { button: `Continue as trouble-${next}` })
      expect(back.text).toContain(says)
      const logged = federation.said('federation.failed').at(-1)
      expect(logged).toMatchObject({ provider: 'github', cause: expect.any(String), level: 40 })
      const retry = await browser.submit(back, {}, { button: 'Continue with GitHub' })
      const done = await browser.submit(retry, {}, { button: `Continue as trouble-${next}` })
      expect((await app.party.callback(done.url, request)).claims()).toMatchObject({ amr: ['fed'] })
    },
  )

  test('a provider that cannot be reached leaves the person where they are', async () => {
    const app = await federation.app()
    await federation.latchkey.services.providers.add({
      id: 'gone',
      kind: 'oidc',
      name: 'Gone',
      client_id: 'x',
      client_secret: 'secret-of-gone',
      settings: { issuer: 'http://127.0.0.1:9' },
    })
    const { page } = await toProvider('Gone', app)
    expect(page.url.pathname).toMatch(/^\/interaction\//)
    expect(page.text).toContain('Gone does not answer at the moment.')
    expect(federation.said('federation.failed').at(-1)).toMatchObject({
      provider: 'gone',
      reason: 'unreachable',
    })
    await federation.latchkey.services.providers.remove('gone')
  })

  test('several tabs at once, and the answers in any order', async () => {
    newcomer('tabs')
    browser = federation.browser()
    const login = () => browser.open(`${federation.latchkey.issuer}/login?return_to=/account`)
    const [one, two] = [await login(), await login()]
    const [first, second] = [
      await browser.submit(one, {}, { button: 'Continue with GitHub' }),
      await browser.submit(two, {}, { button: 'Continue with GitHub' }),
    ]
    for (const page of [second, first]) {
      const done = await browser.submit(page, {}, { button: 'Continue as tabs' })
      expect([done.status, done.url.pathname]).toEqual([200, '/account'])
    }
  })

  test.each([
    [11, 'That sign-in cannot go on'],
    [61, 'The page was open for too long'],
  ])(
    'whoever stays there for %i minutes is back in the flow of the app, and gets through',
    async (minutes, told) => {
      newcomer(`slow-${minutes}`)
      const app = await federation.app()
      const { page, request } = await toProvider('GitHub', app)
      shift = minutes * 60_000
      const back = await browser.submit(page, {}, { button: `Continue as slow-${minutes}` })
      expect(back.url.pathname).toMatch(/^.interaction./)
      expect(back.text).toContain(told)
      const again = await browser.submit(back, {}, { button: 'Continue with GitHub' })
      const home = await browser.submit(again, {}, { button: `Continue as slow-${minutes}` })
      expect(home.left).toBe(true)
      expect(home.url.searchParams.get('state')).toBe(request.url.searchParams.get('state'))
    },
  )

  test('whoever was on the way to a page of ours is told on the sign-in page that leads there', async () => {
    newcomer('slow-page')
    browser = federation.browser()
    const login = await browser.open(`${federation.latchkey.issuer}/login?return_to=/account`)
    const page = await browser.submit(login, {}, { button: 'Continue with GitHub' })
    shift = 660_000
    const back = await browser.submit(page, {}, { button: 'Continue as slow-page' })
    expect(back.text).toContain('That sign-in cannot go on')
    expect([back.url.pathname, back.url.searchParams.get('return_to')]).toEqual(['/login', '/account'])
    // The answer of a provider that comes late signs nobody in, now or later.
    expect(browser.cookies.value('latchkey_session')).toBeUndefined()
  })

  test('reloading the callback goes on where the person belongs; without a session it says to start again', async () => {
    newcomer('reload')
    const app = await federation.app()
    const { page } = await toProvider('GitHub', app)
    const prepared = browser.prepare(page, {}, { button: 'Continue as reload' })
    const callback = new URL((await browser.send(prepared)).headers.get('location') ?? '')
    expect((await browser.open(callback)).left).toBe(true)
    const reloaded = await browser.open(callback)
    expect(reloaded.status).toBeLessThan(500)
    expect(reloaded.text).toContain('This sign-in is finished')
    browser = federation.browser()
    const stranger = await browser.open(callback)
    expect([stranger.status, stranger.url.pathname]).toEqual([200, '/login'])
    expect(stranger.text).toContain('That sign-in cannot go on')
  })

  test('another person is signed in here: they are signed out, and the app gets the one who came back', async () => {
    const user = await federation.latchkey.createUser()
    newcomer('other')
    const app = await federation.app()
    browser = federation.browser()
    const one = await app.party.authorize()
    const signIn = await browser.open(one.url)
    await browser.signIn(signIn, { identifier: user.username, password: PASSWORD })
    const request = await app.party.authorize({ prompt: 'login' })
    const again = await browser.open(request.url)
    expect(again.text).not.toContain('Continue with GitHub')
    const others = await browser.follow(again, 'Not you?')
    const github = await browser.submit(others, {}, { button: 'Continue with GitHub' })
    expect(github.url.searchParams.get('prompt')).toBe('select_account')
    const back = await browser.submit(github, {}, { button: 'Continue as other' })
    expect([back.left, back.url.href, back.text]).toEqual([true, expect.any(String), ''])
    expect((await app.party.callback(back.url, request)).claims()?.sub).not.toBe(user.id)
  })

  test('the register page offers the same, and leads into the same interaction', async () => {
    newcomer('registers')
    const app = await federation.app()
    browser = federation.browser()
    const request = await app.party.authorize()
    const page = await browser.follow(await browser.open(request.url), 'Create account')
    const github = await browser.submit(page, {}, { button: 'Continue with GitHub' })
    const back = await browser.submit(github, {}, { button: 'Continue as registers' })
    expect(back.url.href.startsWith(CALLBACK)).toBe(true)
    expect((await app.party.callback(back.url, request)).claims()).toMatchObject({ amr: ['fed'] })
  })
})
