import type { FastifyInstance } from 'fastify'
import { accountRoutes } from './account/routes.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { invitationRoutes } from './invitation.ts'
import { loginRoutes } from './login.ts'
import { notMeRoutes } from './not-me.ts'
import { organizationInvitationRoutes } from './organization-invitation.ts'
import { passwordStrengthRoute } from './password-strength.ts'
import { registerRoutes } from './register.ts'
import { resetRoutes } from './reset.ts'
import { setupRoutes } from './setup.ts'
import { verifyEmailRoutes } from './verify-email.ts'

/**
 * The pages of accounts, each a plugin of its own.
 *
 *   /register ──► /verify-email ──► /account, or back into the interaction (?flow=) that the person came from
 *   /forgot-password ──mail──► /reset-password ──► the same
 *   mail ──► /invitation ──► /account
 *   mail ──► /invitation/organization ──► /account/organizations
 *   mail ──► /login/not-me ──mail──► /reset-password
 */
export async function accountPages(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  await app.register(passwordStrengthRoute, deps)
  await app.register(formPages, deps)
}

async function formPages(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  await deps.http.forms(app, deps.sessions.ownerOf)
  for (const routes of [
    loginRoutes,
    registerRoutes,
    verifyEmailRoutes,
    resetRoutes,
    invitationRoutes,
    organizationInvitationRoutes,
    setupRoutes,
    notMeRoutes,
    accountRoutes,
  ])
    await app.register(routes, deps)
}
