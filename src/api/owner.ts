import type { FastifyRequest } from 'fastify'
import type { FactorChanger } from '../factors/owner.ts'
import { hasShownFactor } from '../shared/acr.ts'
import { AppError } from '../shared/errors.ts'
import { isFresh } from '../shared/fresh-sign-in.ts'
import { needsMailbox } from '../shared/second-factor-rule.ts'
import { type Caller, callerOf } from './callers.ts'
import type { ApiDependencies } from './dependencies.ts'
import { wrongCode } from './problems.ts'
import { confirmPassword } from './sign-in.ts'

/** What the sign-in of a caller has shown. HTTP Basic says nothing of a second factor. */
const amrOf = (caller: Caller): readonly string[] | undefined =>
  caller.by === 'session' || caller.by === 'token' ? caller.amr : undefined

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
  if (hasShownFactor(amrOf(caller))) return
  throw insufficient('Sign in again and show your second factor, then repeat this.')
}

/**
 * The caller, as a person who has just proven that the account is theirs: by a sign-in that is fresh, of a session or a token, or by
 * the password of the account beside it. HTTP Basic is what scripts hold: it changes no factor, and its tokens are never fresh.
 * @throws ValidationError (422) on `current_password`, AppError insufficient_user_authentication (403) · overloaded (503)
 */
export async function requireOwner(
  deps: Pick<ApiDependencies, 'accounts' | 'devices' | 'clock'>,
  request: FastifyRequest,
  currentPassword: string | undefined,
): Promise<Caller> {
  const caller = requirePerson(request)
  const freshAt = 'freshAt' in caller ? caller.freshAt : undefined
  if (currentPassword === undefined && freshAt !== undefined && isFresh(deps.clock, freshAt)) return caller
  await confirmPassword(deps, request, caller.account, 'current_password', currentPassword)
  return caller
}

/**
 * For what the managers of something do: who manages it, and has just proven who they are. Where they do not, no password is asked.
 * @param manages rejects for an account that does not
 * @returns the account's id @throws AppError as `requireOwner`, and what `manages` rejects with
 */
export async function requireManager(
  deps: Parameters<typeof requireOwner>[0],
  request: FastifyRequest,
  currentPassword: string | undefined,
  manages: (accountId: string) => Promise<unknown>,
): Promise<string> {
  const { account } = requirePerson(request)
  await manages(account.id)
  await requireOwner(deps, request, currentPassword)
  return account.id
}

/**
 * For what sets a factor up: an account that had one before gets its first again by more than the password. A browser that has shown
 * the mailbox lately has done it; a program sends the code that was mailed.
 * @throws AppError email_proof_required (403) · invalid_code (401)
 */
export async function requireMailbox(
  deps: Pick<ApiDependencies, 'factors' | 'mailboxProof'>,
  request: FastifyRequest,
  caller: Caller,
  code: string | undefined,
): Promise<void> {
  const { account } = caller
  if (!needsMailbox(account, amrOf(caller))) return
  if (caller.by === 'session' && deps.mailboxProof.holds(request, account)) return
  if (code === undefined)
    throw new AppError(
      'email_proof_required',
      403,
      account.email === null
        ? 'This account had a second factor before, and has no verified address to which a code could be sent. Ask an administrator for one.'
        : 'This account had a second factor before. Have a code sent to its address by POST /api/auth/me/factors/challenge, and send it as email_code.',
    )
  const outcome = await deps.factors.emailCodes.verify(account.id, code, 'enrolment')
  if (outcome.kind !== 'verified') throw wrongCode()
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
