import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import type { AuthorizeOptions, RelyingParty } from '../support/relying-party.ts'
import { registerParty } from './party.ts'

const api = 'https://books.example/api'
let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier: api, name: 'Books', scope: 'books:read books:write' })
})
afterAll(() => latchkey.stop())

const partyOf = (metadata: Record<string, unknown>) => registerParty(latchkey, metadata)
const verified = (token: string) =>
  jwtVerify(token, createRemoteJWKSet(new URL(`${latchkey.issuer}/jwks`)), {
    issuer: latchkey.issuer,
    audience: api,
    typ: 'at+jwt',
  })

test('RFC 9068: a person’s token for a resource is a JWT with that audience and the scopes that were allowed', async () => {
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

test('RFC 9700 §2.2.1: a machine gets only the scopes that its registration names, for that audience', async () => {
  const party = await partyOf({ grant_types: ['client_credentials'], redirect_uris: [], scope: 'books:read' })
  const tokens = await party.clientCredentials({ resource: api, scope: 'books:read' })
  expect((await verified(tokens.access_token)).payload).toMatchObject({ scope: 'books:read' })
  await expect(party.clientCredentials({ resource: api, scope: 'books:write' })).rejects.toMatchObject({
    error: 'invalid_scope',
  })
})

test('RFC 8707: an unknown resource, or one of which the client may use no scope, is invalid_target', async () => {
  const party = await partyOf({ grant_types: ['client_credentials'], redirect_uris: [] })
  for (const resource of ['https://other.example/', api])
    await expect(party.clientCredentials({ resource })).rejects.toMatchObject({ error: 'invalid_target' })
})

describe('a client that cannot send resource', () => {
  const browserOf = async () => {
    const user = await latchkey.createUser()
    const browser = createHttpBrowser({ stopAt: ['http://127.0.0.1:9/'] })
    return async (party: RelyingParty, options: AuthorizeOptions) => {
      const request = await party.authorize(options)
      let page = await browser.open(request.url)
      if (page.url.pathname.startsWith('/interaction') && !page.text.includes('Allow'))
        page = await browser.signIn(page, { identifier: user.username, password: PASSWORD })
      if (!page.left) page = await browser.allow(page)
      return party.callback(page.url, request)
    }
  }

  /** For the API, and for userinfo: it is a sign-in as well. */
  const both = () => ({ aud: [api, `${latchkey.issuer}/userinfo`], scope: 'openid books:read' })

  test.each([false, true])(
    'gets a token for the one API that its scopes belong to (pushed: %s)',
    async (pushed) => {
      const party = await partyOf({ scope: 'openid profile offline_access books:read books:write' })
      const authorize = await browserOf()
      const tokens = await authorize(party, { scope: 'openid books:read', pushed })
      expect((await verified(tokens.access_token)).payload).toMatchObject(both())
      expect(tokens.claims()?.sub).toBeTypeOf('string')

      const refreshed = await party.refresh(String(tokens.refresh_token))
      expect((await verified(refreshed.access_token)).payload).toMatchObject(both())
      // Allowed already: the second time nobody is asked, and it is the same API.
      const again = await authorize(party, { scope: 'openid books:read', pushed })
      expect((await verified(again.access_token)).payload).toMatchObject(both())
    },
  )

  test('has the claims about the person in the id_token and at userinfo, which takes that access token', async () => {
    const party = await partyOf({ scope: 'openid profile books:read' })
    const tokens = await (await browserOf())(party, { scope: 'openid profile books:read' })
    const claims = tokens.claims()
    expect(claims).toMatchObject({ preferred_username: expect.any(String) })
    const info = await party.userinfo(tokens.access_token, String(claims?.sub))
    expect(info).toMatchObject({ preferred_username: expect.any(String) })
  })

  test('asks for openid alone and gets an opaque token for userinfo, whatever else it may ask for', async () => {
    const party = await partyOf({ scope: 'openid profile books:read' })
    const tokens = await (await browserOf())(party, { scope: 'openid profile' })
    expect(tokens.access_token).not.toContain('.')
    expect(await party.userinfo(tokens.access_token, String(tokens.claims()?.sub))).toHaveProperty('name')
  })

  test('asks for a scope that is not its own: told at once, instead of an API that refuses it later', async () => {
    const party = await partyOf({ scope: 'openid books:read' })
    const authorize = await browserOf()
    await expect(authorize(party, { scope: 'openid books:write' })).rejects.toMatchObject({
      error: 'invalid_scope',
    })
  })

  test('a machine gets a token for that API; its scopes are checked as ever', async () => {
    const machine = { grant_types: ['client_credentials'], redirect_uris: [] }
    const party = await partyOf({ ...machine, scope: 'books:read' })
    const tokens = await party.clientCredentials({ scope: 'books:read' })
    expect((await verified(tokens.access_token)).payload).toMatchObject({ aud: api, scope: 'books:read' })
    for (const scope of ['books:read books:write', 'books:write', 'nonsense', 'openid nonsense'])
      await expect(party.clientCredentials({ scope })).rejects.toMatchObject({ error: 'invalid_scope' })
  })

  test('scopes of two APIs: a machine is told to name one; a scope that both have does not decide', async () => {
    await latchkey.services.resources.add({ identifier: 'https://films.example', scope: 'films:read shared' })
    await latchkey.services.resources.add({ identifier: 'https://songs.example', scope: 'songs:read shared' })
    const party = await partyOf({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'films:read songs:read shared',
    })
    for (const scope of ['shared', 'films:read songs:read'])
      await expect(party.clientCredentials({ scope })).rejects.toMatchObject({
        error: 'invalid_target',
        error_description: expect.stringContaining('resource parameter'),
      })
    const films = await party.clientCredentials({ scope: 'films:read shared' })
    expect(decodeJwt(films.access_token)).toMatchObject({
      aud: 'https://films.example',
      scope: 'films:read shared',
    })
    const named = await party.clientCredentials({ scope: 'shared', resource: 'https://songs.example' })
    expect(decodeJwt(named.access_token)).toMatchObject({ aud: 'https://songs.example' })
  })

  test('scopes of two APIs without resource: the app is told to name one', async () => {
    const party = await partyOf({ scope: 'openid films:read songs:read' })
    const authorize = await browserOf()
    await expect(authorize(party, { scope: 'openid films:read songs:read' })).rejects.toMatchObject({
      error: 'invalid_target',
    })
  })
})
