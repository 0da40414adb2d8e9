import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { giveBack } from '../../../http/rate-limits/rate-limits.ts'
import { t } from '../../../shared/locales/texts.ts'
import { ValidationError } from '../../../shared/validation-error.ts'
import { canonicalEmail } from '../../email/address.ts'
import type { AccountPagesDependencies } from '../dependencies.ts'
import { showProfile } from './profile-page.ts'
import type { SignedIn } from './signed-in.ts'

const emailForm = z.object({ email: z.string().max(1024).default('') })
const codeForm = z.object({ code: z.string().max(64).default('') })

/** What is wrong with a code that was typed here. */
const WRONG_CODES = {
  wrong: 'email.code.wrong',
  exhausted: 'email.code.exhausted',
  expired: 'email.code.expired',
  taken: 'email.code.taken',
} as const

export const EMAIL_NOTICES = {
  email: 'email.sent',
  email_verified: 'email.verified',
  email_same: 'email.same',
  email_resent: 'email.resent',
  email_cancelled: 'email.cancelled',
  email_none: 'email.none',
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
        const again = another && (await signedIn.again(request, signed, t('act.email', { email: known })))
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
    '/account/email/verify',
    http.limit('oneTimeToken'),
    signedIn.onSubmit(
      '/account',
      async ({ account }, request) => {
        const { code } = codeForm.parse(request.body ?? {})
        // It may have been verified by the link, or cancelled in another tab.
        if (account.pendingEmail === null) return done('email_none')
        const { kind } = await accounts.verification.byCode(account.id, code)
        if (kind !== 'verified') throw new ValidationError({ code: t(WRONG_CODES[kind]) })
        await giveBack(request)
        return done('email_verified')
      },
      async (reply, signed, error) =>
        showProfile(reply, signed, { forms: { pending: { errors: error.sentences } }, status: 422 }),
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
