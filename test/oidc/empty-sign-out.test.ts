import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

const signOut = (parameters: Record<string, string>) =>
  fetch(`${latchkey.issuer}/logout?${new URLSearchParams(parameters)}`, { redirect: 'manual' })

test('signing out when nobody is signed in goes straight on to the app, with its state', async () => {
  const { client_id } = await latchkey.createClient({
    post_logout_redirect_uris: ['http://127.0.0.1:9/bye?a=1'],
  })
  const answer = await signOut({
    client_id,
    post_logout_redirect_uri: 'http://127.0.0.1:9/bye?a=1',
    state: 'x y',
  })
  expect(answer.status).toBe(303)
  expect(answer.headers.get('location')).toBe('http://127.0.0.1:9/bye?a=1&state=x+y')
})

test('RFC 9700 §4.11.2: and nowhere else: an address that is not registered is refused, one without a client left out', async () => {
  const { client_id } = await latchkey.createClient({ post_logout_redirect_uris: ['http://127.0.0.1:9/bye'] })
  const refused = await signOut({ client_id, post_logout_redirect_uri: 'https://evil.example/' })
  expect([refused.status, refused.headers.get('location')]).toEqual([400, null])
  const nameless = await signOut({ post_logout_redirect_uri: 'https://evil.example/' })
  expect(nameless.headers.get('location')).toBe(`${latchkey.issuer}/logout/success`)
})
