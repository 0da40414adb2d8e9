import type { FastifyInstance } from 'fastify'
import { decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobs } from '../support/job.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover, type RelyingParty, type Tokens } from '../support/relying-party.ts'
import { bearer, createApi } from './api.ts'
import { AUDIENCE } from './issuer.ts'

let latchkey: Latchkey
let party: RelyingParty
let machine: RelyingParty
let user: { id: string; email: string }
let jwtOnly: FastifyInstance
let introspecting: FastifyInstance
/** How far the APIs’ clocks are ahead, in milliseconds. */
let ahead = 0

beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier: AUDIENCE, scope: 'books:read' })
  await latchkey.services.resources.add(jobs)
  const { issuer } = latchkey
  const partyOf = async (metadata: Record<string, unknown>) => {
    const client = await latchkey.createClient(metadata)
    const secret = String(client.client_secret)
    const auth = { method: 'client_secret_basic', secret } as const
    return {
      client: { clientId: client.client_id, clientSecret: secret },
      party: await discover({ issuer, clientId: client.client_id, auth, redirectUri: client.redirect_uri }),
    }
  }
  const app = await partyOf({ scope: 'openid profile email books:read' })
  party = app.party
  machine = (
    await partyOf({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: `books:read ${jobs.scope}`,
    })
  ).party
  user = await latchkey.createUser()
  const options = { issuer, audience: AUDIENCE, clock: () => Date.now() + ahead }
  jwtOnly = await createApi(options)
  introspecting = await createApi({ ...options, introspection: app.client })
})
afterAll(async () => {
  await Promise.all([jwtOnly.close(), introspecting.close()])
  await latchkey.stop()
})

async function signIn(scope: string): Promise<Tokens> {
  const browser = createHttpBrowser({ stopAt: ['http://127.0.0.1:9/'] })
  const request = await party.authorize({ scope })
  let page = await browser.signIn(await browser.open(request.url), {
    identifier: user.email,
    password: PASSWORD,
  })
  if (!page.left) page = await browser.allow(page)
  return party.callback(page.url, request)
}
const status = async (app: FastifyInstance, token: string | undefined) =>
  (await app.inject({ url: '/any', headers: bearer(String(token)) })).statusCode

test('RFC 9068: of all that one sign-in gives, the access token alone gets through', async () => {
  const tokens = await signIn('openid books:read')
  for (const app of [jwtOnly, introspecting]) {
    expect(await status(app, tokens.access_token)).toBe(200)
    expect(await status(app, tokens.id_token)).toBe(401)
    expect(await status(app, tokens.refresh_token)).toBe(401)
  }
  const { json } = await jwtOnly.inject({ url: '/any', headers: bearer(tokens.access_token) })
  // No resource was named: the token is for userinfo, too.
  expect(json()).toMatchObject({ sub: user.id, isMachine: false, scopes: ['openid', 'books:read'] })
})

test('a machine’s token is told apart', async () => {
  const { access_token } = await machine.clientCredentials({ scope: 'books:read' })
  const { json } = await jwtOnly.inject({ url: '/any', headers: bearer(access_token) })
  expect(json()).toMatchObject({ isMachine: true, scopes: ['books:read'] })
})

test('an opaque token is refused without introspection; with it, it works until it is revoked', async () => {
  const { access_token } = await signIn('openid profile')
  expect(await status(jwtOnly, access_token)).toBe(401)
  expect(await status(introspecting, access_token)).toBe(200)
  await party.revoke(access_token)
  ahead += 5001
  expect(await status(introspecting, access_token)).toBe(401)
})

test('an opaque token of a person who was disabled ends', async () => {
  const { access_token } = await signIn('openid email')
  expect(await status(introspecting, access_token)).toBe(200)
  await latchkey.services.accounts.disable(user.id)
  ahead += 5001
  expect(await status(introspecting, access_token)).toBe(401)
  await latchkey.services.accounts.enable(user.id)
})

test('an opaque token of another client is not this API’s business', async () => {
  const { access_token } = await machine.clientCredentials({ scope: jobs.scope })
  expect(access_token).not.toContain('.')
  expect(await status(introspecting, access_token)).toBe(401)
})

