import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { LOG_LEVEL: 'info' } })
})
afterAll(() => latchkey.stop())

/** Sends an authorization request and gives the lines that it left. */
async function linesOf(parameters: Record<string, string>) {
  latchkey.log.length = 0
  const query = new URLSearchParams({
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
    code_challenge_method: 'S256',
    ...parameters,
  })
  const answer = await fetch(`${latchkey.issuer}/authorize?${query}`, { redirect: 'manual' })
  const lines = latchkey.log.map((line) => JSON.parse(line) as Record<string, unknown>)
  const refused = lines.find(({ event }) => event === 'authorization.error')
  expect(refused).toMatchObject({ request_id: answer.headers.get('x-request-id'), level: 40 })
  return refused
}

test('a redirect_uri that is not registered: what was sent, what is registered, what differs', async () => {
  const { client_id, redirect_uri } = await latchkey.createClient()
  const sent = `${redirect_uri}/`
  expect(await linesOf({ client_id, redirect_uri: sent })).toMatchObject({
    client_id,
    parameter: 'redirect_uri',
    sent,
    registered: [redirect_uri],
    closest: redirect_uri,
    reason: expect.stringMatching(/slash/),
  })
})

test('a client that is not registered', async () => {
  expect(
    await linesOf({ client_id: 'no-such-client', redirect_uri: 'https://app.example.com/cb' }),
  ).toMatchObject({
    parameter: 'client_id',
    sent: 'no-such-client',
    registered: null,
  })
})

test('a scope that the client may not ask for', async () => {
  const { client_id, redirect_uri } = await latchkey.createClient({ scope: 'openid' })
  expect(await linesOf({ client_id, redirect_uri, scope: 'openid email' })).toMatchObject({
    client_id,
    parameter: 'scope',
    sent: 'openid email',
    registered: 'openid',
  })
})

test('a resource that is not registered', async () => {
  const { client_id, redirect_uri } = await latchkey.createClient()
  const resource = 'https://nowhere.example.com'
  expect(await linesOf({ client_id, redirect_uri, resource })).toMatchObject({
    client_id,
    parameter: 'resource',
    sent: resource,
  })
})
