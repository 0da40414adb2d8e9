// The first-party JSON API owns: the paths below /api/auth, what they take and answer, who a request comes from. It
// does not own: accounts and passwords (src/accounts), tokens and sessions (src/oidc); both are handed to it as the
// narrow interfaces of dependencies.ts.
//
//   request ─► rate limit ─► caller (callers.ts; routes in `known` only) ─► body ─► zod ─► service ─► zod ─► answer
//                                  └─ Bearer │ Basic password │ Basic token │ session cookie
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { ZodType } from 'zod'
import { setErrorFormat } from '../http/error-format.ts'
import { programHeaders } from '../http/headers.ts'
import { refuseCrossOrigin } from '../http/same-origin.ts'
import { createIdentify, requireCaller } from './callers.ts'
import type { ApiDependencies } from './dependencies.ts'
import { docsRoutes } from './docs.ts'
import { acceptJsonOnly } from './json-bodies.ts'
import { meRoutes } from './me.ts'
import { registerOpenApi } from './openapi.ts'
import { recoveryRoutes } from './recovery.ts'
import { sessionRoutes } from './session.ts'
import { tokenRoutes } from './tokens.ts'
import { upstreamRoutes } from './upstream.ts'

/** `/api/auth/…`, `/api/openapi.json` and `/api/docs`. */
export async function apiRoutes(app: FastifyInstance, deps: ApiDependencies): Promise<void> {
  await registerOpenApi(app, deps)
  await app.register((scope) => authRoutes(scope, deps), { prefix: '/api/auth' })
  docsRoutes(app)
}

async function authRoutes(app: FastifyInstance, deps: ApiDependencies): Promise<void> {
  setErrorFormat(app, 'problem')
  programHeaders(app, { secure: deps.issuer.protocol === 'https:' })
  acceptJsonOnly(app)
  app.setValidatorCompiler<ZodType>(({ schema }) => (data) => {
    const result = schema.safeParse(data)
    return result.success ? { value: result.data } : { error: result.error }
  })
  app.setSerializerCompiler(serializerCompiler)
  // Browsers add Basic credentials by themselves once their dialogue was filled in, so this is not for cookies only.
  app.addHook('onRequest', refuseCrossOrigin(deps.issuer))
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  const identify = createIdentify(deps)
  const open = app.withTypeProvider<ZodTypeProvider>()
  await app.register(async (scope) => {
    scope.addHook('preParsing', requireCaller(identify))
    const known = scope.withTypeProvider<ZodTypeProvider>()
    const context = { open, known, identify, deps }
    for (const routes of [tokenRoutes, sessionRoutes, upstreamRoutes, meRoutes, recoveryRoutes])
      routes(context)
  })
}
