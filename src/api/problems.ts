import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { own } from '../own.ts'

/** A refusal of single fields, by the names of this API. 422 unless told otherwise. */
export class FieldProblems extends AppError {
  readonly errors: Readonly<Record<string, string>>

  constructor(errors: Record<string, string>, status = 422) {
    super('invalid_fields', status, 'Some fields are missing or wrong.', {
      detail: `refused fields: ${Object.keys(errors).join(', ')}`,
    })
    this.errors = errors
  }
}

/** Names of fields in the services, and here. */
const FIELD_NAMES: Readonly<Record<string, string>> = {
  givenName: 'first_name',
  familyName: 'last_name',
  currentPassword: 'current_password',
  newPassword: 'new_password',
}

const carriesErrors = (error: unknown): error is AppError & { errors: Record<string, string> } =>
  error instanceof AppError && 'errors' in error && typeof error.errors === 'object'

/**
 * Does work of a service; what it says about fields comes back under the names of this API.
 * @param also further names, for this one call
 */
export async function inOurNames<Result>(
  work: Promise<Result>,
  also: Readonly<Record<string, string>> = {},
): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (!carriesErrors(error)) throw error
    const renamed = Object.entries(error.errors).map(([field, message]) => [
      own(also, field) ?? own(FIELD_NAMES, field) ?? field,
      message,
    ])
    throw new FieldProblems(Object.fromEntries(renamed), error.status)
  }
}

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

/** The password is right, and the e-mail address has still to be proven. */
export const unconfirmedAccount = () => new AppError('unconfirmed_account', 403, 'Unconfirmed account')
