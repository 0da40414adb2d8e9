import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { callback } from './support.ts'

// The page of an app registers it where no token is needed for that: never with cookies, and nowhere else.
const PAGE = 'https://inspector.example'
const cors = (headers: Headers) =>
  Object.fromEntries([...headers].filter(([name]) => name.startsWith('access-control-')))

describe('where anybody may register', () => {
  let latchkey: Latchkey
  let endpoint: string
  beforeAll(async () => {
    latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'open' } })
    endpoint = `${latchkey.issuer}/clients/register`
  })
  afterAll(() => latchkey.stop())

  const preflight = (url: string, method: string) =>
    fetch(url, {
      method: 'OPTIONS',
      headers: {
        origin: PAGE,
        'access-control-request-method': method,
        'access-control-request-headers': 'content-type,authorization',
      },
    })

  test('a page may ask, and reads the answer, right or wrong; cookies are not let through', async () => {
    const asked = await preflight(endpoint, 'POST')
    expect(asked.status).toBe(204)
    expect(cors(asked.headers)).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, content-type',
    })
    for (const body of ['{', JSON.stringify({ redirect_uris: [callback] })]) {
      const headers = { origin: PAGE, 'content-type': 'application/json' }
      const answer = await fetch(endpoint, { method: 'POST', headers, body })
      expect(answer.status).toBe(body === '{' ? 400 : 201)
      expect(answer.headers.get('access-control-allow-origin')).toBe('*')
      expect(answer.headers.has('access-control-allow-credentials')).toBe(false)
    }
  })

  test('and looks after what it registered, with its token', async () => {
    const body = JSON.stringify({ redirect_uris: [callback] })
    const made = await fetch(endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const client = (await made.json()) as Record<string, string>
    const uri = String(client.registration_client_uri)
    expect(cors((await preflight(uri, 'DELETE')).headers)['access-control-allow-methods']).toBe(
      'GET, PUT, DELETE',
    )
    const headers = { origin: PAGE, authorization: `Bearer ${client.registration_access_token}` }
    const read = await fetch(uri, { headers })
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, '*'])
    const refused = await fetch(uri, { headers: { origin: PAGE } })
    expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, '*'])
  })
})

test('where a token is needed first, pages are not let in', async () => {
  const latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'token' } })
  try {
    const endpoint = `${latchkey.issuer}/clients/register`
    for (const method of ['OPTIONS', 'POST']) {
      const headers = { origin: PAGE, 'content-type': 'application/json' }
      const answer = await fetch(endpoint, { method, headers, ...(method === 'POST' && { body: '{}' }) })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(cors(answer.headers)).toEqual({})
    }
  } finally {
    await latchkey.stop()
  }
})
