import { createHmac } from 'node:crypto'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { hashSecret } from '../../src/clients/secrets.ts'
import {
  clock,
  createSecurityFixture,
  credentials,
  get,
  passTime,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { assemble, createSigner, type Signer } from './signer.ts'

/** RFC 9101: signed requests by value, at the authorization endpoint and pushed. */
let latchkey: Latchkey
let fixture: SecurityFixture
let victim: Victim
let key: Signer
let other: Signer
let client: TestClient
const verifier = 'v'.repeat(43)

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  victim = await fixture.victim()
  ;[key, other] = await Promise.all([createSigner('PS256'), createSigner('PS256', 'other')])
  client = await fixture.client({ request_object_signing_alg: 'PS256', jwks: key.jwks })
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const now = () => Math.floor(clock() / 1000)

type Claims = Record<string, unknown>

const claimsOf = (of: TestClient, over: Claims = {}): Claims => {
  const claims: Claims = {
    iss: of.client_id,
    aud: fixture.issuer,
    client_id: of.client_id,
    exp: now() + 300,
    nbf: now(),
    response_type: 'code',
    redirect_uri: of.redirect_uri,
    scope: 'openid',
    state: 'signed-state',
    code_challenge: pkce(verifier).challenge,
    code_challenge_method: 'S256',
    ...over,
  }
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined))
}

const visit = (of: TestClient, parameters: Record<string, string>) =>
  `${fixture.issuer}/authorize?${new URLSearchParams({ client_id: of.client_id, ...parameters })}`
const open = (of: TestClient, request: string, beside: Record<string, string> = {}) =>
  victim.browser.open(visit(of, { request, ...beside }))
const push = (of: TestClient, request: string, beside: Record<string, string> = {}) => {
  const own = credentials(of)
  return post(`${fixture.issuer}/par`, { ...own.body, request, ...beside }, own.headers)
}

describe('a signed request by value', () => {
  test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])(
    '%s: gives a code, and works when it is pushed',
    async (alg) => {
      const signer = await createSigner(alg)
      const signing = await fixture.client({ request_object_signing_alg: alg, jwks: signer.jwks })
      const back = await open(signing, await signer.sign(claimsOf(signing), { typ: 'oauth-authz-req+jwt' }))
      expect([back.url.searchParams.get('state'), back.url.searchParams.get('iss')]).toEqual([
        'signed-state',
        fixture.issuer,
      ])
      const code = { code: String(back.url.searchParams.get('code')), verifier, redirect_uri: redirectUri }
      expect((await fixture.exchange(signing, code)).status).toBe(200)

      const { status, json } = await push(signing, await signer.sign(claimsOf(signing)))
      expect([status, json.expires_in]).toEqual([201, 60])
      const pushed = await victim.browser.open(visit(signing, { request_uri: String(json.request_uri) }))
      expect(pushed.url.searchParams.get('code')).toBeTypeOf('string')
    },
  )

  test('parameters beside it count for nothing; only client_id is needed there', async () => {
    const beside = { scope: 'openid email', state: 'beside', nonce: 'beside', max_age: '0', prompt: 'login' }
    const back = await open(client, await key.sign(claimsOf(client)), beside)
    expect(back.left).toBe(true)
    expect(back.url.searchParams.get('state')).toBe('signed-state')
    const code = { code: String(back.url.searchParams.get('code')), verifier, redirect_uri: redirectUri }
    const tokens = (await fixture.exchange(client, code)).json
    expect(tokens.scope).toBe('openid')
    expect(decodeJwt(String(tokens.id_token)).nonce).toBeUndefined()
  })

  test('how an answer is formed is taken from it, also for errors before it is read', async () => {
    const both = {
      request_uri: 'urn:ietf:params:oauth:request_uri:x',
      response_mode: 'query',
      state: 'beside',
    }
    const posted = await open(client, await key.sign(claimsOf(client, { response_mode: 'form_post' })), both)
    const fields = Object.fromEntries(posted.forms[0]?.fields.map(({ name, value }) => [name, value]) ?? [])
    expect(fields).toMatchObject({ error: 'invalid_request', state: 'signed-state' })
    const silent = await open(client, await key.sign(claimsOf(client, { state: undefined })), {
      ...both,
      response_mode: 'form_post',
    })
    expect(silent.url.searchParams.get('error')).toBe('invalid_request')
    expect(silent.url.searchParams.get('state')).toBeNull()
  })

  test('state only beside it is not used; a redirect_uri in it counts, whatever stands beside', async () => {
    const back = await open(client, await key.sign(claimsOf(client, { state: undefined })), {
      state: 'beside',
      redirect_uri: 'https://evil.example/',
    })
    expect(back.url.href).toMatch(/^https:\/\/app\.example\/callback\?code=/)
    expect(back.url.searchParams.get('state')).toBeNull()
  })

  test('may be loaded again by the person who was sent with it (no jti)', async () => {
    const request = await key.sign(claimsOf(client, { jti: 'once' }))
    for (const _ of [1, 2])
      expect((await open(client, request)).url.searchParams.get('code')).toBeTypeOf('string')
  })

  test('names several audiences, the issuer among them', async () => {
    const back = await open(
      client,
      await key.sign(claimsOf(client, { aud: [fixture.issuer, 'https://other.example'] })),
    )
    expect(back.url.searchParams.get('code')).toBeTypeOf('string')
  })

  test('clocks: nbf 8 seconds ahead is accepted, more than 60 is not', async () => {
    const ahead = async (seconds: number) =>
      (await open(client, await key.sign(claimsOf(client, { nbf: now() + seconds })))).url.searchParams
    expect((await ahead(8)).get('code')).toBeTypeOf('string')
    expect((await ahead(61)).get('error')).toBe('invalid_request_object')
  })
})

