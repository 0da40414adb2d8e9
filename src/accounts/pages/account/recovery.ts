import type { FastifyInstance } from 'fastify'
import type { AccountPagesDependencies } from '../dependencies.ts'
import type { SignedIn } from './signed-in.ts'

export const RECOVERY_NOTICES = {
  recovery_stopped: 'recovery.stopped',
  recovery_over: 'recovery.over',
} as const

/** `POST /account/recovery/stop`: a person who is signed in stops the removal of their second factors. It asks for no fresh sign-in. */
export async function recoveryStopRoute(
  app: FastifyInstance,
  { http, recovery }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  app.post(
    '/account/recovery/stop',
    http.limit('account'),
    signedIn.onSubmit('/account', async ({ account }) => {
      const done = (await recovery.stop(account.id, 'account')) ? 'recovery_stopped' : 'recovery_over'
      return `/account?done=${done satisfies keyof typeof RECOVERY_NOTICES}`
    }),
  )
}