test('keys that are rotated at once are seen without a restart, and the withdrawn ones end', async () => {
  const before = await machine.clientCredentials({ scope: 'books:read' })
  expect(await status(jwtOnly, before.access_token)).toBe(200)
  const old = decodeProtectedHeader(before.access_token).kid
  await latchkey.services.keys.rotate({ now: true })
  const after = await eventually(async () => {
    const { access_token } = await machine.clientCredentials({ scope: 'books:read' })
    expect(decodeProtectedHeader(access_token).kid).not.toBe(old)
    const { keys } = (await (await fetch(`${latchkey.issuer}/jwks`)).json()) as { keys: { kid: string }[] }
    expect(keys.map(({ kid }) => kid)).not.toContain(old)
    return access_token
  })
  ahead += 30_001
  expect(await status(jwtOnly, after)).toBe(200)
  expect(await status(jwtOnly, before.access_token)).toBe(401)
})

describe('with the credentials of the API', () => {
  const api = 'https://films.example'
  let asking: FastifyInstance
  let passed = 0
  const fromNow = () => Date.now() + passed
  const app = async (options: Record<string, unknown> = {}) => {
    const made = await latchkey.services.resourceCredentials.add(api)
    const introspection = {
      clientId: made.client_id,
      clientSecret: made.client_secret,
      jwts: true,
      ...options,
    }
    return createApi({ issuer: latchkey.issuer, audience: api, clock: fromNow, introspection })
  }
  const two = async (scope: string) => {
    const client = await latchkey.createClient({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope,
    })
    const auth = { method: 'client_secret_basic', secret: String(client.client_secret) } as const
    return discover({ issuer: latchkey.issuer, clientId: client.client_id, auth })
  }
  beforeAll(async () => {
    await latchkey.services.resources.add({ identifier: api, scope: 'films:read' })
    asking = await app()
  })
  afterAll(() => asking.close())

  test.each(['jwt', 'opaque'])(
    'tokens of several apps are told apart and end at once: %s',
    async (tokens) => {
      await latchkey.services.resources.update(api, { tokens })
      const parties = [await two('films:read books:read'), await two('films:read')]
      for (const each of parties) {
        const { access_token } = await each.clientCredentials({ scope: 'films:read', resource: api })
        expect(access_token.includes('.')).toBe(tokens === 'jwt')
        const answer = await asking.inject({ url: '/any', headers: bearer(access_token) })
        expect(answer.json()).toMatchObject({ isMachine: true, scopes: ['films:read'] })
        await each.revoke(access_token)
        passed += 5001
        expect(await status(asking, access_token)).toBe(401)
      }
      const { access_token: foreign } = await (parties[0] as RelyingParty).clientCredentials({
        scope: 'books:read',
        resource: AUDIENCE,
      })
      expect(await status(asking, foreign)).toBe(401)
    },
  )

  test.each(['jwt', 'opaque'])(
    '9470 6: a token says how and when the person signed in, read or asked about: %s',
    async (tokens) => {
      await latchkey.services.resources.update(api, { tokens })
      const client = await latchkey.createClient({ first_party: true, scope: 'openid films:read' })
      const auth = { method: 'client_secret_basic', secret: String(client.client_secret) } as const
      const each = await discover({
        ...{ issuer: latchkey.issuer, clientId: client.client_id, auth },
        redirectUri: client.redirect_uri,
      })
      const request = await each.authorize({ scope: 'openid films:read', resource: api })
      const browser = createHttpBrowser({ stopAt: [client.redirect_uri] })
      const { url } = await browser.signIn(await browser.open(request.url), {
        identifier: user.email,
        password: PASSWORD,
      })
      const { access_token, refresh_token, claims } = await each.callback(url, request)
      const said = { acr: 'urn:latchkey:acr:pwd', amr: ['pwd'], authTime: claims()?.auth_time }
      const refreshed = await each.refresh(String(refresh_token), { resource: api })
      for (const token of [access_token, refreshed.access_token]) {
        expect(token.includes('.')).toBe(tokens === 'jwt')
        const answer = await asking.inject({ url: '/any', headers: bearer(token) })
        expect(answer.json()).toMatchObject(said)
      }
      expect(said.authTime).toBeTypeOf('number')
    },
  )

  test('JWTs are read without asking, unless the API wants to', async () => {
    await latchkey.services.resources.update(api, { tokens: 'jwt' })
    const reading = await app({ jwts: false })
    const each = await two('films:read')
    const { access_token } = await each.clientCredentials({ scope: 'films:read', resource: api })
    await each.revoke(access_token)
    expect(await status(reading, access_token)).toBe(200)
    expect(await status(asking, access_token)).toBe(401)
    await reading.close()
  })
})
