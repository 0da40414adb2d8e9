import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

const BYE = 'https://app.example/bye'
const TABS = 5
const ROUNDS = 4

/** A plain request is answered by a fast path, one behind the scenes by the library. */
const WAYS = engines.flatMap((engine): [string, (typeof engines)[number], Record<string, string>][] => [
  ['in sight', engine, {}],
  ['behind the scenes', engine, { prompt: 'none' }],
])

/** One browser, several tabs that load at the same time: its cookies are those of the answer that came last. */
describe.each(WAYS)('tabs of one browser at once, %s, on %s', (_, engine, prompt) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let apps: TestClient[]
  let web: TestClient
  let asking: TestClient

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    web = await fixture.client({ post_logout_redirect_uris: [BYE] })
    asking = await fixture.client({ first_party: false })
    apps = await Promise.all(Array.from({ length: TABS }, () => fixture.client()))
  })
  afterAll(() => latchkey?.stop())

  const person = () => fixture.victim([redirectUri, BYE])
  const at = (client: TestClient, over: Record<string, string> = {}) =>
    new URL(fixture.authorizeUrl(client, over))
  const silently = (client: TestClient) => at(client, { prompt: 'none' })

  /** Five tabs that renew what five apps have, each at once; gives where each was sent. */
  const tabs = ({ browser }: Victim, clients = apps) =>
    clients.map(async (client) => {
      const answer = await browser.send({ url: at(client, prompt), method: 'GET' })
      await answer.body?.cancel()
      return { client, location: new URL(answer.headers.get('location') ?? '', fixture.issuer) }
    })
  const tokensOf = async ({ client, location }: { client: TestClient; location: URL }) =>
    fixture.exchange(client, {
      code: String(location.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: client.redirect_uri,
    })
  const isSignedIn = async ({ browser }: Victim) => {
    const back = await browser.open(silently(web))
    return back.url.searchParams.has('code')
  }
  const copyOf = (browser: HttpBrowser) => {
    const copy = createHttpBrowser({ stopAt: [redirectUri, BYE] })
    const session = ['latchkey_session', 'latchkey_session.sig'].map(
      (name) => `${name}=${browser.cookies.value(name)}; path=/`,
    )
    copy.cookies.store(new URL(fixture.issuer), session)
    return copy
  }
  const signOut = (browser: HttpBrowser, page: BrowserPage) =>
    browser.submit(page, {}, { button: 'Sign out' })

  test('the sign-out page opens while others authorize, and its button signs out', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const someone = await person()
      const [page] = await Promise.all([
        someone.browser.open(
          `${fixture.issuer}/logout?client_id=${web.client_id}&post_logout_redirect_uri=${BYE}&state=${round}`,
        ),
        ...tabs(someone),
      ])
      expect(page.text).toContain('Sign out?')
      const bye = await signOut(someone.browser, page)
      expect([bye.left, bye.url.href], bye.text).toEqual([true, `${BYE}?state=${round}`])
      expect(await isSignedIn(someone)).toBe(false)
    }
  })

  test('signing out while others authorize: it succeeds, the browser is signed out, nothing comes back', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const someone = await person()
      const thief = copyOf(someone.browser)
      const page = await someone.browser.open(`${fixture.issuer}/logout`)
      const [done, ...authorized] = await Promise.all([signOut(someone.browser, page), ...tabs(someone)])
      expect(done.text, done.body).toContain('signed out')
      expect(await isSignedIn(someone)).toBe(false)
      expect(await isSignedIn({ ...someone, browser: thief })).toBe(false)
      const { artifacts } = latchkey.services
      expect(await artifacts.listByAccount('Session', someone.user.id)).toEqual([])
      for (const each of authorized)
        if (each.location.searchParams.has('code'))
          expect(await tokensOf(each)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
    }
  })

  test('signing in again while others authorize: the browser stays signed in, and every code is good', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const someone = await person()
      const { browser, user } = someone
      const page = await browser.open(at(web, { prompt: 'login' }))
      // Both fields are there, for programs that fill them in; the name stands in its own already.
      expect(page.forms[0]?.fields.find(({ name }) => name === 'identifier')?.value).toBe(user.username)
      const form = browser.prepare(
        page,
        { 'Email or username': user.email, Password: PASSWORD },
        { button: 'Sign in' },
      )
      const sent = await browser.send(form)
      const resume = new URL(String(sent.headers.get('location')), fixture.issuer)
      const started = tabs(someone)
      const [, ...authorized] = await Promise.all([browser.open(resume), ...started])
      expect(await isSignedIn(someone)).toBe(true)
      for (const each of authorized)
        if (each.location.searchParams.has('code'))
          expect(await tokensOf(each)).toMatchObject({ status: 200 })
    }
  })

  test('an answer that was under way while the person signed in again does not bring back the old cookie', async () => {
    const someone = await person()
    const { browser, user } = someone
    const old = copyOf(browser)
    await browser.signIn(await browser.open(at(web, { prompt: 'login' })), {
      identifier: user.email,
      password: PASSWORD,
    })
    const late = await old.send({ url: silently(web), method: 'GET' })
    expect(late.headers.get('location')).toContain('error=login_required')
    expect(late.headers.getSetCookie().filter((line) => line.startsWith('latchkey_session'))).toEqual([])
  })

  test('consent given while others authorize: the browser stays signed in, and every code is good', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const someone = await person()
      const page = await someone.browser.open(at(asking, { scope: 'openid email' }))
      const sent = await someone.browser.send(someone.browser.prepare(page, {}, { button: 'Allow' }))
      const resume = new URL(String(sent.headers.get('location')), fixture.issuer)
      const [back, ...authorized] = await Promise.all([someone.browser.open(resume), ...tabs(someone)])
      expect(back.url.searchParams.has('code')).toBe(true)
      for (const each of authorized) {
        expect(each.location.searchParams.get('error')).toBeNull()
        expect(await tokensOf(each)).toMatchObject({ status: 200 })
      }
      expect(await isSignedIn(someone)).toBe(true)
    }
  })

  test('five tabs of one app: each is told the same session id, which signing out names', async () => {
    const app = await fixture.client({
      backchannel_logout_uri: 'https://app.example/backchannel',
      backchannel_logout_session_required: true,
    })
    const someone = await person()
    const answers = await Promise.all(
      tabs(
        someone,
        Array.from({ length: TABS }, () => app),
      ),
    )
    const sids = await Promise.all(
      answers.map(async (each) => decodeJwt(String((await tokensOf(each)).json.id_token)).sid),
    )
    expect(sids).not.toContain(undefined)
    expect(new Set(sids).size).toBe(1)
    const [session] = await latchkey.services.artifacts.listByAccount('Session', someone.user.id)
    expect(session?.payload.authorizations).toMatchObject({ [app.client_id]: { sid: sids[0] } })
  })

  const SCOPES = ['openid', 'openid email', 'openid profile', 'openid phone', 'openid address']
  const askFor = async ({ browser }: Victim, client: TestClient, scope: string) => {
    const answer = await browser.send({ url: at(client, { scope, ...prompt }), method: 'GET' })
    await answer.body?.cancel()
    return { client, location: new URL(answer.headers.get('location') ?? '', fixture.issuer) }
  }

  test('tabs of one app that ask for different scopes at once each get theirs', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const someone = await person()
      const answers = await Promise.all(SCOPES.map((scope) => askFor(someone, web, scope)))
      const granted = await Promise.all(answers.map(async (each) => (await tokensOf(each)).json.scope))
      expect(granted).toEqual(SCOPES)
    }
  })

  test('what is allowed in two tabs at once is allowed', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const someone = await person()
      const consents = latchkey.services.consents
      await Promise.all(
        ['email', 'profile', 'phone', 'address'].map((scope) =>
          consents.allow(someone.user.id, asking.client_id, { scopes: ['openid', scope], resources: {} }),
        ),
      )
      const { scopes = [] } = (await consents.find(someone.user.id, asking.client_id)) ?? {}
      expect(scopes.toSorted()).toEqual(['address', 'email', 'openid', 'phone', 'profile'])
    }
  })

  test('access taken back while the app authorizes, between its question and its answer, is taken back', async () => {
    const someone = await person()
    const { consents } = latchkey.services
    const { find, withdraw } = consents
    await consents.allow(someone.user.id, asking.client_id, { scopes: ['openid', 'email'], resources: {} })
    vi.spyOn(consents, 'find').mockImplementationOnce(async (...who) => {
      const found = await find(...who)
      await withdraw(...who)
      return found
    })
    for (let times = 0; times < 2; times++) {
      const { location } = await askFor(someone, asking, 'openid')
      if (prompt.prompt) expect(location.searchParams.get('error')).toBe('consent_required')
      else expect(location.pathname).toMatch(/^\/interaction\//)
    }
  })

  test('a session that is carried over while a tab authorizes keeps its Grants carried over', async () => {
    const someone = await person()
    const { consents, artifacts } = latchkey.services
    const { find, allow } = consents
    const who = [someone.user.id, asking.client_id] as const
    await allow(...who, { scopes: ['openid'], resources: {} })
    await askFor(someone, asking, 'openid')
    await allow(...who, { scopes: ['email'], resources: {} })
    const [session] = await artifacts.listByAccount('Session', someone.user.id)
    vi.spyOn(consents, 'find').mockImplementationOnce(async (...each) => {
      await artifacts.carryOver(someone.user.id, String(session?.payload.uid), 7)
      return find(...each)
    })
    await askFor(someone, asking, 'openid email')
    for (const model of ['Session', 'Grant']) {
      const kept = await artifacts.listByAccount(model, someone.user.id)
      expect(kept.map(({ payload }) => payload.generation)).toEqual([7])
    }
  })

  test('the sign-out page in two tabs: the button of each works, also after “Stay signed in” in the other', async () => {
    for (const first of ['open', 'stay'] as const) {
      const someone = await person()
      const { browser } = someone
      const url = `${fixture.issuer}/logout?client_id=${web.client_id}`
      const [one, two] = await Promise.all([browser.open(url), browser.open(url)])
      if (first === 'stay') await browser.submit(two, {}, { button: 'Stay signed in' })
      expect((await signOut(browser, one)).text).toContain('signed out')
      expect(await isSignedIn(someone)).toBe(false)
    }
  })

  test('nothing of it was an error of the server', () => {
    expect(latchkey.log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
})
