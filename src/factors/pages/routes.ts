import type { FastifyInstance } from 'fastify'
import { appPasswordPages } from './app-passwords.ts'
import { browserRoutes } from './browsers.ts'
import { type PasskeyPagesDependencies, passkeyRoutes } from './passkeys.ts'
import { phoneRoutes } from './phone.ts'
import { recoveryCodeRoutes } from './recovery-codes.ts'
import { removeFactorRoutes } from './remove.ts'
import { totpRoutes } from './totp.ts'

/** The pages below `/account/security` on which a person changes their second factors. That page itself is of src/accounts/pages. */
export async function factorPages(app: FastifyInstance, deps: PasskeyPagesDependencies): Promise<void> {
  await deps.http.forms(app, deps.ownerOf)
  for (const routes of [
    totpRoutes,
    phoneRoutes,
    recoveryCodeRoutes,
    appPasswordPages,
    removeFactorRoutes,
    browserRoutes,
  ])
    await app.register(routes, deps)
  await app.register(passkeyRoutes, deps)
}
