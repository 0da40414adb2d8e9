import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { t } from '../../../shared/locales/texts.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { showProfile } from './profile-page.ts'
import type { SignedIn } from './signed-in.ts'

const usernameForm = z.object({ username: z.string().max(1024).default('') })

export const USERNAME_NOTICES = {
  username: 'username.changed',
  username_same: 'username.same',
} as const

/** Another username: what a person signs in with, and what apps may call them. */
export async function usernameRoutes(
  app: FastifyInstance,
  { http, accounts }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  app.post(
    '/account/username',
    http.limit('account'),
    signedIn.onSubmit(
      '/account',
      async (signed, request) => {
        const { username } = usernameForm.parse(request.body ?? {})
        const again = await signedIn.again(request, signed, t('act.username'))
        if (again) return again
        const changed = await accounts.changeUsername(signed.account.id, username, signed.session)
        return `/account?done=${changed ? 'username' : 'username_same'}`
      },
      async (reply, signed, error, request) =>
        showProfile(reply, signed, {
          forms: { username: { errors: error.sentences, values: usernameForm.parse(request.body ?? {}) } },
          status: error.status,
        }),
    ),
  )
}
