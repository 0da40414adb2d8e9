import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { AnswerDirectly } from '../../http/direct.ts'
import { setErrorFormat } from '../../http/errors/format.ts'
import { refuseCrossOrigin } from '../../http/forms/same-origin.ts'
import { programHeaders } from '../../http/headers.ts'
import type { LimitHooks } from '../../http/rate-limits/rate-limits.ts'
import { AppError } from '../../shared/errors.ts'
import { own } from '../../shared/own.ts'
import { continueByGet } from '../authorization/post-to-get.ts'
import type { FastPath } from '../fast-paths/fast-path.ts'
import { refuseLongForm, refuseLongQueries } from './parameter-limit.ts'
import { handAlong } from './request.ts'
import { routes } from './routes.ts'

/**
 * The protocol library behind Fastify: explicit routes, so that hooks, headers and rate limits of ours hold, and the
 * raw request and response handed over untouched.
 */
export interface MountOptions {
  /** An origin. */
  issuer: string
  /** Answers with the provider of this moment: it changes when keys do. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** Route options (a rate limit) of the endpoints that check a client's secret or start an interaction. */
  limits: {
    token: LimitHooks
    authorization: LimitHooks
    deviceAuthorization: LimitHooks
  }
  answerDirectly: AnswerDirectly
  /** Answers the plain requests of some paths instead (fast-paths/). */
  fastPaths: Readonly<Record<string, FastPath>>
  takesFastPaths(): boolean
  /** Ends what else ends with a sign-out. Cookies that it sets on the reply are not sent: the library answers. */
  signsOut(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}

/**
 * Host and protocol come from the configured issuer and the address from the trusted proxy chain, whatever the request
 * says (security: a forged Host or X-Forwarded-* changes nothing).
 */
export function pinToIssuer(request: Pick<FastifyRequest, 'raw' | 'ip'>, issuer: string): void {
  const { headers } = request.raw
  const address = request.ip
  const [scheme = '', host = ''] = issuer.split('://')
  headers.host = host
  headers['x-forwarded-proto'] = scheme
  headers['x-forwarded-for'] = address
  delete headers['x-forwarded-host']
  delete headers.forwarded
}

/**
 * Hands a request to the protocol library, which answers it: with the host pinned, our headers copied, and the request's id
 * along for the log.
 */
export async function handOver(
  request: FastifyRequest,
  reply: FastifyReply,
  {
    issuer,
    answer,
    signsOut,
  }: Pick<MountOptions, 'issuer' | 'answer'> & Partial<Pick<MountOptions, 'signsOut'>>,
): Promise<void> {
  pinToIssuer(request, issuer)
  refuseLongForm(request.raw)
  reply.hijack()
  const { raw } = reply
  const headers = reply.getHeaders()
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined && !raw.hasHeader(name)) raw.setHeader(name, value)
  }
  handAlong(request)
  Object.assign(request.raw, { latchkeySignsOut: () => signsOut?.(request, reply) })
  await answer(request.raw, raw)
}

const PROTOCOL_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

interface Endpoint {
  path: string
  methods: readonly string[]
  limit?: keyof MountOptions['limits']
  /** POST is taken too, and goes on as a GET (authorization/post-to-get.ts). */
  byPost?: true
  signsOut?: true
  /** The path that a browser is redirected to when it opens the address of a form, from a bookmark or a reloaded tab. */
  opens?: string
}

const READ = ['GET', 'HEAD', 'OPTIONS']
const CALL = ['POST', 'OPTIONS']
const PAGE = ['GET', 'HEAD']

/** What programs call. */
const endpoints: readonly Endpoint[] = [
  { path: '/.well-known/openid-configuration', methods: READ },
  { path: '/.well-known/oauth-authorization-server', methods: READ },
  { path: routes.jwks, methods: READ },
  { path: routes.token, methods: CALL, limit: 'token' },
  { path: routes.userinfo, methods: ['GET', 'HEAD', 'POST', 'OPTIONS'], limit: 'token' },
  { path: routes.introspection, methods: CALL, limit: 'token' },
  { path: routes.revocation, methods: CALL, limit: 'token' },
  { path: routes.pushed_authorization_request, methods: CALL, limit: 'token' },
  { path: routes.device_authorization, methods: CALL, limit: 'deviceAuthorization' },
]

/** Where browsers are sent. */
const pages: readonly Endpoint[] = [
  { path: routes.authorization, methods: PAGE, limit: 'authorization', byPost: true },
  { path: `${routes.authorization}/:uid`, methods: PAGE, limit: 'authorization' },
  // The page above it is ours (src/interactions/device-routes.ts).
  { path: `${routes.code_verification}/:uid`, methods: PAGE, limit: 'authorization' },
  { path: routes.end_session, methods: PAGE, byPost: true },
  { path: `${routes.end_session}/confirm`, methods: ['POST'], signsOut: true, opens: routes.end_session },
  { path: `${routes.end_session}/success`, methods: PAGE },
]

/** The most that the library reads of a body, in bytes. */
const MAX_BODY = 56 * 1024

/** The library answers 400, where RFC 9126 §2.3 asks for 413. A body without a length still ends at its limit. */
function refuseLargeBodies(scope: FastifyInstance): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    if (Number(request.headers['content-length'] ?? 0) <= MAX_BODY) done()
    else done(new AppError('invalid_request', 413, 'This request is too large.'))
  })
}

async function mount(
  scope: FastifyInstance,
  options: MountOptions,
  listed: readonly Endpoint[],
  also: RouteShorthandOptions = {},
): Promise<void> {
  refuseLongQueries(scope)
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))

  const ownPagesOnly = refuseCrossOrigin(new URL(options.issuer))
  for (const { path, methods, limit, byPost, signsOut, opens } of listed) {
    const shared = { ...also, url: path, exposeHeadRoute: false, ...(limit && options.limits[limit]) }
    const fast = own(options.fastPaths, path)
    if (fast)
      options.answerDirectly(
        path,
        async (request) => (options.takesFastPaths() ? fast(request) : undefined),
        { limit: limit && options.limits[limit], browsers: listed === pages },
      )
    scope.route({
      ...shared,
      method: [...methods],
      // A form of ours, as those that registerForms takes: the library compares its token alone.
      ...(signsOut && { onRequest: ownPagesOnly }),
      async handler(request, reply) {
        if (signsOut) await options.signsOut(request, reply)
        return handOver(request, reply, options)
      },
    })
    if (byPost) await scope.register(continueByGet, { path, limit: limit ? options.limits[limit] : {} })
    if (opens !== undefined)
      scope.route({
        ...shared,
        method: PAGE,
        handler: (_request, reply) => reply.header('cache-control', 'no-store').redirect(opens, 303),
      })
    const allowed = [...methods, ...(byPost ? ['POST'] : []), ...(opens === undefined ? [] : PAGE)]
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
}

/** Registers every protocol endpoint on encapsulated contexts. Unlisted methods get 405 with Allow. */
export async function mountProvider(app: FastifyInstance, options: MountOptions): Promise<void> {
  await app.register(async (scope) => {
    setErrorFormat(scope, 'oauth')
    refuseLargeBodies(scope)
    const forPrograms = programHeaders(scope, { secure: options.issuer.startsWith('https:') })
    await mount(scope, options, endpoints, forPrograms)
  })
  await app.register((scope) => mount(scope, options, pages))
}
