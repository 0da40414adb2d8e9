import { createRemoteJWKSet, decodeProtectedHeader, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobs } from '../support/job.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { discover, type RelyingPartyOptions, type TestClientAuth } from '../support/relying-party.ts'
import { createSecurityFixture, redirectUri, type SecurityFixture, type Victim } from './attacker.ts'

/*
 * The server as an independent, certified client library sees it: every way to authenticate, every signature, with and
 * without pushed requests and DPoP, through the whole life of a sign-in.
 */
const API = 'https://orders.example'
const BYE = 'https://app.example/bye'
let latchkey: Latchkey
let fixture: SecurityFixture
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  await latchkey.services.resources.add({ identifier: API, scope: 'orders:read orders:write' })
  await latchkey.services.resources.add(jobs)
  victim = await fixture.victim([redirectUri, BYE])
})
afterAll(() => latchkey.stop())

async function party(method: TestClientAuth['method'], alg: string, dpop: boolean) {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const { redirect_uri, ...client } = await fixture.client({
    token_endpoint_auth_method: method,
    id_token_signed_response_alg: alg,
    grant_types: [
      'authorization_code',
      'refresh_token',
      ...(method === 'none' ? [] : ['client_credentials']),
    ],
    scope: `openid profile email offline_access orders:read ${jobs.scope}`,
    post_logout_redirect_uris: [BYE],
    ...(method === 'private_key_jwt' && {
      jwks: { keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256' }] },
    }),
  })
  const auth: TestClientAuth =
    method === 'private_key_jwt'
      ? { method, key: pair.privateKey }
      : method === 'none'
        ? { method }
        : { method, secret: String(client.client_secret) }
  const options: RelyingPartyOptions = {
    issuer: fixture.issuer,
    clientId: client.client_id,
    auth,
    redirectUri: redirect_uri,
    metadata: { id_token_signed_response_alg: alg },
    ...(dpop && { dpopKeys: await oidc.randomDPoPKeyPair('ES256') }),
  }
  return { client, rp: await discover(options) }
}

const methods = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'] as const
const combinations = methods.flatMap((method) =>
  ['RS256', 'PS256', 'ES256', 'EdDSA'].flatMap((alg) =>
    [
      { pushed: false, dpop: false },
      { pushed: true, dpop: true },
    ].map((extras) => ({ method, alg, ...extras })),
  ),
)

describe('everything advertised works', () => {
  test.each(combinations)(
    '$method, id_token $alg, PAR $pushed, DPoP $dpop',
    async ({ method, alg, pushed, dpop }) => {
      const { client, rp } = await party(method, alg, dpop)
      const request = await rp.authorize({ scope: 'openid profile email', pushed })
      const back = await victim.browser.open(request.url)
      const tokens = await rp.callback(back.url, request)
      expect(decodeProtectedHeader(String(tokens.id_token)).alg).toBe(alg)
      expect(tokens.claims()).toMatchObject({
        sub: victim.user.id,
        aud: client.client_id,
        nonce: request.nonce,
      })
      expect(tokens.token_type).toBe(dpop ? 'dpop' : 'bearer')
      expect(await rp.userinfo(tokens.access_token, victim.user.id)).toMatchObject({
        email: victim.user.email,
      })

      const refreshed = await rp.refresh(String(tokens.refresh_token))
      expect(refreshed.claims()).toMatchObject({ sub: victim.user.id })
      expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
      if (method !== 'none') {
        const seen = await rp.introspect(refreshed.access_token)
        expect(seen).toMatchObject({ active: true, sub: victim.user.id, ...(dpop && { token_type: 'DPoP' }) })
        expect((await rp.clientCredentials({ scope: jobs.scope })).access_token).toBeTypeOf('string')
      }
      await rp.revoke(String(refreshed.refresh_token))
      await expect(rp.refresh(String(refreshed.refresh_token))).rejects.toMatchObject({
        error: 'invalid_grant',
      })
      await expect(rp.userinfo(refreshed.access_token, victim.user.id)).rejects.toThrow()
    },
  )

  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    'JWT access tokens for an API, signed with %s',
    async (alg) => {
      const { client, rp } = await party('client_secret_basic', alg, false)
      const request = await rp.authorize({ scope: 'openid orders:read', resource: API })
      const back = await victim.browser.open(request.url)
      const tokens = await rp.callback(back.url, request, { resource: API })
      const keys = createRemoteJWKSet(new URL(String(rp.config.serverMetadata().jwks_uri)))
      const check = (token: string) =>
        jwtVerify(token, keys, { issuer: fixture.issuer, audience: API, typ: 'at+jwt' })
      const { payload, protectedHeader } = await check(tokens.access_token)
      expect(protectedHeader.alg).toBe(alg)
      expect(payload).toMatchObject({
        client_id: client.client_id,
        scope: 'orders:read',
        sub: victim.user.id,
      })

      const later = await rp.refresh(String(tokens.refresh_token), { resource: API })
      expect((await check(later.access_token)).payload.jti).not.toBe(payload.jti)
      const machine = await rp.clientCredentials({ resource: API, scope: 'orders:read' })
      expect((await check(machine.access_token)).payload.sub).toBe(client.client_id)
    },
  )

  test.each(methods)('sign-out with %s', async (method) => {
    const person = await fixture.victim([redirectUri, BYE])
    const { rp } = await party(method, 'RS256', false)
    const request = await rp.authorize()
    const tokens = await rp.callback((await person.browser.open(request.url)).url, request)
    const bye = await person.browser.open(
      rp.endSessionUrl({ id_token_hint: String(tokens.id_token), post_logout_redirect_uri: BYE, state: 'z' }),
    )
    expect(bye.url.href).toBe(`${BYE}?state=z`)
    await expect(rp.refresh(String(tokens.refresh_token))).rejects.toMatchObject({ error: 'invalid_grant' })
    const silent = await rp.authorize({ prompt: 'none' })
    const after = await person.browser.open(silent.url)
    expect(after.url.searchParams.get('error')).toBe('login_required')
  })
})
