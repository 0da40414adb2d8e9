import type { FastifyRequest } from 'fastify'
import type { PendingSignIn } from '../factors/mfa-tokens.ts'
import { giveBack } from '../http/rate-limits/rate-limits.ts'
import { addMethods } from '../shared/acr.ts'
import { epochSeconds } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import type { ApiDependencies } from './dependencies.ts'

/** A sign-in that has shown both. */
export type VerifiedSignIn = Pick<PendingSignIn, 'accountId' | 'generation' | 'upstream'> & {
  amr: string[]
  /** Seconds since the epoch. */
  verifiedAt: number
}

const gone = () =>
  new AppError(
    'mfa_token_expired',
    401,
    'This sign-in was finished already, or took too long. Sign in again.',
  )

/** One answer for a wrong code and for too many of them. */
const wrong = () =>
  new AppError(
    'invalid_code',
    401,
    'The code is not right, or was used already. After several wrong ones, wait a quarter of an hour.',
  )

/**
 * The second step of a sign-in by JSON: once, with a right code.
 * @param ends what the first step was for @param binding of the browser, where that began it
 * @throws AppError mfa_token_expired, invalid_code (401)
 */
export async function verifySecondStep(
  {
    mfaTokens,
    factors,
    findLive,
    signedIn,
    clock,
  }: Pick<ApiDependencies, 'mfaTokens' | 'factors' | 'findLive' | 'signedIn' | 'clock'>,
  request: FastifyRequest,
  given: { mfa_token: string; method: 'totp' | 'sms' | 'email' | 'recovery_code'; code: string },
  ends: PendingSignIn['ends'],
  binding?: string,
): Promise<VerifiedSignIn> {
  const { mfa_token, method, code } = given
  const pending = await mfaTokens.find(mfa_token, ends, binding)
  const account = pending && (await findLive(pending.accountId, pending.generation))
  if (!pending || !account) throw gone()
  const outcome = await factors.verify({ accountId: account.id, method, code })
  if (outcome.kind !== 'verified') throw wrong()
  if (!(await mfaTokens.use(mfa_token))) throw gone()
  await giveBack(request)
  signedIn(account, method, request)
  const { accountId, generation, amr, upstream } = pending
  return {
    ...{ accountId, generation, upstream },
    amr: addMethods(amr, outcome.amr),
    verifiedAt: epochSeconds(clock),
  }
}
