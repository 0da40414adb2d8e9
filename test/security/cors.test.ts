import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  get,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let spa: TestClient
let victim: Victim
const OWN = 'https://app.example'
const FOREIGN = 'https://evil.example'

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  spa = await fixture.publicClient()
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())

const allowed = (answer: { headers: Headers }) => answer.headers.get('access-control-allow-origin')

describe('RFC 9700 §2.6: cross-origin requests', () => {
  test('discovery and keys are for everybody', async () => {
    for (const path of ['.well-known/openid-configuration', '.well-known/oauth-authorization-server', 'jwks'])
      expect(allowed(await get(`${fixture.issuer}/${path}`, { origin: FOREIGN }))).toMatch(
        /^(\*|https:\/\/evil\.example)$/,
      )
  })

  test('token, userinfo and revocation are for the origins of the client’s redirect URIs', async () => {
    const code = await fixture.code(victim, spa)
    const token = await fixture.exchange(spa, code, {}, { origin: OWN })
    expect([token.status, allowed(token)]).toEqual([200, OWN])
    const info = await get(`${fixture.issuer}/userinfo`, {
      authorization: `Bearer ${token.json.access_token}`,
      origin: OWN,
    })
    expect([info.status, allowed(info)]).toEqual([200, OWN])
    const revoked = await post(
      `${fixture.issuer}/revoke`,
      { client_id: spa.client_id, token: String(token.json.refresh_token) },
      { origin: OWN },
    )
    expect([revoked.status, allowed(revoked)]).toEqual([200, OWN])
  })

  test('a pushed request as well; introspection and the codes of devices are not for pages', async () => {
    const own = { origin: OWN }
    const pushed = await post(
      `${fixture.issuer}/par`,
      {
        client_id: spa.client_id,
        response_type: 'code',
        redirect_uri: spa.redirect_uri,
        code_challenge: 'c'.repeat(43),
        code_challenge_method: 'S256',
        scope: 'openid',
      },
      own,
    )
    expect([pushed.status, allowed(pushed)]).toEqual([201, OWN])
    const web = await fixture.client()
    for (const path of ['introspect', 'device_authorization']) {
      const body = { client_id: web.client_id, client_secret: String(web.client_secret), token: 'x' }
      const answer = await post(`${fixture.issuer}/${path}`, body, own)
      expect([path, answer.status, allowed(answer)]).toEqual([path, 400, null])
    }
  })

  test.each([
    FOREIGN,
    'null',
    'https://app.example.evil.example',
    'http://app.example',
    'https://app.example:444',
  ])('another origin is refused and may not read the answer: %s', async (origin) => {
    const code = await fixture.code(victim, spa)
    const token = await fixture.exchange(spa, code, {}, { origin })
    expect(token.status).toBe(400)
    expect(token.json.access_token).toBeUndefined()
    expect(allowed(token)).toBeNull()
    const tokens = (await fixture.exchange(spa, code)).json
    const info = await get(`${fixture.issuer}/userinfo`, {
      authorization: `Bearer ${tokens.access_token}`,
      origin,
    })
    expect(info.json.sub).toBeUndefined()
    expect(allowed(info)).toBeNull()
  })

  test('never with credentials', async () => {
    for (const path of ['token', 'userinfo', 'revoke', 'jwks', 'introspect', 'par'])
      for (const method of ['OPTIONS', 'POST']) {
        const answer = await fetch(`${fixture.issuer}/${path}`, {
          method,
          headers: { origin: OWN, 'access-control-request-method': 'POST' },
        })
        expect(answer.headers.get('access-control-allow-credentials')).toBeNull()
        await answer.body?.cancel()
      }
  })

  test('never on the authorization endpoint, logout or a page', async () => {
    const paths = [
      fixture.authorizeUrl(spa),
      fixture.authorizeUrl(spa, { prompt: 'none' }),
      fixture.authorizeUrl({ ...spa, client_id: 'nobody' }),
      ...['/logout', '/login', '/account', '/', '/health/live', '/nowhere'].map(
        (path) => fixture.issuer + path,
      ),
    ]
    for (const url of paths)
      for (const method of ['GET', 'OPTIONS', 'POST']) {
        const answer = await fetch(url, {
          method,
          redirect: 'manual',
          headers: { origin: OWN, 'access-control-request-method': 'GET' },
        })
        expect([url, method, allowed(answer)]).toEqual([url, method, null])
        await answer.body?.cancel()
      }
  })
})
