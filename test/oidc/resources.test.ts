import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'

const api = 'https://books.example/api'
let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier: api, name: 'Books', scope: 'books:read books:write' })
})
afterAll(() => latchkey.stop())

const partyOf = async (metadata: Record<string, unknown>) => {
  const client = await latchkey.createClient(metadata)
  return discover({
    issuer: latchkey.issuer,
    clientId: client.client_id,
    auth: { method: 'client_secret_basic', secret: String(client.client_secret) },
    redirectUri: client.redirect_uri,
  })
}
const verified = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${latchkey.issuer}/jwks`)), {
    issuer: latchkey.issuer,
    audience: api,
    typ: 'at+jwt',
  })

test('35 M 9068: a person’s token for a resource is a JWT with that audience and the scopes that were allowed', async () => {
  const user = await latchkey.createUser()
  const party = await partyOf({ scope: 'openid profile books:read' })
  const request = await party.authorize({ scope: 'openid books:read', resource: api })
  const browser = createHttpBrowser({ stopAt: ['http://127.0.0.1:9/'] })
  const consent = await browser.signIn(await browser.open(request.url), {
    identifier: user.username,
    password: PASSWORD,
  })
  expect(consent.text).toContain('books:read')
  expect(consent.text).toContain('Books')
  const tokens = await party.callback((await browser.allow(consent)).url, request, { resource: api })
  const { payload } = await verified(tokens.access_token)
  expect(payload).toMatchObject({ sub: user.id, scope: 'books:read', aud: api })
})

test('25 S 9700 2.2.1: a machine gets only the scopes that its registration names, for that audience', async () => {
  const party = await partyOf({ grant_types: ['client_credentials'], redirect_uris: [], scope: 'books:read' })
  const tokens = await party.clientCredentials({ resource: api, scope: 'books:read' })
  expect((await verified(tokens.access_token)).payload).toMatchObject({ scope: 'books:read' })
  await expect(party.clientCredentials({ resource: api, scope: 'books:write' })).rejects.toMatchObject({
    error: 'invalid_scope',
  })
})

test('27 M 8707: an unknown resource, or one of which the client may use no scope, is invalid_target', async () => {
  const party = await partyOf({ grant_types: ['client_credentials'], redirect_uris: [] })
  for (const resource of ['https://other.example/', api])
    await expect(party.clientCredentials({ resource })).rejects.toMatchObject({ error: 'invalid_target' })
})
