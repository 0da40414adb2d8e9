import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { jobClient, jobGrant, jobs } from '../support/job.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  passTime,
  post,
  redirectUri,
  type SecurityFixture,
} from './attacker.ts'

const ISSUER = 'https://id.example'
/** An address inside the network that nothing may connect to. */
let inside: Server
let connections = 0
let fixture: SecurityFixture
let latchkey: Latchkey
let at: string
const pairs = generateKeyPair('ES256', { extractable: true })

beforeAll(async () => {
  inside = createServer((socket) => {
    connections++
    socket.destroy()
  })
  inside.listen(0, 'localhost')
  await once(inside, 'listening')
  latchkey = await startLatchkey({ env: { ISSUER }, clock })
  await latchkey.services.resources.add(jobs)
  fixture = createSecurityFixture(latchkey)
  at = `http://localhost:${latchkey.env.PORT}`
})
afterAll(async () => {
  await latchkey.stop()
  inside.close()
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

/** The answer to a client that proves itself by a key at `jwksUri`. */
async function authenticateBy(jwksUri: string, signer?: { alg: string; key: KeyObject }) {
  const client = await latchkey.createClient({
    ...jobClient,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks_uri: jwksUri,
  })
  const assertion = await new SignJWT({ jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: signer?.alg ?? 'ES256' })
    .setIssuer(client.client_id)
    .setSubject(client.client_id)
    .setAudience(ISSUER)
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(signer?.key ?? (await pairs).privateKey)
  return post(`${at}/token`, {
    ...jobGrant,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
  })
}

/** Answers outgoing requests to https addresses in the place of the network. */
function stubNetwork(answer: (request: Request) => Response | Promise<Response>) {
  const real = globalThis.fetch
  const asked: Request[] = []
  vi.stubGlobal('fetch', async (input: string | URL, init?: RequestInit) => {
    if (!String(input).startsWith('https:')) return real(input, init)
    const { dispatcher: _, ...plain } = (init ?? {}) as RequestInit & { dispatcher?: unknown }
    const request = new Request(input, plain)
    asked.push(request)
    return answer(request)
  })
  return asked
}

test('a jwks_uri is fetched from the outside, and its keys are good', async () => {
  const jwk = await exportJWK((await pairs).publicKey)
  const asked = stubNetwork(() => Response.json({ keys: [jwk] }))
  expect((await authenticateBy('https://keys.example/jwks')).status).toBe(200)
  expect(asked.map(({ redirect }) => redirect)).toEqual(['error'])
})

/** Every way to write the port of the listener that is not a public address. */
const inward = () => {
  const { port } = inside.address() as AddressInfo
  return ['localhost', '127.0.0.1', 'localhost.', '127.1', '[::ffff:127.0.0.1]'].map(
    (host) => `https://${host}:${port}/`,
  )
}

test('a jwks_uri that is or resolves to an address inside is refused before anything connects', async () => {
  for (const url of inward()) {
    const answer = await authenticateBy(url)
    expect([url, answer.status, answer.json.error]).toEqual([url, 401, 'invalid_client'])
  }
  expect(connections).toBe(0)
})

test('a back-channel notice to an address inside is refused before anything connects', async () => {
  const { port } = inside.address() as AddressInfo
  const client = await fixture.client({ backchannel_logout_uri: `http://localhost:${port}/back-channel` })
  const user = await latchkey.createUser()
  // A minimal reverse proxy that terminates TLS.
  const proxied = (input: string | URL | Request, init?: RequestInit) =>
    fetch(String(input).replace(ISSUER, at), init)
  const browser = createHttpBrowser({ stopAt: [redirectUri], fetch: proxied })
  const back = await browser.signIn(await browser.open(fixture.authorizeUrl(client)), {
    identifier: user.email,
    password: PASSWORD,
  })
  expect(back.url.searchParams.get('code')).toBeTypeOf('string')
  const real = globalThis.fetch
  const tried = new Promise<unknown>((resolve) => {
    vi.stubGlobal('fetch', (input: string | URL, init?: RequestInit) => {
      const answer = real(input, init)
      if (String(input).includes('/back-channel')) answer.then(resolve, resolve)
      return answer
    })
  })
  await browser.submit(await browser.open(`${ISSUER}/logout`), {}, { button: 'Sign out' })
  expect(await tried).toMatchObject({ cause: { message: 'localhost is not a public address' } })
  expect(connections).toBe(0)
})

test.each([1024, 8192])(
  'an RSA key of %i bits at a jwks_uri is ignored, and the others count (RFC 7517 §5)',
  async (modulusLength) => {
    const n = Buffer.alloc(modulusLength / 8, 0xff).toString('base64url')
    const unfit = { kty: 'RSA', e: 'AQAB', n, kid: 'unfit' }
    const jwk = await exportJWK((await pairs).publicKey)
    stubNetwork(() => Response.json({ keys: [unfit, jwk] }, { headers: { 'cache-control': 'max-age=300' } }))
    expect((await authenticateBy('https://keys.example/jwks')).status).toBe(200)
    vi.unstubAllGlobals()
    stubNetwork(() => Response.json({ keys: [unfit] }))
    expect(await authenticateBy('https://keys.example/other')).toMatchObject({ status: 401 })
  },
)

test('a signature by an RSA key of more than 4,096 bits at a jwks_uri is not even checked', async () => {
  const big = generateKeyPairSync('rsa', { modulusLength: 4104 })
  stubNetwork(() => Response.json({ keys: [big.publicKey.export({ format: 'jwk' })] }))
  const answer = await authenticateBy('https://keys.example/big', { alg: 'RS256', key: big.privateKey })
  expect(answer).toMatchObject({ status: 401, json: { error: 'invalid_client' } })
})

test('an answer without end is not read to its end', async () => {
  let sent = 0
  stubNetwork(
    () =>
      new Response(
        new ReadableStream({
          pull(controller) {
            sent += 16_384
            controller.enqueue(new Uint8Array(16_384).fill(32))
          },
        }),
      ),
  )
  expect(await authenticateBy('https://keys.example/endless')).toMatchObject({ status: 401 })
  expect(sent).toBeLessThan(1_000_000)
})

test('nonsense in the place of keys is the client’s mistake, not ours', async () => {
  for (const body of ['', '{', 'null', '[]', '{"keys":null}', '{"keys":[null,{}]}', '<html>']) {
    stubNetwork(() => new Response(body))
    const answer = await authenticateBy('https://keys.example/nonsense')
    expect(answer.status).toBe(401)
    passTime(120)
    vi.unstubAllGlobals()
  }
})

test('a request has to arrive in half a minute (slow senders)', () => {
  expect(latchkey.app.server.requestTimeout).toBe(30_000)
})
