// The administration API owns: the paths below /api/admin, what they take and answer, who may call them. It does not own
// what it changes: every group works on the service of its feature, so that console, REST and command line do the same.
//
//   request ─► rate limit ─► guard (bearer token, scope, role) ─► body ─► zod ─► machine.ts ─► service ─► zod ─► answer
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { isSafeMethod } from '../../http/forms/same-origin.ts'
import { requireClassified } from '../access.ts'
import { groupRoutes } from './access/groups.ts'
import { roleRoutes } from './access/roles.ts'
import { administratorRoleRoutes } from './administrator-roles.ts'
import { auditRoutes } from './audit.ts'
import { brandingRoutes } from './branding.ts'
import { clientRoutes } from './clients/routes.ts'
import { configurationRoutes } from './configuration/routes.ts'
import { attributeRoutes, claimRoutes } from './definitions/routes.ts'
import type { RestDependencies } from './dependencies.ts'
import { requireAdministration } from './guard.ts'
import { hookRoutes } from './hooks.ts'
import { impersonationRoutes } from './impersonations.ts'
import { keyRoutes } from './keys.ts'
import { organizationDomainRoutes } from './organizations/domains.ts'
import { organizationInvitationRoutes } from './organizations/invitations.ts'
import { organizationRoutes } from './organizations/routes.ts'
import { overviewRoutes } from './overview.ts'
import { providerRoutes } from './providers.ts'
import { registrationRoutes } from './registration.ts'
import { rejectionRoutes } from './rejections.ts'
import { resourceCredentialRoutes } from './resources/credentials.ts'
import { resourceRoutes } from './resources/routes.ts'
import { scimTokenRoutes } from './scim-tokens.ts'
import { settingsRoutes } from './settings.ts'
import { textRoutes } from './texts.ts'
import { userRoutes } from './users/routes.ts'
import { webhookRoutes } from './webhooks.ts'

/**
 * `/api/admin/…`, in a context that speaks JSON (src/api/routes.ts).
 * @throws Error at start for a route that does not say what it needs
 */
export async function adminRest(scope: FastifyInstance, deps: RestDependencies): Promise<void> {
  requireClassified(scope)
  // Before the body is read, and after the rate limit.
  const requireAdmin = requireAdministration(deps)
  scope.addHook('preParsing', (request, reply) => requireAdmin(request, reply))
  // A body may take long to come: what has ended until then, a token, a sign-in or a role, ends the request too.
  scope.addHook('preHandler', async (request, reply) => {
    if (!isSafeMethod(request.method)) await requireAdmin(request, reply)
  })
  const app = scope.withTypeProvider<ZodTypeProvider>()
  const groups = [
    clientRoutes,
    userRoutes,
    groupRoutes,
    roleRoutes,
    organizationRoutes,
    organizationInvitationRoutes,
    organizationDomainRoutes,
    attributeRoutes,
    claimRoutes,
    resourceRoutes,
    resourceCredentialRoutes,
    providerRoutes,
    keyRoutes,
    registrationRoutes,
    rejectionRoutes,
    auditRoutes,
    configurationRoutes,
    overviewRoutes,
    settingsRoutes,
    textRoutes,
    brandingRoutes,
    hookRoutes,
    administratorRoleRoutes,
    webhookRoutes,
    impersonationRoutes,
    scimTokenRoutes,
  ]
  for (const routes of groups) routes({ app, deps })
}
