import type { FastifyInstance } from 'fastify'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { appRoutes } from './apps.ts'
import { dataRoutes } from './data.ts'
import { deletionRoutes } from './deletion.ts'
import { emailRoutes } from './email.ts'
import { groupRoutes } from './groups.ts'
import { organizationRoutes } from './organizations.ts'
import { pictureRoutes } from './picture.ts'
import { profileRoutes } from './profile.ts'
import { recoveryStopRoute } from './recovery.ts'
import { securityRoutes } from './security.ts'
import { sessionRoutes } from './sessions.ts'
import { createSignedIn } from './signed-in.ts'
import { usernameRoutes } from './username.ts'

/** `/account` and the pages below it: what a person sees and changes of their own. Everything here asks for a sign-in first. */
export async function accountRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const signedIn = createSignedIn(deps)
  for (const routes of [
    profileRoutes,
    emailRoutes,
    usernameRoutes,
    pictureRoutes,
    securityRoutes,
    sessionRoutes,
    appRoutes,
    groupRoutes,
    organizationRoutes,
    dataRoutes,
    deletionRoutes,
    recoveryStopRoute,
  ])
    await routes(app, deps, signedIn)
}
