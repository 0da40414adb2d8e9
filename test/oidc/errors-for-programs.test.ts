import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

/** What Java's own HTTP client sends, and with it libraries that say nothing of the type they want. */
const JAVA = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2'
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

const post = (path: string, body: Record<string, string>, headers: Record<string, string> = {}) =>
  fetch(`${latchkey.issuer}${path}`, {
    method: 'POST',
    headers: { accept: JAVA, ...headers },
    body: new URLSearchParams(body),
  })

const basicOf = ({ client_id, client_secret }: { client_id: string; client_secret?: string }) => ({
  authorization: `Basic ${btoa(`${client_id}:${client_secret}`)}`,
})

async function refused(answer: Response, status: number, error: string) {
  const body = await answer.text()
  expect(answer.headers.get('content-type'), body.slice(0, 80)).toBe('application/json; charset=utf-8')
  expect([answer.status, JSON.parse(body).error]).toEqual([status, error])
}

test.each([
  ['/token', { grant_type: 'refresh_token', refresh_token: 'unknown' }, 'invalid_grant'],
  ['/introspect', {}, 'invalid_request'],
  ['/revoke', {}, 'invalid_request'],
  ['/par', {}, 'invalid_request'],
  ['/device_authorization', { scope: 'openid' }, 'invalid_request'],
] as const)(
  'a program that prefers HTML is told in JSON what %s refuses (RFC 6749 §5.2)',
  async (path, body, error) => {
    const client = await latchkey.createClient()
    await refused(await post(path, body, basicOf(client)), 400, error)
    await refused(
      await post(path, body, basicOf({ ...client, client_secret: 'wrong' })),
      401,
      'invalid_client',
    )
  },
)

test.each(['GET', 'POST'])(
  'so is one whose token is no good at userinfo, by %s (RFC 6750 §3)',
  async (method) => {
    const headers = { accept: JAVA, authorization: 'Bearer nonsense' }
    const answer = await fetch(`${latchkey.issuer}/userinfo`, { method, headers })
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    await refused(answer, 401, 'invalid_token')
  },
)

test('a device that prefers HTML understands that it has to wait (RFC 8628 §3.5)', async () => {
  const { client_id } = await latchkey.createClient({
    redirect_uris: [],
    grant_types: [DEVICE_CODE],
    response_types: [],
    token_endpoint_auth_method: 'none',
  })
  const asked = await post('/device_authorization', { client_id, scope: 'openid' })
  const { device_code } = (await asked.json()) as { device_code: string }
  const poll = await post('/token', { client_id, grant_type: DEVICE_CODE, device_code })
  await refused(poll, 400, 'authorization_pending')
})

test('a browser gets a page where browsers are sent', async () => {
  const answer = await fetch(`${latchkey.issuer}/authorize?client_id=unknown`, { headers: { accept: JAVA } })
  expect(answer.status).toBe(400)
  expect(answer.headers.get('content-type')).toBe('text/html; charset=utf-8')
})
