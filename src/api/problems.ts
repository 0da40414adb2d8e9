import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import { dayOf } from '../shared/moment.ts'
import { edgeNames } from '../shared/profile/fields.ts'
import { renaming, ValidationError } from '../shared/validation-error.ts'

const WRONG = 'Some fields are missing or wrong.'

/** A refusal of single fields, by the names of this API. */
export const wrongFields = (errors: Record<string, string>): ValidationError =>
  new ValidationError(errors, { message: WRONG })

/** Names of fields in the services, and here. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  ...edgeNames('rest'),
  currentPassword: 'current_password',
  newPassword: 'new_password',
}

/**
 * Does work of a service; what it says about fields comes back under the names of this API.
 * @param also further names, for this one call
 */
export const inOurNames = <Result>(
  work: Promise<Result>,
  also: Readonly<Record<string, string>> = {},
): Promise<Result> => renaming(work, { ...FIELD_NAMES, ...also }, WRONG)

const REALM = 'realm="Latchkey"'

/**
 * The one answer to whatever is wrong with credentials (ASVS 6.3.8): 401 with the challenges of RFC 7617 §2 and RFC 6750
 * §3. A browser's scripts get no Basic challenge: it would open the browser's own password dialogue.
 * @param why for the log
 * @param token the error code of RFC 6750 §3.1, when a token was presented
 */
export function invalidCredentials(
  request: FastifyRequest,
  reply: FastifyReply,
  why: string,
  token?: 'invalid_token',
): AppError {
  const bearer = token ? `Bearer ${REALM}, error="${token}"` : `Bearer ${REALM}`
  const inBrowser = request.headers['sec-fetch-site'] !== undefined
  reply.header('www-authenticate', inBrowser ? [bearer] : [`Basic ${REALM}, charset="UTF-8"`, bearer])
  return new AppError(token ?? 'invalid_credentials', 401, 'Invalid credentials', { detail: why })
}

/**
 * The password is right, and not enough: the account has a second factor, which HTTP Basic cannot show. A wrong password has cost the
 * same, and is answered as it always is.
 */
export function appPasswordRequired(request: FastifyRequest, reply: FastifyReply): AppError {
  invalidCredentials(request, reply, '')
  return new AppError(
    'app_password_required',
    401,
    'This account has a second factor, so its password alone is not enough here. Create an app password at /account/security, and send that instead.',
  )
}

/** The password is right, and the account waits to be deleted. @param at when; milliseconds since the epoch */
export const leavingAccount = (at: number | null): AppError =>
  new AppError(
    'account_leaving',
    403,
    `This account will be deleted${at === null ? '' : ` on ${dayOf(at)}`}. To keep it, sign in at /login.`,
  )

/** The password is right, and the email address has still to be proven. */
export const unverifiedAccount = () => new AppError('unconfirmed_account', 403, 'Unconfirmed account')

/** @param provider of the organization of the address */
export const providerRequired = ({ provider }: { provider: string }) =>
  new AppError('provider_required', 403, message('atProvider.problem'), { members: { provider } })

/** One answer for a wrong code and for too many of them. */
export const wrongCode = (): AppError =>
  new AppError(
    'invalid_code',
    401,
    'The code is not right, or was used already. After several wrong ones, wait a quarter of an hour.',
  )
