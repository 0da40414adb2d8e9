import { createHash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { PendingSignIn } from '../factors/mfa-tokens.ts'
import { giveBack } from '../http/rate-limits/rate-limits.ts'
import { addMethods } from '../shared/acr.ts'
import { epochSeconds } from '../shared/clock.ts'
import { AppError } from '../shared/errors.ts'
import type { VerificationMethod } from '../shared/second-factor.ts'
import type { ApiDependencies } from './dependencies.ts'
import { wrongCode } from './problems.ts'

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

type Needs = Pick<
  ApiDependencies,
  | 'codeNotSent'
  | 'emailCodeNotSent'
  | 'mfaTokens'
  | 'factors'
  | 'findLive'
  | 'signedIn'
  | 'clock'
  | 'upstream'
>

/** The sign-in that a token names, and its account. @throws AppError mfa_token_expired (401) */
async function pendingOf(
  deps: Needs,
  token: string,
  ends: PendingSignIn['ends'],
  binding: string | undefined,
) {
  const { mfaTokens, findLive } = deps
  const pending = await mfaTokens.find(token, ends, binding)
  const account = pending && (await findLive(pending.accountId, pending.generation))
  if (!pending || !account || !(await countsAtProvider(deps, pending))) throw gone()
  return { pending, account }
}

/** False: the provider by which the first step was done has signed the person out since, or is no longer linked. */
const countsAtProvider = async ({ upstream }: Needs, pending: PendingSignIn): Promise<boolean> =>
  pending.upstream === undefined || upstream.stillCounts({ ...pending, upstream: pending.upstream })

/** What ties the challenge of a passkey to the sign-in that it is for. */
const bindingOf = (token: string): string => createHash('sha256').update(`mfa ${token}`).digest('base64url')

/**
 * What a second factor begins with: the options of a passkey, or a code that is sent.
 * @throws AppError mfa_token_expired (401) · sms_not_sent, no_email_code (409) · too_many_mails, too_many_messages (429)
 * @param ends, binding as of `verifySecondFactor`
 */
export async function challengeSecondFactor(
  deps: Needs,
  request: FastifyRequest,
  { mfa_token, method }: { mfa_token: string; method: 'passkey' | 'email' | 'sms' },
  ends: PendingSignIn['ends'],
  binding?: string,
): Promise<{ public_key?: Record<string, unknown> }> {
  const { account } = await pendingOf(deps, mfa_token, ends, binding)
  if (method === 'email') {
    const outcome = await deps.factors.emailCodes.send(account.id)
    if (outcome.kind === 'sent') return {}
    throw deps.emailCodeNotSent(outcome)
  }
  if (method === 'sms') {
    const outcome = await deps.factors.phones.send(account.id, request.ip)
    if (outcome.kind === 'sent') return {}
    throw deps.codeNotSent(outcome)
  }
  const options = await deps.factors.passkeys.signInOptions(bindingOf(mfa_token), account.id)
  return { public_key: { ...options } }
}

/**
 * The second factor of a sign-in by JSON: once, with a right code or passkey.
 * @param ends what the first step was for @param binding of the browser, where that began it
 * @throws AppError mfa_token_expired, invalid_code (401)
 */
export async function verifySecondFactor(
  deps: Needs,
  request: FastifyRequest,
  given: {
    mfa_token: string
    method: VerificationMethod
    code?: string | undefined
    credential?: object | undefined
  },
  ends: PendingSignIn['ends'],
  binding?: string,
): Promise<VerifiedSignIn> {
  const { mfa_token, method, code = '', credential } = given
  const { pending, account } = await pendingOf(deps, mfa_token, ends, binding)
  const { factors } = deps
  const outcome =
    method === 'passkey'
      ? await factors.passkeys.verifySignIn(credential, bindingOf(mfa_token), account.id)
      : await factors.verify({ accountId: account.id, method, code })
  if (outcome.kind !== 'verified') throw wrongCode()
  if (!(await deps.mfaTokens.use(mfa_token))) throw gone()
  // What ends the sign-in while the code is checked ends it too; its generation is looked at where tokens are issued.
  if (!(await countsAtProvider(deps, pending))) throw gone()
  await giveBack(request)
  deps.signedIn(account, method, request)
  const { accountId, generation, amr, upstream } = pending
  return {
    ...{ accountId, generation, upstream },
    amr: addMethods(amr, outcome.amr),
    verifiedAt: epochSeconds(deps.clock),
  }
}
