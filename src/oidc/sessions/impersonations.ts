import {
  type Client,
  errors,
  type Grant,
  interactionPolicy,
  type KoaContextWithOIDC,
  type Provider,
} from 'oidc-provider'
import { type Impersonation, impersonationOf } from '../../shared/impersonation.ts'

const { Check, Prompt } = interactionPolicy

/** Whether an impersonation still counts, for the person whom it is of (src/accounts/impersonations). */
export type ImpersonationCounts = (accountId: string, impersonation: Impersonation) => Promise<boolean>

/** Records that an impersonation has ended, by its ID, unless that is recorded already. */
export type ImpersonationEnded = (id: string, how: 'signed_out' | 'device' | 'administrator') => Promise<void>

/** How long what is issued may live: no longer than the impersonation that it is issued in. @param ttl seconds */
export function withinImpersonation(ttl: number, stored: object | undefined): number {
  const impersonation = impersonationOf(stored)
  if (impersonation === undefined) return ttl
  return Math.max(1, Math.min(ttl, impersonation.until - Math.floor(Date.now() / 1000)))
}

/**
 * A Grant that was made in an impersonation which has ended is as if it did not exist, wherever it is read: every code and
 * token hangs on one.
 */
export function forgetEndedImpersonations(provider: Provider, counts: ImpersonationCounts): void {
  const { Grant } = provider
  const find = Grant.find.bind(Grant) as (id: string, options?: object) => Promise<Grant | undefined>
  const findCounting: typeof find = async (...given) => {
    const grant = await find(...given)
    const impersonation = impersonationOf(grant)
    if (grant?.accountId === undefined || impersonation === undefined) return grant
    return (await counts(grant.accountId, impersonation)) ? grant : undefined
  }
  Object.assign(Grant, { find: findCounting })
}

const NOBODY_TO_ASK = 'an administrator is signed in as this person, who cannot be asked'

/**
 * Asked before everything else. The person of an impersonated session is not there: nothing is asked in it, neither a sign-in nor
 * consent, and an authorization request that would have to is answered as with `prompt=none`. No device is approved in it.
 */
export const impersonationPrompt = (counts: ImpersonationCounts): interactionPolicy.Prompt =>
  new Prompt(
    { name: 'impersonation', requestable: false },
    new Check('impersonated', NOBODY_TO_ASK, 'interaction_required', async (ctx: KoaContextWithOIDC) => {
      const { oidc } = ctx
      const impersonation = impersonationOf(oidc.session)
      const { accountId } = oidc.session ?? {}
      if (impersonation === undefined || accountId === undefined) return Check.NO_NEED_TO_PROMPT
      if (!(await counts(accountId, impersonation))) return Check.NO_NEED_TO_PROMPT
      if (oidc.deviceCode !== undefined) throw new errors.AccessDenied(undefined, NOBODY_TO_ASK)
      const wants = [...oidc.prompts]
      if (wants.includes('consent')) throw new errors.ConsentRequired(NOBODY_TO_ASK)
      if (wants.some((prompt) => prompt !== 'none')) throw new errors.LoginRequired(NOBODY_TO_ASK)
      Object.assign(oidc.params ?? {}, { prompt: 'none' })
      return Check.NO_NEED_TO_PROMPT
    }),
  )

/** Whether a client gets a refresh token: nothing goes on after an impersonation. */
export const mayRefresh = ({ oidc }: KoaContextWithOIDC, client: Client): boolean =>
  client.grantTypeAllowed('refresh_token') && impersonationOf(oidc.entities.Grant) === undefined
