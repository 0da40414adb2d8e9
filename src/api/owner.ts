import type { FastifyRequest } from 'fastify'
import type { FactorChanger } from '../factors/owner.ts'
import { AppError } from '../shared/errors.ts'
import { isFresh } from '../shared/fresh-sign-in.ts'
import { type Caller, callerOf } from './callers.ts'
import type { ApiDependencies } from './dependencies.ts'
import { confirmPassword } from './sign-in.ts'

/** The sign-in of the caller is not enough for this. */
export const insufficient = (message: string): AppError =>
  new AppError('insufficient_user_authentication', 403, message)

/**
 * For what changes who gets in: where the account has a second factor, the caller's sign-in has shown it, and no remembered browser
 * stood in for it.
 * @throws AppError insufficient_user_authentication (403)
 */
export function requireSecondFactor(caller: Caller): void {
  if (caller.account.secondFactors.length === 0) return
  const amr = (caller.by === 'session' || caller.by === 'token' ? caller.amr : undefined) ?? []
  if (amr.includes('mfa') && !amr.includes('rba')) return
  throw insufficient('Sign in again and show your second factor, then repeat this.')
}

/**
 * The caller, as a person who has just proven that the account is theirs: by a sign-in session that is fresh, or by the
 * password of the account beside a session or token. HTTP Basic is what scripts hold: it changes no factor.
 * @throws ValidationError (422) on `current_password`, AppError insufficient_user_authentication (403) · overloaded (503)
 */
export async function requireOwner(
  deps: Pick<ApiDependencies, 'accounts' | 'devices' | 'clock'>,
  request: FastifyRequest,
  currentPassword: string | undefined,
): Promise<Caller> {
  const caller = requirePerson(request)
  if (caller.by === 'session' && currentPassword === undefined && isFresh(deps.clock, caller.freshAt))
    return caller
  await confirmPassword(deps, request, caller.account, 'current_password', currentPassword)
  return caller
}

/** The sign-in that a caller changes their factors by: if it ends before that is done, nothing is changed. */
export const changerOf = ({ account }: Caller): FactorChanger => ({
  accountId: account.id,
  generation: account.generation,
})

/** As `requireOwner`, for what ends an act that was begun by it. @throws AppError insufficient_user_authentication (403) */
export function requirePerson(request: FastifyRequest): Caller {
  const caller = callerOf(request)
  if (caller.by === 'password' || caller.by === 'app_password')
    throw insufficient('HTTP Basic cannot do this. Sign in, and send a token or the cookie of the session.')
  requireSecondFactor(caller)
  return caller
}
