import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { canonicalEmail } from '../../email/address.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { showProfile } from './profile-page.ts'
import type { SignedIn } from './signed-in.ts'

const emailForm = z.object({ email: z.string().max(1024).default('') })

export const EMAIL_NOTICES = {
  email: 'We sent a message to the new address: open its link to verify it.',
  email_same: 'That is your address already. No other one waits to be verified.',
  email_resent: 'A new message is on its way.',
  email_cancelled: 'The new address is not waited for any more. Your address stays as it is.',
  email_none: 'No address waits to be verified.',
} as const
type Done = keyof typeof EMAIL_NOTICES

const done = (what: Done): string => `/account?done=${what}`

/** The address of a person: asking for another one, and what becomes of one that waits for its proof. */
export async function emailRoutes(
  app: FastifyInstance,
  { http, accounts }: AccountPagesDependencies,
  signedIn: SignedIn,
): Promise<void> {
  app.post(
    '/account/email',
    http.limit('account'),
    signedIn.onSubmit(
      '/account',
      async (signed, request) => {
        const { account, session } = signed
        const { email } = emailForm.parse(request.body ?? {})
        const known = canonicalEmail(email)
        const another = known !== undefined && known !== account.email && known !== account.pendingEmail
        // The address is what resets the password.
        const again = another && (await signedIn.again(request, signed, `change your address to ${known}`))
        if (again) return again
        return done((await accounts.changeEmail(account.id, email, session)) ? 'email' : 'email_same')
      },
      async (reply, signed, error, request) =>
        showProfile(reply, signed, {
          forms: { email: { errors: error.sentences, values: emailForm.parse(request.body ?? {}) } },
          status: 422,
        }),
    ),
  )

  app.post(
    '/account/email/resend',
    http.limit('account'),
    signedIn.onSubmit('/account', async ({ account, session }) => {
      // It may have been verified or cancelled in another tab.
      if (account.pendingEmail === null) return done('email_none')
      await accounts.changeEmail(account.id, account.pendingEmail, session)
      return done('email_resent')
    }),
  )

  app.post(
    '/account/email/cancel',
    http.limit('account'),
    signedIn.onSubmit('/account', async ({ account }) =>
      done((await accounts.dropAddressChange(account.id)) ? 'email_cancelled' : 'email_none'),
    ),
  )
}
