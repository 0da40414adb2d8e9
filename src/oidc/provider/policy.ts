import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { accessPrompt } from '../app-access/prompt.ts'
import { isClaimable } from '../authorization/claimable.ts'
import { type SecondFactorRules, secondFactorPrompt } from '../authorization/second-factor.ts'
import { selectAccountPrompt } from '../authorization/select-account.ts'
import { type FindVerdict, hookPrompts } from '../hooks/sign-in.ts'
import { organizationPrompt, signInTooOldFor } from '../organizations/prompt.ts'
import type { FindStanding } from '../organizations/standing.ts'
import { claimsMissing } from '../requested-claims/consent.ts'
import { essentialAcr, requestedSubject } from '../requested-claims/sign-in.ts'
import { type ImpersonationCounts, impersonationPrompt } from '../sessions/impersonations.ts'

const { Check, base } = interactionPolicy

/** A session whose account has been disabled, closed or reset since is no session, and leads to the sign-in page. */
const accountUnavailable = new Check(
  'account_unavailable',
  'End-User authentication is required',
  'login_required',
  ({ oidc }: KoaContextWithOIDC) =>
    oidc.session?.accountId !== undefined && oidc.account === undefined
      ? Check.REQUEST_PROMPT
      : Check.NO_NEED_TO_PROMPT,
)

/**
 * Any program on a device can claim a native app's private-use scheme or loopback port, and an attacker in the network can answer
 * for a redirect URI by plain http, so consent is asked for each time, also for a first-party app. An https redirect URI is claimed by the app's
 * owner, and needs no such question (RFC 8252 §8.6).
 */
const nativeClient = new Check(
  'native_client_prompt',
  'native clients require End-User interaction',
  'interaction_required',
  ({ oidc }: KoaContextWithOIDC) => {
    const redirectUri = String(oidc.params?.redirect_uri)
    const claimed = redirectUri.startsWith('https:')
    const native = oidc.client?.applicationType === 'native' && !(claimed && oidc.client.first_party === true)
    return (native || isClaimable(redirectUri)) && !oidc.result?.consent
      ? Check.REQUEST_PROMPT
      : Check.NO_NEED_TO_PROMPT
  },
)

/** No administrator has reviewed the client: the person is told so, and asked for consent, every time (ASVS 10.7.1). */
const unverifiedClient = new Check(
  'unverified_client_prompt',
  'unverified clients require consent each time',
  'consent_required',
  ({ oidc }: KoaContextWithOIDC) =>
    oidc.client?.verified === false && !oidc.result?.consent ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
)

/**
 * The person who enters a user code may have it from an attacker, who holds the device (remote phishing, RFC 8628 §5.4): each time they
 * are shown which client asks and from which address, and decide, also for a first-party app.
 */
const deviceAsks = new Check(
  'device_prompt',
  'devices require consent each time',
  'consent_required',
  ({ oidc }: KoaContextWithOIDC) =>
    oidc.deviceCode !== undefined && !oidc.result?.consent ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
)

/**
 * The account that the client asks for, by `id_token_hint` or by `claims`; undefined: any. The hint was verified when the
 * request came (Core §3.1.2.2), and is kept with the interaction here.
 */
export const hintedAccount = (params: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  subjectOfHint(params) ?? requestedSubject(params)

function subjectOfHint(params: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const [, payload] = String(params?.id_token_hint ?? '').split('.')
  if (payload === undefined) return undefined
  const { sub } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { sub?: unknown }
  return String(sub)
}

type Checks = readonly InstanceType<typeof Check>[]

const someAsk = async (checks: Checks, ctx: KoaContextWithOIDC): Promise<boolean> =>
  (await Promise.all(checks.map(({ check }) => check(ctx)))).some(Boolean)

/**
 * The library's own check of this name knows the hint only before the person signs in, not when the interaction goes on. With
 * `prompt=none`, a client that would have to ask for consent anyway is answered the same whichever account it names by `claims`:
 * else it could try out who is signed in here. An id_token of its own shows that it knows the account.
 */
const otherThanHinted = (consent: Checks) =>
  new Check(
    'id_token_hint',
    'id_token_hint and authenticated subject do not match',
    'login_required',
    async (ctx: KoaContextWithOIDC) => {
      const { oidc } = ctx
      const hinted = hintedAccount(oidc.params)
      if (hinted !== (requestedSubject(oidc.params) ?? hinted))
        throw new errors.InvalidRequest('id_token_hint and the sub in claims are of different accounts')
      if (hinted === undefined || hinted === oidc.session?.accountId) return Check.NO_NEED_TO_PROMPT
      const guessed = subjectOfHint(oidc.params) === undefined && oidc.promptPending('none')
      return guessed && oidc.account !== undefined && (await someAsk(consent, ctx))
        ? Check.NO_NEED_TO_PROMPT
        : Check.REQUEST_PROMPT
    },
  )

/**
 * The client accepts no older sign-in than `max_auth_age` seconds, whatever its request says (`max_age`, Core §3.1.2.1, is the request's
 * own).
 */
const signInTooOld = new Check(
  'max_auth_age',
  'End-User authentication is older than the client accepts',
  'login_required',
  ({ oidc }: KoaContextWithOIDC) => {
    const oldest = (oidc.client as { max_auth_age?: number } | undefined)?.max_auth_age
    if (oldest === undefined || oidc.session?.accountId === undefined || oidc.result?.login)
      return Check.NO_NEED_TO_PROMPT
    return oldest === 0 || oidc.session.past(oldest) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT
  },
)

/** When a person has to be asked: the library's own checks, with these. */
export function createInteractionPolicy(
  rules: SecondFactorRules,
  admits: Parameters<typeof accessPrompt>[0],
  standingOf: FindStanding,
  impersonationCounts: ImpersonationCounts,
  verdictOf: FindVerdict,
) {
  const policy = base()
  policy.add(selectAccountPrompt(), 0)
  policy.add(secondFactorPrompt(rules), 2)
  policy.add(organizationPrompt(standingOf), 3)
  policy.add(accessPrompt(admits), 4)
  policy.add(impersonationPrompt(impersonationCounts), 0)
  for (const prompt of hookPrompts(verdictOf)) policy.add(prompt)
  const login = policy.get('login')?.checks
  login?.add(accountUnavailable)
  login?.remove('id_token_hint')
  login?.remove('claims_id_token_sub_value')
  const consent = policy.get('consent')?.checks
  login?.add(otherThanHinted(consent ?? []))
  login?.remove('essential_acrs')
  login?.remove('essential_acr')
  login?.add(essentialAcr)
  login?.add(signInTooOld)
  login?.add(signInTooOldFor(standingOf))
  consent?.remove('native_client_prompt')
  consent?.remove('op_claims_missing')
  consent?.add(claimsMissing)
  consent?.add(nativeClient, 0)
  consent?.add(unverifiedClient, 0)
  consent?.add(deviceAsks, 0)
  return policy
}
