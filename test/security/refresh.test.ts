import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  passTime,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

const refused = (error: string) => ({ status: 400, json: { error } })

describe.each(engines)('refresh tokens on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let spa: TestClient
  let victim: Victim

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    fixture = createSecurityFixture(latchkey)
    web = await fixture.client()
    spa = await fixture.publicClient()
    victim = await fixture.victim()
  })
  afterAll(() => latchkey.stop())
  afterEach(() => void vi.useRealTimers())

  test('RFC 9700 §2.2.2: every refresh gives a new refresh token, to public and confidential clients', async () => {
    for (const client of [web, spa]) {
      const first = await fixture.tokens(victim, client)
      const second = await fixture.refresh(client, first.refresh_token)
      expect(second.status).toBe(200)
      expect(second.json.refresh_token).toBeTypeOf('string')
      expect(second.json.refresh_token).not.toBe(first.refresh_token)
    }
  })

  test('RFC 9700 §4.14.2: replay of an old one after the grace window is refused, and the live descendant dies', async () => {
    for (const client of [web, spa]) {
      const first = await fixture.tokens(victim, client)
      const second = (await fixture.refresh(client, first.refresh_token)).json
      passTime(11)
      const third = (await fixture.refresh(client, second.refresh_token)).json
      expect((await fixture.userinfo(third.access_token)).status).toBe(200)
      expect(await fixture.refresh(client, first.refresh_token)).toMatchObject(refused('invalid_grant'))
      expect(await fixture.refresh(client, third.refresh_token)).toMatchObject(refused('invalid_grant'))
      expect((await fixture.userinfo(third.access_token)).status).toBe(401)
    }
  })

  test('RFC 6749 §6: bound to the client it was issued to', async () => {
    const other = await fixture.client()
    const { refresh_token } = await fixture.tokens(victim, web)
    expect(await fixture.refresh(other, refresh_token)).toMatchObject(refused('invalid_grant'))
    expect(await fixture.refresh(spa, refresh_token)).toMatchObject(refused('invalid_grant'))
    expect((await fixture.refresh(web, refresh_token)).status).toBe(200)
  })

  test('RFC 6749 §6: the scope may be narrowed, never widened', async () => {
    const first = await fixture.tokens(victim, web, { scope: 'openid email' })
    const wide = await fixture.refresh(web, first.refresh_token, { scope: 'openid email profile' })
    expect(wide).toMatchObject(refused('invalid_scope'))
    const narrow = await fixture.refresh(web, first.refresh_token, { scope: 'openid' })
    expect(narrow).toMatchObject({ status: 200, json: { scope: 'openid' } })
    const info = await fixture.userinfo(narrow.json.access_token)
    expect(info.json.email).toBeUndefined()
  })

  test('RFC 9700 §4.14.2: ends when idle for REFRESH_TOKEN_TTL', async () => {
    const { refresh_token } = await fixture.tokens(victim, web)
    passTime(30 * 86_400 + 1)
    expect(await fixture.refresh(web, refresh_token)).toMatchObject(refused('invalid_grant'))
  })

  test('ends with the sign-in session, when the person signs out', async () => {
    const own = await fixture.victim()
    const { refresh_token, access_token } = await fixture.tokens(own, web)
    const asked = await own.browser.open(`${fixture.issuer}/logout`)
    await own.browser.submit(asked, {}, { button: 'Sign out' })
    expect(await fixture.refresh(web, refresh_token)).toMatchObject(refused('invalid_grant'))
    expect((await fixture.userinfo(access_token)).status).toBe(401)
  })

  test('a client without the refresh_token grant gets none and may use none', async () => {
    const plain = await fixture.client({ grant_types: ['authorization_code'] })
    const tokens = await fixture
      .tokens(victim, plain, { scope: 'openid offline_access', prompt: 'consent' })
      .catch(() => fixture.tokens(victim, plain))
    expect(tokens.refresh_token).toBeUndefined()
    const { refresh_token } = await fixture.tokens(victim, web)
    expect((await fixture.refresh(plain, refresh_token)).status).toBe(400)
  })

  test.each(['', 'x', '__proto__', '0'.repeat(43)])('an invented one is refused: %s', async (invented) => {
    const answer = await fixture.refresh(web, invented)
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatch(/^invalid_(grant|request)$/)
  })

  test('an access token is no refresh token, a refresh token no access token', async () => {
    const { access_token, refresh_token } = await fixture.tokens(victim, web)
    expect(await fixture.refresh(web, access_token)).toMatchObject(refused('invalid_grant'))
    expect((await fixture.userinfo(refresh_token)).status).toBe(401)
  })
})
