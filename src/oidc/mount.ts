import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Provider } from 'oidc-provider'
import { continueByGet } from './post-to-get.ts'
import { routes } from './provider.ts'

/**
 * The protocol library behind Fastify: explicit routes, so that hooks, headers and rate limits of ours hold, and the
 * raw request and response handed over untouched.
 */
export interface MountOptions {
  issuer: string
  /** The provider of this moment: it changes when keys do. */
  current(): Provider
  /** Route options (a rate limit) of the endpoints that check a client's secret or start a flow. */
  limits: { token: RouteShorthandOptions; authorization: RouteShorthandOptions }
}

/**
 * Host and protocol come from the configured issuer and the address from the trusted proxy chain, whatever the request
 * says (security: a forged Host or X-Forwarded-* changes nothing).
 */
export function pinToIssuer(request: FastifyRequest, issuer: string): void {
  const { headers } = request.raw
  const url = new URL(issuer)
  const address = request.ip
  headers.host = url.host
  headers['x-forwarded-proto'] = url.protocol.slice(0, -1)
  headers['x-forwarded-for'] = address
  delete headers['x-forwarded-host']
  delete headers.forwarded
}

const PROTOCOL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

interface Endpoint {
  path: string
  methods: readonly string[]
  limit?: keyof MountOptions['limits']
  /** POST is taken too, and goes on as a GET (post-to-get.ts). */
  byPost?: true
}

const READ = ['GET', 'HEAD', 'OPTIONS']
const CALL = ['POST', 'OPTIONS']
const PAGE = ['GET', 'HEAD']

const endpoints: readonly Endpoint[] = [
  { path: '/.well-known/openid-configuration', methods: READ },
  { path: '/.well-known/oauth-authorization-server', methods: READ },
  { path: routes.jwks, methods: READ },
  { path: routes.authorization, methods: PAGE, limit: 'authorization', byPost: true },
  { path: `${routes.authorization}/:uid`, methods: PAGE, limit: 'authorization' },
  { path: routes.token, methods: CALL, limit: 'token' },
  { path: routes.userinfo, methods: ['GET', 'HEAD', 'POST', 'OPTIONS'] },
  { path: routes.introspection, methods: CALL, limit: 'token' },
  { path: routes.revocation, methods: CALL, limit: 'token' },
  { path: routes.pushed_authorization_request, methods: CALL, limit: 'token' },
  { path: routes.end_session, methods: PAGE, byPost: true },
  { path: `${routes.end_session}/confirm`, methods: ['POST'] },
  { path: `${routes.end_session}/success`, methods: PAGE },
]

/** Registers every protocol endpoint on its own encapsulated context. Unlisted methods get 405 with Allow. */
export async function mountProvider(app: FastifyInstance, options: MountOptions): Promise<void> {
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

    const handle = async (request: FastifyRequest, reply: FastifyReply) => {
      pinToIssuer(request, options.issuer)
      reply.hijack()
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) reply.raw.setHeader(name, value)
      Object.assign(request.raw, { latchkeyRequestId: request.id, latchkeyLog: request.log })
      await options.current().callback()(request.raw, reply.raw)
    }

    for (const { path, methods, limit, byPost } of endpoints) {
      const shared = { url: path, exposeHeadRoute: false, ...(limit && options.limits[limit]) }
      scope.route({ ...shared, method: [...methods], handler: handle })
      if (byPost) await scope.register(continueByGet, { path, limit: limit ? options.limits[limit] : {} })
      const allowed = byPost ? [...methods, 'POST'] : methods
      const refused = PROTOCOL_METHODS.filter((method) => !allowed.includes(method))
      scope.route({
        ...shared,
        method: refused,
        handler: (_request, reply) =>
          reply
            .code(405)
            .header('allow', allowed.join(', '))
            .send({ error: 'invalid_request', error_description: `use ${allowed.join(' or ')}` }),
      })
    }
  })
}