describe('a request that is not signed as it should be', () => {
  const secretKey = (secret: string) => new TextEncoder().encode(secret)
  const hs256 = (claims: Claims, secret: string) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(secretKey(secret))

  test('signed HS256 with the secret, with what is stored of it, or with the public key: refused', async () => {
    const secret = String(client.client_secret)
    const hash = hashSecret(secret)
    const stored = await latchkey.services.clients.findForProtocol(client.client_id)
    expect(stored?.secretHashes).toEqual([hash])
    const free = await fixture.client({ request_object_signing_alg: null })
    for (const each of [client, free])
      for (const shared of [
        secret,
        hash,
        JSON.stringify(key.jwk),
        String(free.client_secret),
        hashSecret(String(free.client_secret)),
      ]) {
        const request = await hs256(claimsOf(each), shared)
        expect((await open(each, request)).url.searchParams.get('error')).toBe('invalid_request_object')
        expect((await push(each, request)).json).toMatchObject({ error: 'invalid_request_object' })
      }
  })

  test('no list of discovery has a symmetric algorithm, none, or anything that is encrypted', async () => {
    for (const path of ['openid-configuration', 'oauth-authorization-server']) {
      const { json } = await get(`${fixture.issuer}/.well-known/${path}`)
      expect(json).toMatchObject({
        request_parameter_supported: true,
        request_uri_parameter_supported: false,
        request_object_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
        authorization_signing_alg_values_supported: ['RS256', 'PS256', 'ES256', 'EdDSA'],
      })
      expect(json.response_modes_supported).toEqual(
        expect.arrayContaining(['jwt', 'query.jwt', 'fragment.jwt', 'form_post.jwt']),
      )
      const lists = Object.entries(json).filter(([name]) => /_(alg|enc)_values_supported$/.test(name))
      expect(lists.length).toBeGreaterThan(4)
      for (const [name, values] of lists) {
        expect([name, values]).toEqual([name, expect.not.arrayContaining(['none', 'dir'])])
        expect(String(values)).not.toMatch(/HS\d|A\d+KW/)
        expect(name).not.toMatch(/_encryption_/)
      }
    }
  })

  const cases: [string, Claims, Record<string, unknown>?][] = [
    ['that has expired', { exp: 1_000_000_000 }],
    ['without exp', { exp: undefined }],
    ['whose exp is no number', { exp: '4102444800' }],
    ['that ends more than an hour ahead', { exp: Math.floor(Date.now() / 1000) + 3700 }],
    ['for another server', { aud: 'https://other.example' }],
    ['for nobody', { aud: undefined }],
    ['by another issuer', { iss: 'lk_somebody' }],
    ['by nobody', { iss: undefined }],
    ['that could be a client assertion (sub)', { sub: 'lk_somebody' }],
    ['of another client', { client_id: 'lk_somebody' }],
    ['with a request in it', { request: 'x.y.z' }],
    ['with a request_uri in it', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
    ['that is a DPoP proof by its typ', {}, { typ: 'dpop+jwt' }],
    ['that is an access token by its typ', {}, { typ: 'at+jwt' }],
    ['with an extension that has to be understood', {}, { crit: ['x'], x: 1 }],
  ]
  test.each(cases)(
    '%s: refused, at both endpoints, and the error goes where the object says',
    async (_, over, header) => {
      const claims = claimsOf(client, { response_mode: 'form_post', ...over })
      // jose itself refuses to sign a header with an unknown crit.
      const request =
        header?.crit === undefined
          ? await key.sign(claims, header ?? {})
          : assemble({ alg: 'PS256', kid: key.kid, ...header }, claims, 'AAAA')
      const page = await open(client, request)
      expect(page.forms.map(({ action, method }) => [action, method])).toEqual([[redirectUri, 'post']])
      const fields = Object.fromEntries(page.forms[0]?.fields.map(({ name, value }) => [name, value]) ?? [])
      expect(fields).toMatchObject({
        error: 'invalid_request_object',
        state: 'signed-state',
        iss: fixture.issuer,
      })
      expect(page.status).toBe(400)
      const pushed = await push(client, request)
      expect([pushed.status, pushed.json.error]).toEqual([400, 'invalid_request_object'])
    },
  )

  test.each<[string, () => Promise<string> | string]>([
    ['by nobody (alg none)', () => assemble({ alg: 'none' }, claimsOf(client))],
    ['by another key', () => other.sign(claimsOf(client))],
    ['by another key under the right kid', () => other.sign(claimsOf(client), { kid: key.kid })],
    ['by a key in its own header', () => other.sign(claimsOf(client), { jwk: other.jwk as never })],
    [
      'by a key of a jku header',
      () => other.sign(claimsOf(client), { jku: 'https://evil.example/jwks' } as never),
    ],
    [
      'with another algorithm than is registered',
      () =>
        key
          .sign(claimsOf(client), { alg: 'RS256' })
          .catch(() => assemble({ alg: 'RS256', kid: key.kid }, claimsOf(client), 'AAAA')),
    ],
    [
      'and then changed',
      async () => {
        const [head, , signature] = (await key.sign(claimsOf(client))).split('.')
        const body = Buffer.from(JSON.stringify(claimsOf(client, { scope: 'openid email' }))).toString(
          'base64url',
        )
        return `${head}.${body}.${signature}`
      },
    ],
    [
      'with a MAC under its own public key',
      () => {
        const [head, body] = assemble({ alg: 'HS256' }, claimsOf(client)).split('.')
        return `${head}.${body}.${createHmac('sha256', JSON.stringify(key.jwk)).update(`${head}.${body}`).digest('base64url')}`
      },
    ],
  ])('signed %s: refused', async (_, make) => {
    const request = await make()
    const back = await open(client, request)
    expect([back.url.origin, back.url.searchParams.get('error'), back.url.searchParams.get('state')]).toEqual(
      ['https://app.example', 'invalid_request_object', 'signed-state'],
    )
    expect((await push(client, request)).json.error).toBe('invalid_request_object')
  })

  test.each<[string, string]>([
    ['no JWT', 'nonsense'],
    ['five parts', 'eyJhbGciOiJkaXIifQ.a.b.c.d'],
    ['an array', assemble({ alg: 'PS256' }, [1], 'AAAA')],
    ['null', assemble({ alg: 'PS256' }, null as never, 'AAAA')],
    [
      'names of objects',
      assemble(
        { alg: '__proto__' },
        JSON.parse(
          '{"__proto__":{"redirect_uri":"https://evil.example/"},"constructor":"x","redirect_uri":{"a":1}}',
        ),
        'AAAA',
      ),
    ],
    ['NUL and worse', '\0.\u0000.%ff'],
  ])('that is %s: a page, and no 5xx', async (_, request) => {
    const page = await open(client, request)
    expect([page.left, page.status]).toEqual([false, 400])
    expect((await push(client, request)).status).toBe(400)
  })

  test('with a redirect_uri that is not registered: a page, and nothing goes there', async () => {
    for (const signer of [key, other]) {
      const page = await open(
        client,
        await signer.sign(claimsOf(client, { redirect_uri: 'https://evil.example/' })),
      )
      expect([page.left, page.status]).toEqual([false, 400])
      expect(page.forms.map(({ action }) => action)).not.toContain('https://evil.example/')
    }
  })

  test('request and request_uri together, and a request_uri of another host: refused', async () => {
    const { json } = await push(client, await key.sign(claimsOf(client)))
    const both = await open(client, await key.sign(claimsOf(client)), {
      request_uri: String(json.request_uri),
    })
    expect(both.url.searchParams.get('error')).toBe('invalid_request')
    const elsewhere = await victim.browser.open(
      visit(client, {
        request_uri: 'https://app.example/request.jwt',
        redirect_uri: redirectUri,
        response_type: 'code',
      }),
    )
    expect(elsewhere.url.searchParams.get('error')).toBe('request_uri_not_supported')
  })
})

describe('a client that has to sign its requests', () => {
  test.each([
    ['signed', true],
    ['plain', false],
  ])(
    'a flow that took too long, of a %s request: signed, it is not begun again without its signature',
    async (_, signed) => {
      const strict = await fixture.client(
        signed ? { require_signed_request_object: true, jwks: key.jwks } : {},
      )
      const browser = createHttpBrowser({ stopAt: [redirectUri] })
      const page = await browser.open(
        signed ? visit(strict, { request: await key.sign(claimsOf(strict)) }) : fixture.authorizeUrl(strict),
      )
      expect(page.text).toContain('Password')
      passTime(3601)
      const late = await browser.open(page.url)
      expect(late.left).toBe(false)
      expect(late.text).toContain(signed ? 'This sign-in took too long' : 'Password')
    },
  )

  test('gets nothing from plain parameters, at either endpoint', async () => {
    const strict = await fixture.client({ require_signed_request_object: true, jwks: key.jwks })
    const plain = await victim.browser.open(fixture.authorizeUrl(strict))
    expect(plain.url.searchParams.get('error')).toBe('invalid_request')
    const own = credentials(strict)
    const pushed = await post(
      `${fixture.issuer}/par`,
      { ...own.body, ...(claimsOf(strict) as Record<string, string>) },
      own.headers,
    )
    expect(pushed.json).toMatchObject({
      error: 'invalid_request',
      error_description: 'Request Object must be used by this client',
    })
    const signed = await open(strict, await key.sign(claimsOf(strict)))
    expect(signed.url.searchParams.get('code')).toBeTypeOf('string')
  })
})

describe('a pushed request', () => {
  test('that ends before its minute: its request_uri does too, and says so', async () => {
    const { json } = await push(client, await key.sign(claimsOf(client, { exp: now() + 20 })))
    // A second may begin in between.
    expect([19, 20]).toContain(json.expires_in)
    const gone = await push(client, await key.sign(claimsOf(client, { exp: now() - 3 })))
    expect(gone.json).toMatchObject({ error: 'invalid_request_object' })
  })

  test('that is over is answered where its client listens', async () => {
    const { json } = await push(client, await key.sign(claimsOf(client, { response_mode: 'form_post' })))
    passTime(61)
    const page = await victim.browser.open(
      visit(client, {
        request_uri: String(json.request_uri),
        redirect_uri: 'https://evil.example/',
        state: 'beside',
      }),
    )
    const fields = Object.fromEntries(page.forms[0]?.fields.map(({ name, value }) => [name, value]) ?? [])
    expect(page.forms[0]?.action).toBe(redirectUri)
    expect(fields).toMatchObject({ error: 'invalid_request_uri', state: 'signed-state' })
  })

  test('of another client is not answered there', async () => {
    const { json } = await push(client, await key.sign(claimsOf(client)))
    const stranger = await fixture.client()
    const page = await victim.browser.open(visit(stranger, { request_uri: String(json.request_uri) }))
    expect([page.left, page.status]).toEqual([false, 400])
  })
})
