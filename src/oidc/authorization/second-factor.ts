import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import {
  ACR,
  ACR_VALUES,
  acrOf,
  isAcr,
  isAtLeast,
  type NeededFactor,
  neededBy,
  reaches,
  strongest,
} from '../../shared/acr.ts'
import type { SecondFactor } from '../../shared/second-factor.ts'
import {
  type ClientSecondFactor,
  requiredAcr,
  type SecondFactorSetting,
} from '../../shared/second-factor-rule.ts'
import type { FindStanding } from '../organizations/standing.ts'
import { preferredAcr, requestedAcr } from '../requested-claims/sign-in.ts'

const { Check, Prompt } = interactionPolicy

/** The name of the prompt, of an interaction that waits for it, and of its result. */
export const MFA = 'mfa'

/** An account, as far as its second factors go. */
export interface VerifiedAccount {
  role: string
  secondFactors: readonly SecondFactor[]
  secondFactorRequired: boolean
}

/** What the prompt asks of the rest of the server. */
export interface SecondFactorRules {
  accountOf(ctx: KoaContextWithOIDC, id: string): Promise<VerifiedAccount | undefined>
  /** For which organization the person of a request signs in. */
  standingOf: FindStanding
  /** Read at each request. */
  readonly secondFactor: SecondFactorSetting
}

/** What the parameters of a request want. Undefined: nothing, or what this person cannot show and is not essential. */
function neededByRequest(
  params: Readonly<Record<string, unknown>> | undefined,
  { secondFactors }: VerifiedAccount,
): NeededFactor | undefined {
  const essential = requestedAcr(params)
  // The weakest of the values is enough (Core §5.5.1.1); the login prompt ends a request for none that is known.
  const [least] = essential.filter(isAcr).sort((one, other) => (isAtLeast(one, other) ? 1 : -1))
  if (essential.length > 0) return least === undefined ? undefined : { acr: least, shown: least !== ACR.pwd }
  // The first that the person can show.
  const wanted = preferredAcr(params)
  const possible: readonly string[] = [
    ACR.pwd,
    ...(secondFactors.length > 0 ? [ACR.mfa] : []),
    ...(secondFactors.includes('passkey') ? [ACR.phr] : []),
  ]
  const acr = wanted.find((value) => possible.includes(value))
  return acr === undefined || !isAcr(acr) ? undefined : { acr, shown: acr !== ACR.pwd }
}

/** What the sign-in of an authorization request has to have shown: the strongest of all rules. */
export async function neededFactor(
  ctx: KoaContextWithOIDC,
  rules: SecondFactorRules,
): Promise<NeededFactor | undefined> {
  const { session, client, params } = ctx.oidc
  const account = session?.accountId === undefined ? undefined : await rules.accountOf(ctx, session.accountId)
  if (account === undefined) return undefined
  const required = requiredAcr(
    rules.secondFactor,
    account,
    (client as { second_factor?: ClientSecondFactor } | undefined)?.second_factor,
  )
  const standing = await rules.standingOf(ctx)
  const ofOrganization = standing.kind === 'member' && standing.membership.second_factor_required
  return strongest(
    neededBy(account),
    ofOrganization ? { acr: ACR.mfa, shown: false } : undefined,
    required && { acr: required, shown: false },
    neededByRequest(params, account),
  )
}

/** A client to which some classes are essential finds one of them in its answer (Core §5.5.1.1), also where the sign-in is of a stronger one. */
function answerInRequestedClass(oidc: KoaContextWithOIDC['oidc']): void {
  const reached = acrOf(oidc.session?.amr)
  const wanted = requestedAcr(oidc.params)
  if (reached === undefined || wanted.length === 0 || wanted.includes(reached)) return
  const acr = ACR_VALUES.find((each) => wanted.includes(each) && isAtLeast(reached, each))
  if (acr !== undefined) Object.defineProperty(oidc, 'acr', { value: acr, configurable: true })
}

/**
 * The second factor of a sign-in: asked between sign-in and consent on every way to a code, so that none is issued without it.
 * With `prompt=none` the client is told `unmet_authentication_requirements` (RFC 9470 §5). What was shown and is still not
 * enough ends the request: it would be asked for without end.
 */
export const secondFactorPrompt = (rules: SecondFactorRules): interactionPolicy.Prompt =>
  new Prompt(
    { name: MFA, requestable: false },
    async (ctx: KoaContextWithOIDC) => ({ needed: await neededFactor(ctx, rules) }),
    new Check(
      'second_factor',
      'the sign-in has to be verified by a second factor',
      'unmet_authentication_requirements',
      async (ctx: KoaContextWithOIDC) => {
        const { oidc } = ctx
        if (oidc.session?.accountId === undefined || oidc.account === undefined)
          return Check.NO_NEED_TO_PROMPT
        const needed = await neededFactor(ctx, rules)
        const { amr = ['pwd'] } = oidc.session
        if (reaches(amr, needed)) {
          answerInRequestedClass(oidc)
          return Check.NO_NEED_TO_PROMPT
        }
        if (oidc.result?.[MFA])
          throw new errors.UnmetAuthenticationRequirements('the second factor that was shown is not enough')
        return Check.REQUEST_PROMPT
      },
    ),
  )
