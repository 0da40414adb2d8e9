// The first-party JSON API owns: the paths below /api/auth, what they take and answer, who a request comes from. It
// does not own: accounts and passwords (src/accounts), tokens and sessions (src/oidc); both are handed to it as the
// narrow interfaces of dependencies.ts. The administration API (src/admin/rest) is a guest: it shares the format and the
// document.
//
//   request ─► rate limit ─► caller (callers.ts; routes in `known` only) ─► body ─► zod ─► service ─► zod ─► answer
//                                  └─ Bearer │ Basic password │ Basic token │ session cookie
import type { FastifyInstance } from 'fastify'
import { serializerCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod'
import type { ZodType } from 'zod'
import { setErrorFormat } from '../http/errors/format.ts'
import { refuseCrossOrigin } from '../http/forms/same-origin.ts'
import { programHeaders } from '../http/headers.ts'
import { activityRoutes } from './activity.ts'
import { appPasswordRoutes } from './app-passwords.ts'
import { appRoutes } from './apps.ts'
import { createIdentify, requireCaller, requireSameCaller } from './callers.ts'
import type { ApiDependencies } from './dependencies.ts'
import { docsRoutes } from './docs.ts'
import { exportRoutes } from './export.ts'
import { factorRoutes } from './factors.ts'
import { groupRoutes } from './groups.ts'
import { acceptJsonOnly } from './json-bodies.ts'
import { meRoutes } from './me.ts'
import { registerOpenApi } from './openapi.ts'
import { organizationProviderRoutes } from './organization-provider.ts'
import { organizationRoutes } from './organizations.ts'
import { pictureRoutes } from './picture.ts'
import { recoveryRoutes } from './recovery.ts'
import { sessionRoutes } from './session.ts'
import { tokenRoutes } from './tokens.ts'
import { upstreamRoutes } from './upstream.ts'

/** The longest honest body is a registration of a person; of a client, which may bring its keys. Bytes. */
const BODY_LIMITS = { person: 16 * 1024, client: 64 * 1024 }

/**
 * `/api/auth/…`, `/api/admin/…`, `/api/openapi.json` and `/api/docs`: one document for both APIs.
 * @param administration adds the routes below /api/admin to a context that speaks JSON; who may call them is its own affair
 */
export async function apiRoutes(
  app: FastifyInstance,
  deps: ApiDependencies,
  administration: (scope: FastifyInstance) => Promise<void>,
): Promise<void> {
  await registerOpenApi(app, deps)
  await app.register((scope) => authRoutes(scope, deps), { prefix: '/api/auth' })
  await app.register(
    async (scope) => {
      const types = ['application/json', 'application/merge-patch+json']
      speakJson(scope, deps, { types, bodyLimit: BODY_LIMITS.client })
      await administration(scope)
    },
    { prefix: '/api/admin' },
  )
  docsRoutes(app)
}

function speakJson(
  app: FastifyInstance,
  deps: ApiDependencies,
  bodies: Parameters<typeof acceptJsonOnly>[1],
): void {
  setErrorFormat(app, 'problem')
  programHeaders(app, { secure: deps.issuer.protocol === 'https:' })
  acceptJsonOnly(app, bodies)
  app.setValidatorCompiler<ZodType>(({ schema }) => (data) => {
    const result = schema.safeParse(data)
    return result.success ? { value: result.data } : { error: result.error }
  })
  app.setSerializerCompiler(serializerCompiler)
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
}

async function authRoutes(app: FastifyInstance, deps: ApiDependencies): Promise<void> {
  speakJson(app, deps, { types: ['application/json'], bodyLimit: BODY_LIMITS.person })
  // Browsers add Basic credentials by themselves once their dialogue was filled in, so this is not for cookies only.
  app.addHook('onRequest', refuseCrossOrigin(deps.issuer))
  const identify = createIdentify(deps)
  const open = app.withTypeProvider<ZodTypeProvider>()
  await app.register(async (scope) => {
    scope.addHook('preParsing', requireCaller(identify))
    scope.addHook('preHandler', requireSameCaller(identify, deps))
    const known = scope.withTypeProvider<ZodTypeProvider>()
    const context = { open, known, identify, deps }
    for (const routes of [
      tokenRoutes,
      sessionRoutes,
      upstreamRoutes,
      meRoutes,
      pictureRoutes,
      exportRoutes,
      activityRoutes,
      appRoutes,
      factorRoutes,
      appPasswordRoutes,
      recoveryRoutes,
      groupRoutes,
      organizationRoutes,
      organizationProviderRoutes,
    ])
      routes(context)
  })
}
