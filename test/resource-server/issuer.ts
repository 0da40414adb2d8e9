import { createServer, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

/** An authorization server to test against: its keys, its outages and its answers are the test's. */
export interface TestIssuer {
  issuer: string
  /** How often each path was asked. */
  asked: Map<string, number>
  /** The key that signs, and what is published. */
  key: SigningKey
  published: JWK[]
  /** What introspection answers, by token; everything else is inactive. */
  opaque: Map<string, Record<string, unknown>>
  /** The last introspection request. */
  introspected: { authorization: string | undefined; body: URLSearchParams } | undefined
  metadata: Record<string, unknown>
  /** A token of RFC 9068; what is undefined is left out. */
  token(claims?: Record<string, unknown>, header?: Record<string, unknown>, key?: SigningKey): Promise<string>
  /** Replaces the key; the old one is no longer published. */
  rotate(): Promise<void>
  /** Waits before each answer, until it is called again without a promise. */
  hold(until?: Promise<unknown>): void
  down(): Promise<void>
  up(): Promise<void>
}

export interface SigningKey {
  privateKey: CryptoKey | Uint8Array
  jwk: JWK
  alg: string
}

export const AUDIENCE = 'https://books.example/api'

export async function createKey(alg = 'RS256', kid: string = crypto.randomUUID()): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' }, alg }
}

const without = (values: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined))

/** @param now seconds since the epoch */
export async function createTestIssuer(now: () => number = () => Date.now() / 1000): Promise<TestIssuer> {
  const asked = new Map<string, number>()
  const key = await createKey()
  let held: Promise<unknown> | undefined
  let server: Server
  let port = 0

  async function answer(request: IncomingMessage): Promise<unknown> {
    const path = String(request.url)
    asked.set(path, (asked.get(path) ?? 0) + 1)
    await held
    if (path === '/.well-known/openid-configuration') return self.metadata
    if (path === '/jwks') return { keys: self.published }
    if (path !== '/introspect') return undefined
    const body = new URLSearchParams(await text(request))
    self.introspected = { authorization: request.headers.authorization, body }
    return self.opaque.get(String(body.get('token'))) ?? { active: false }
  }

  const self: TestIssuer = {
    issuer: '',
    asked,
    key,
    published: [key.jwk],
    opaque: new Map(),
    introspected: undefined,
    metadata: {},
    token(claims = {}, header = {}, signer = self.key) {
      const payload = without({
        iss: self.issuer,
        aud: AUDIENCE,
        sub: 'ada',
        client_id: 'app',
        scope: 'books:read',
        jti: crypto.randomUUID(),
        iat: Math.floor(now()),
        exp: Math.floor(now()) + 3600,
        ...claims,
      })
      const all = without({ alg: signer.alg, typ: 'at+jwt', kid: signer.jwk.kid, ...header })
      return new SignJWT(payload).setProtectedHeader({ alg: signer.alg, ...all }).sign(signer.privateKey)
    },
    async rotate() {
      self.key = await createKey()
      self.published = [self.key.jwk]
    },
    hold(until) {
      held = until
    },
    async down() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
    up() {
      server = createServer(async (request, response) => {
        const body = await answer(request)
        response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' })
        response.end(JSON.stringify(body ?? {}))
      })
      return new Promise((resolve) =>
        server.listen(port, 'localhost', () => {
          const address = server.address()
          port = typeof address === 'object' && address ? address.port : 0
          self.issuer = `http://localhost:${port}`
          self.metadata = {
            issuer: self.issuer,
            jwks_uri: `${self.issuer}/jwks`,
            introspection_endpoint: `${self.issuer}/introspect`,
          }
          resolve()
        }),
      )
    },
  }
  await self.up()
  return self
}
