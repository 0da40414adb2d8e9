import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  passTime,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let other: TestClient
let spa: TestClient
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
  other = await fixture.client()
  spa = await fixture.publicClient()
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const inactive = { status: 200, json: { active: false }, text: '{"active":false}' }

describe('RFC 7009: revocation', () => {
  test('an unknown token is 200, and so is another client’s, which lives on', async () => {
    const tokens = await fixture.tokens(victim, web)
    for (const value of ['unknown', 'A'.repeat(43), tokens.access_token, tokens.refresh_token]) {
      for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
        const answer = await fixture.revoke(other, value, { token_type_hint })
        expect([answer.status, answer.text]).toEqual([200, ''])
      }
    }
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(200)
    expect((await fixture.refresh(web, tokens.refresh_token)).status).toBe(200)
  })

  test('S: revoking a refresh token ends its access tokens', async () => {
    for (const client of [web, spa]) {
      const tokens = await fixture.tokens(victim, client)
      expect((await fixture.revoke(client, tokens.refresh_token)).status).toBe(200)
      expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
      expect((await fixture.refresh(client, tokens.refresh_token)).json.error).toBe('invalid_grant')
    }
  })

  test('revoking an access token ends it', async () => {
    const tokens = await fixture.tokens(victim, web)
    await fixture.revoke(web, tokens.access_token)
    expect((await fixture.userinfo(tokens.access_token)).status).toBe(401)
  })

  test('the client authenticates, and names a token', async () => {
    const { refresh_token } = await fixture.tokens(victim, web)
    const { client_secret: _none, ...without } = web
    expect((await fixture.revoke({ ...web, client_secret: 'wrong' }, refresh_token)).status).toBe(401)
    expect((await fixture.revoke(without, refresh_token)).status).toBe(401)
    expect((await post(`${fixture.issuer}/revoke`, { token: String(refresh_token) })).status).toBe(400)
    expect((await fixture.revoke(web, '')).status).toBe(400)
    expect((await fixture.refresh(web, refresh_token)).status).toBe(200)
  })

  test('two clients of one person in one browser do not end each other’s tokens', async () => {
    const [mine, theirs] = [await fixture.tokens(victim, web), await fixture.tokens(victim, other)]
    await fixture.revoke(web, mine.refresh_token)
    expect((await fixture.userinfo(theirs.access_token)).status).toBe(200)
  })
})

describe('RFC 7662: introspection', () => {
  test('a live token, to the client it was issued to', async () => {
    const tokens = await fixture.tokens(victim, web, { scope: 'openid email' })
    const answer = await fixture.introspect(web, tokens.access_token)
    expect(answer.json).toMatchObject({
      active: true,
      client_id: web.client_id,
      sub: victim.user.id,
      scope: 'openid email',
      iss: fixture.issuer,
      token_type: 'Bearer',
    })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('the caller authenticates; a public client cannot', async () => {
    const { access_token } = await fixture.tokens(victim, web)
    const { client_secret: _none, ...without } = web
    expect((await fixture.introspect({ ...web, client_secret: 'wrong' }, access_token)).status).toBe(401)
    expect((await fixture.introspect(without, access_token)).status).toBe(401)
    expect((await post(`${fixture.issuer}/introspect`, { token: String(access_token) })).status).toBe(400)
    const own = await fixture.tokens(victim, spa)
    expect(await fixture.introspect(spa, own.access_token)).toMatchObject(inactive)
  })

  test('to everybody else, and of everything dead, exactly {"active":false}', async () => {
    const tokens = await fixture.tokens(victim, web)
    expect(await fixture.introspect(other, tokens.access_token)).toMatchObject(inactive)
    expect(await fixture.introspect(other, tokens.refresh_token)).toMatchObject(inactive)
    for (const unknown of ['x', 'A'.repeat(43), '__proto__', '\0', 'ü'])
      expect(await fixture.introspect(web, unknown)).toMatchObject(inactive)
    const { code } = await fixture.code(victim, web)
    expect(await fixture.introspect(web, code)).toMatchObject(inactive)
    await fixture.revoke(web, tokens.refresh_token)
    for (const value of [tokens.access_token, tokens.refresh_token])
      expect(await fixture.introspect(web, value)).toMatchObject(inactive)
  })

  test('an expired token', async () => {
    const { access_token } = await fixture.tokens(victim, web)
    passTime(3601)
    expect(await fixture.introspect(web, access_token)).toMatchObject(inactive)
    expect((await fixture.userinfo(access_token)).status).toBe(401)
  })

  test('a token of a person who is disabled', async () => {
    const person = await fixture.victim()
    const { access_token } = await fixture.tokens(person, web)
    await latchkey.services.accounts.disable(person.user.id)
    expect(await fixture.introspect(web, access_token)).toMatchObject(inactive)
    expect((await fixture.userinfo(access_token)).status).toBe(401)
  })
})

test('no code, token, secret or password is ever logged', async () => {
  const code = await fixture.code(victim, web)
  const tokens = (await fixture.exchange(web, code)).json
  await fetch(`${fixture.issuer}/userinfo?access_token=${tokens.access_token}`)
  await fetch(`${fixture.issuer}/logout?id_token_hint=${tokens.id_token}`)
  await fetch(`${fixture.issuer}/reset-password?token=a-token-from-a-message`)
  await fetch(`${fixture.issuer}/login?code=${code.code}&password=glass-otter-72-harbour`)
  await fixture.userinfo(tokens.access_token)
  await fixture.introspect(web, tokens.access_token)
  await fixture.exchange(web, code)
  await fixture.refresh(web, tokens.refresh_token)
  await fixture.revoke(web, tokens.refresh_token)
  const log = latchkey.log.join('\n')
  expect(log).toContain('invalid_grant')
  for (const secret of [
    code.code,
    code.verifier,
    tokens.access_token,
    tokens.refresh_token,
    String(tokens.id_token).slice(0, 100),
    web.client_secret,
    'glass-otter-72-harbour',
    'a-token-from-a-message',
  ])
    expect(log).not.toContain(String(secret))
})
