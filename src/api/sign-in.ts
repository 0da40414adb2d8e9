import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Account } from '../accounts/account.ts'
import { giveBack } from '../http/rate-limits/rate-limits.ts'
import type { ApiDependencies } from './dependencies.ts'
import {
  invalidCredentials,
  leavingAccount,
  providerRequired,
  unverifiedAccount,
  wrongFields,
} from './problems.ts'

type Guard = Pick<ApiDependencies, 'accounts' | 'devices'>

/**
 * Checks the password of a JSON body, by the service behind the sign-in page.
 * @throws AppError invalid_credentials (401) for every reason alike; unconfirmed_account, account_leaving, provider_required (403); overloaded (503)
 */
export async function signIn(
  { accounts, devices }: Guard,
  request: FastifyRequest,
  reply: FastifyReply,
  credentials: { identifier: string; password: string },
): Promise<Account> {
  const outcome = await accounts.authenticate({
    ...credentials,
    address: request.ip,
    devices: devices.of(request),
  })
  if (outcome.kind === 'at_provider') throw providerRequired(outcome.provider)
  if (outcome.kind === 'refused') throw invalidCredentials(request, reply, outcome.reason)
  await giveBack(request)
  if (outcome.kind === 'unverified') throw unverifiedAccount()
  if (outcome.kind === 'leaving') throw leavingAccount(outcome.leaving.deletionAt)
  return outcome.account
}

/**
 * Asks a person who is signed in for their password again, before what cannot be undone (ASVS 7.5.1). A wrong one counts
 * like a failed sign-in.
 * @param field the field of the body that holds it
 * @throws ValidationError (422), AppError overloaded (503)
 */
export async function confirmPassword(
  { accounts, devices }: Guard,
  request: FastifyRequest,
  account: Account,
  field: string,
  password: string | undefined,
): Promise<void> {
  if (password === undefined) throw wrongFields({ [field]: 'This field is missing.' })
  const from = { address: request.ip, devices: devices.of(request) }
  const credentials = { identifier: account.username, password, proof: true, ...from }
  const outcome = await accounts.authenticate(credentials)
  if (outcome.kind === 'ok' && outcome.account.id === account.id) return
  throw wrongFields({ [field]: 'This is not your current password.' })
}
