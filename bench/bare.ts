/**
 * The ceiling that Latchkey is measured against: oidc-provider with the same features, algorithms and client, mounted
 * in Fastify the same way, on a store that is one Map. It hashes nothing, limits nothing, logs nothing, and signs in
 * everyone who asks. For loopback only; it is also the issuer that the example's tests run against.
 */
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import { exportJWK, generateKeyPair } from 'jose'
import Provider, { type ClientMetadata, type Configuration, errors, interactionPolicy } from 'oidc-provider'
import { createMapAdapter } from './map-adapter.ts'

export interface BareOptions {
  /** 0: any free port. */
  port: number
  clients: ClientMetadata[]
  /** Resource indicators; their JWT access tokens are signed as the client's id_tokens are. */
  resources?: string[]
  /** Those with access tokens that are looked up. */
  opaqueResources?: string[]
  /** Seconds. */
  accessTokenTtl?: number
}

export interface BareProvider {
  issuer: string
  close(): Promise<void>
}

const HOUR = 3600
const DAY = 24 * HOUR

async function signingKeys() {
  const algorithms = ['RS256', 'ES256'] as const
  const keys = algorithms.map(async (alg) => {
    const { privateKey } = await generateKeyPair(alg, { extractable: true })
    return { ...(await exportJWK(privateKey)), alg, use: 'sig', kid: alg }
  })
  return { keys: await Promise.all(keys) }
}

async function configuration(options: BareOptions): Promise<Configuration> {
  const resources = new Set(options.resources)
  const opaque = new Set(options.opaqueResources)
  return {
    adapter: createMapAdapter(),
    clients: options.clients,
    cookies: { keys: ['not a secret: this server is for measurements only'] },
    jwks: await signingKeys(),
    claims: {
      openid: ['sub', 'acr', 'amr', 'auth_time'],
      profile: ['name', 'preferred_username'],
      email: ['email'],
    },
    findAccount: (_ctx, id) => ({
      accountId: id,
      claims: () => ({ sub: id, name: `User ${id}`, preferred_username: id, email: `${id}@example.com` }),
    }),
    interactions: {
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
      policy: interactionPolicy.base(),
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    rotateRefreshToken: true,
    responseTypes: ['code'],
    pkce: { required: () => true },
    ttl: {
      AccessToken: options.accessTokenTtl ?? HOUR,
      ClientCredentials: options.accessTokenTtl ?? HOUR,
      RefreshToken: DAY,
      Grant: DAY,
      Session: DAY,
      IdToken: HOUR,
      Interaction: HOUR,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 1) },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      revocation: {
        enabled: true,
        allowedPolicy: (_ctx, client, token) => token.clientId === client.clientId,
      },
      backchannelLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo(_ctx, resource, client) {
          if (opaque.has(resource)) return { scope: 'list', audience: resource, accessTokenFormat: 'opaque' }
          if (!resources.has(resource)) throw new errors.InvalidTarget()
          const alg = client.idTokenSignedResponseAlg === 'ES256' ? 'ES256' : 'RS256'
          return { scope: 'read', audience: resource, accessTokenFormat: 'jwt', jwt: { sign: { alg } } }
        },
      },
    },
  }
}

/** Pages with the words of the contract: one form to sign in (any name) that also consents. */
const signInPage = `<!doctype html><title>Sign in</title><form method="post">
<label for="i">Email or username</label><input id="i" name="identifier">
<label for="p">Password</label><input id="p" name="password" type="password">
<button>Sign in</button><button name="deny" value="1">Deny</button></form>`

/** Starts the provider on 127.0.0.1. */
export async function startBare(options: BareOptions): Promise<BareProvider> {
  const app = Fastify({ forceCloseConnections: true })
  let callback: ReturnType<Provider['callback']> | undefined

  app.register(async (interactions) => {
    interactions.register(formbody)
    interactions.get('/interaction/:uid', (_request, reply) => reply.type('text/html').send(signInPage))
    interactions.post<{ Body: { identifier?: string; deny?: string } }>(
      '/interaction/:uid',
      async ({ raw, body }, reply) => {
        const { params, grantId } = await provider.interactionDetails(raw, reply.raw)
        const accountId = body.identifier || 'anonymous'
        const grant =
          (grantId ? await provider.Grant.find(grantId) : undefined) ??
          new provider.Grant({ accountId, clientId: String(params.client_id) })
        grant.addOIDCScope(String(params.scope))
        const result = body.deny
          ? { error: 'access_denied', error_description: 'the user declined' }
          : { login: { accountId }, consent: { grantId: await grant.save() } }
        return reply.redirect(await provider.interactionResult(raw, reply.raw, result), 303)
      },
    )
  })
  app.register(async (protocol) => {
    protocol.removeAllContentTypeParsers()
    protocol.addContentTypeParser('*', (_request, _payload, done) => done(null))
    protocol.route({
      method: ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS'],
      url: '/*',
      exposeHeadRoute: false,
      async handler(request, reply) {
        reply.hijack()
        await callback?.(request.raw, reply.raw)
      },
    })
  })

  const settings = await configuration(options)
  await app.listen({ host: '127.0.0.1', port: options.port })
  const address = app.server.address()
  const port = typeof address === 'object' && address ? address.port : options.port
  const issuer = `http://127.0.0.1:${port}`
  const provider = new Provider(issuer, settings)
  callback = provider.callback()
  return { issuer, close: () => app.close() }
}

if (import.meta.main) {
  const options: BareOptions = JSON.parse(process.env.BARE_OPTIONS ?? '{"port":0,"clients":[]}')
  const { issuer, close } = await startBare(options)
  process.on('SIGTERM', () => close().then(() => process.exit(0)))
  console.log(JSON.stringify({ msg: 'listening', issuer }))
}
