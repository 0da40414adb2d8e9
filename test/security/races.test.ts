import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  type Answer,
  type Code,
  clock,
  createSecurityFixture,
  passTime,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'
import { createProver, prove } from './proofs.ts'

/** Two servers, as two processes run them: one issuer, one database, one secret, a port each. */
describe.each(engines)('races between two servers on one %s database', (engine) => {
  let nodes: [Latchkey, Latchkey]
  let fixtures: [SecurityFixture, SecurityFixture]
  let fixture: SecurityFixture
  let web: TestClient
  let victim: Victim

  beforeAll(async () => {
    const secret = { SECRET_KEY: 'r'.repeat(48) }
    const one = await startLatchkey({ engine, clock, env: secret })
    const { DATABASE_URL, DATA_DIR, ISSUER } = one.env
    const shared =
      engine === 'sqlite' ? { DATA_DIR: String(DATA_DIR) } : { DATABASE_URL: String(DATABASE_URL) }
    const two = await startLatchkey({ engine, clock, env: { ...secret, ...shared, ISSUER: String(ISSUER) } })
    nodes = [one, two]
    await one.services.resources.add(jobs)
    fixtures = [
      createSecurityFixture(one),
      createSecurityFixture({ ...two, issuer: `http://localhost:${two.env.PORT}` }),
    ]
    fixture = fixtures[0]
    web = await fixture.client()
    victim = await fixture.victim()
  })
  afterAll(async () => {
    await nodes[1].stop()
    await nodes[0].stop()
  })
  afterEach(() => void vi.useRealTimers())

  /** The same request many times at once, on both servers in turn. */
  const burst = (count: number, send: (fixture: SecurityFixture, index: number) => Promise<Answer>) =>
    Promise.all(Array.from({ length: count }, (_, index) => send(fixtures[index % 2 === 0 ? 0 : 1], index)))
  const good = <Given extends { status: number }>(answers: readonly Given[]) =>
    answers.filter(({ status }) => status === 200)

  test('the servers are one: a session, a code and a token of one are good at the other', async () => {
    const code = await fixtures[0].code(victim, web)
    const tokens = await fixtures[1].exchange(web, code)
    expect(tokens.status).toBe(200)
    expect((await fixtures[0].userinfo(tokens.json.access_token)).json.sub).toBe(victim.user.id)
    const other = await victim.browser.open(fixtures[1].authorizeUrl(web))
    expect(other.url.searchParams.get('iss')).toBe(fixture.issuer)
  })

  test.each([2, 50])(
    'RFC 6749 §4.1.2: of %i exchanges of one code at once one succeeds, and its tokens end',
    async (count) => {
      const code = await fixture.code(victim, web)
      const answers = await burst(count, (each) => each.exchange(web, code))
      const [first, ...others] = good(answers)
      expect(others).toEqual([])
      for (const answer of answers.filter(({ status }) => status !== 200))
        expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
      expect((await fixture.userinfo(first?.json.access_token)).status).toBe(401)
      expect((await fixture.refresh(web, first?.json.refresh_token)).json.error).toBe('invalid_grant')
    },
  )

  test('RFC 9700 §4.14: 20 refreshes at once are one family, which reuse after the grace window ends', async () => {
    const { refresh_token } = await fixture.tokens(victim, web)
    const answers = await burst(20, (each) => each.refresh(web, refresh_token))
    expect(good(answers).length).toBeGreaterThan(0)
    for (const answer of answers) expect([200, 400]).toContain(answer.status)
    const access = good(answers).map((answer) => (answer as Answer).json.access_token)
    expect((await fixture.userinfo(access[0])).status).toBe(200)
    passTime(11)
    expect(await fixtures[1].refresh(web, refresh_token)).toMatchObject({ json: { error: 'invalid_grant' } })
    for (const token of access) expect((await fixture.userinfo(token)).status).toBe(401)
    for (const { json } of answers.filter(({ status }) => status === 200))
      expect((await fixture.refresh(web, json.refresh_token)).status).toBe(400)
  })

  test('a retry within the grace window keeps an honest client signed in', async () => {
    const { refresh_token } = await fixture.tokens(victim, web)
    expect((await fixtures[0].refresh(web, refresh_token)).status).toBe(200)
    passTime(8)
    const retry = await fixtures[1].refresh(web, refresh_token)
    expect(retry.status).toBe(200)
    passTime(60)
    expect((await fixtures[0].refresh(web, retry.json.refresh_token)).status).toBe(200)
  })

  test('within the grace window too, a stranger gets nothing', async () => {
    const other = await fixture.client()
    const { refresh_token } = await fixture.tokens(victim, web)
    await fixture.refresh(web, refresh_token)
    expect(await fixtures[1].refresh(other, refresh_token)).toMatchObject({
      json: { error: 'invalid_grant' },
    })
  })

  test('RFC 7523: one client assertion at both servers is accepted once', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const { client_id } = await fixture.client({
      ...jobClient,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [await exportJWK(publicKey)] },
    })
    const assertion = await new SignJWT({ jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(client_id)
      .setSubject(client_id)
      .setAudience(fixture.issuer)
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(privateKey)
    const answers = await burst(20, (each) =>
      post(`${each.issuer}/token`, {
        ...jobGrant,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertion,
      }),
    )
    expect(good(answers)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(19)
  })

  test('RFC 9449 §11.1: one DPoP proof at both servers is accepted once', async () => {
    const machine = await fixture.client(jobClient)
    const dpop = await prove(await createProver(), 'POST', `${fixture.issuer}/token`)
    const answers = await burst(20, (each) => each.token(machine, jobGrant, { dpop }))
    expect(good(answers)).toHaveLength(1)
  })

  test('RFC 9126: one pushed request, opened at both servers, gives one code', async () => {
    const pushed = await post(`${fixture.issuer}/par`, {
      client_id: web.client_id,
      client_secret: String(web.client_secret),
      redirect_uri: web.redirect_uri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: pkce().challenge,
      code_challenge_method: 'S256',
    })
    const query = new URLSearchParams({
      client_id: web.client_id,
      request_uri: String(pushed.json.request_uri),
    })
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        victim.browser.send({
          url: new URL(`${fixtures[index % 2 === 0 ? 0 : 1].issuer}/authorize?${query}`),
          method: 'GET',
        }),
      ),
    )
    for (const answer of answers) await answer.body?.cancel()
    expect(answers.filter(({ headers }) => /[?&]code=/.test(headers.get('location') ?? ''))).toHaveLength(1)
  })

  test('several authorizations at once in one browser: every code is good', async () => {
    const person = await fixture.victim()
    const clients = [web, await fixture.client(), await fixture.publicClient(), web, web]
    const codes = await Promise.all(
      clients.map((client, index) => fixtures[index % 2 === 0 ? 0 : 1].code(person, client)),
    )
    const answers = await Promise.all(
      clients.map((client, index) =>
        fixtures[index % 2 === 0 ? 1 : 0].exchange(client, codes[index] as Code),
      ),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    for (const { json } of answers) expect((await fixture.userinfo(json.access_token)).status).toBe(200)
  })

  test('sign-out against authorization: the session does not come back, nor what was issued in between', async () => {
    for (let round = 0; round < 6; round++) {
      const person = await fixture.victim()
      const copy = createHttpBrowser({ stopAt: [redirectUri] })
      const session = ['latchkey_session', 'latchkey_session.sig'].map(
        (name) => `${name}=${person.browser.cookies.value(name)}; path=/`,
      )
      copy.cookies.store(new URL(fixture.issuer), session)
      await fixture.tokens(person, web)
      const asked = await person.browser.open(`${fixture.issuer}/logout`)
      const { verifier, challenge } = pkce()
      const url = new URL(fixtures[1].authorizeUrl(web, { code_challenge: challenge }))
      const [, ...answers] = await Promise.all([
        person.browser.submit(asked, {}, { button: 'Sign out' }),
        ...Array.from({ length: 4 }, () => copy.send({ url, method: 'GET' })),
      ])
      const after = await copy.send({
        url: new URL(fixture.authorizeUrl(web, { prompt: 'none' })),
        method: 'GET',
      })
      expect(after.headers.get('location')).toContain('error=login_required')
      for (const answer of answers) {
        const code = new URL(String(answer.headers.get('location')), fixture.issuer).searchParams.get('code')
        if (code === null) continue
        const late = await fixture.exchange(web, { code, verifier, redirect_uri: web.redirect_uri })
        expect(late).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
      }
    }
  })

  test('consent given twice at once: one flow, one code', async () => {
    const asking = await fixture.client({ first_party: false })
    const person = await fixture.victim()
    const { verifier, challenge } = pkce()
    const page = await person.browser.open(fixture.authorizeUrl(asking, { code_challenge: challenge }))
    const request = person.browser.prepare(page, {}, { button: 'Allow' })
    const there = { ...request, url: new URL(request.url.href.replace(fixture.issuer, fixtures[1].issuer)) }
    const answers = await Promise.all([person.browser.send(request), person.browser.send(there)])
    for (const answer of answers) expect([303, 400]).toContain(answer.status)
    const onward = answers
      .map((answer) => answer.headers.get('location'))
      .find((location) => location !== null)
    const back = await person.browser.open(new URL(String(onward), fixture.issuer))
    const code = { code: String(back.url.searchParams.get('code')), verifier, redirect_uri: redirectUri }
    expect((await fixture.exchange(asking, code)).status).toBe(200)
    const again = await person.browser.open(fixtures[1].authorizeUrl(asking))
    expect(again.left).toBe(true)
  })

  test('one sign-in form sent twice at once signs in once, and the flow goes on', async () => {
    const user = await nodes[0].createUser()
    const browser = createHttpBrowser({ stopAt: [redirectUri] })
    const page = await browser.open(fixture.authorizeUrl(web))
    const request = browser.prepare(
      page,
      { 'Email or username': user.email, Password: PASSWORD },
      { button: 'Sign in' },
    )
    const there = { ...request, url: new URL(request.url.href.replace(fixture.issuer, fixtures[1].issuer)) }
    const answers = await Promise.all([browser.send(request), browser.send(there)])
    expect(answers.map(({ status }) => status)).toEqual([303, 303])
    const resume = new URL(String(answers[0]?.headers.get('location')), fixture.issuer)
    const codes = await Promise.all(
      [resume, new URL(resume.href.replace(fixture.issuer, fixtures[1].issuer))].map((url) =>
        browser.send({ url, method: 'GET' }),
      ),
    )
    for (const answer of codes) expect(answer.status).toBeLessThan(500)
    expect(codes.filter(({ headers }) => /[?&]code=/.test(headers.get('location') ?? ''))).not.toHaveLength(0)
  })

  test('nothing of it was an error of the server', () => {
    for (const { log } of nodes) expect(log.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
  })
})
