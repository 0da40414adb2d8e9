// SCIM 2.0 (RFC 7643, RFC 7644) owns: the paths below /scim/v2, what they take and answer, who may call them. It does not own what it
// changes: accounts and groups, by the same services as the console.
//
//   request ─► rate limit ─► token of a directory ─► body ─► filter or operations, parsed here ─► service ─► resource
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { programHeaders } from '../../http/headers.ts'
import { setActor } from '../../shared/audit-context.ts'
import { AppError } from '../../shared/errors.ts'
import { acceptScim } from './body.ts'
import { admit, answer, callerOf, listOf, type ScimDependencies } from './context.ts'
import { answerScimErrors, notFound, scimError } from './errors.ts'
import { groupRoutes } from './groups.ts'
import { loadLibrary } from './library.ts'
import { userRoutes } from './users.ts'

/** `/scim/v2/…` */
export async function scimRoutes(app: FastifyInstance, deps: ScimDependencies): Promise<void> {
  const base = new URL('/scim/v2', deps.issuer).href
  await app.register(
    async (scope) => {
      programHeaders(scope, { secure: deps.issuer.protocol === 'https:' })
      answerScimErrors(scope, deps.translate)
      acceptScim(scope)
      const limit = deps.limit('scim')
      scope.addHook('onRoute', (route) => {
        route.config = { forPrograms: true, errorFormat: 'problem', ...route.config }
      })
      scope.addHook('onRequest', async (request, reply) => {
        reply.header('cache-control', 'no-store')
        for (const hook of limit.onRequest ?? []) await hook(request, reply)
      })
      // Before the body is read.
      scope.addHook('preParsing', async (request, reply) => {
        const bearer = await deps.tokens.accept(tokenOf(request))
        if (bearer === undefined) {
          const { allowed, left } = await deps.countFailure(request, 'scim')
          if (!allowed)
            throw new AppError('too_many_requests', 429, 'Too many wrong tokens. Try again later.', {
              retryAfter: left / 1000,
            })
          reply.header('www-authenticate', 'Bearer realm="SCIM"')
          throw scimError(401, 'Send a token of a directory, which an administrator creates in the console.')
        }
        setActor({ kind: 'scim', id: bearer.id, name: bearer.name })
        admit(request, { bearer, library: await loadLibrary() })
      })
      discoveryRoutes(scope, base)
      userRoutes(scope, deps, base)
      groupRoutes(scope, deps, base)
      for (const path of ['/Me', '/Bulk'])
        scope.all(path, () => {
          throw scimError(501, 'This is not supported here: see /ServiceProviderConfig.')
        })
      scope.setNotFoundHandler(() => {
        throw notFound()
      })
    },
    { prefix: '/scim/v2' },
  )
}

const tokenOf = (request: FastifyRequest): string =>
  /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? ''

/** What there is (RFC 7644 §4). */
function discoveryRoutes(app: FastifyInstance, base: string): void {
  app.get('/ServiceProviderConfig', (request, reply) =>
    answer(reply, callerOf(request).library.serviceProviderConfig(base)),
  )
  for (const [path, documents] of [
    ['/ResourceTypes', 'resourceTypes'],
    ['/Schemas', 'schemas'],
  ] as const) {
    const of = (request: FastifyRequest) => callerOf(request).library[documents](base)
    app.get(path, (request, reply) => {
      // RFC 7644 §4: a filter is forbidden here.
      if ((request.query as Record<string, unknown>).filter !== undefined)
        throw scimError(403, 'There is no filter here.')
      const all = of(request)
      return answer(reply, listOf(all, all.length, 0))
    })
    app.get(`${path}/:id`, (request, reply) => {
      const { id: wanted } = request.params as { id: string }
      const found = of(request).find(({ id }) => id === wanted)
      if (found === undefined) throw notFound()
      return answer(reply, found)
    })
  }
}
