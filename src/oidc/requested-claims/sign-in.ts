import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { ACR, acrOf, isAcr, isAtLeast } from '../../shared/acr.ts'
import { requestedIn } from './request.ts'

const { Check } = interactionPolicy

/** The account that a client asks for (Core §3.1.2.1, a `value` of the claim `sub` in the ID Token); undefined: any. */
export const requestedSubject = (params: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  requestedIn(params).id_token?.sub?.value

/** The classes of which one is essential to the client (Core §5.5.1.1): `acr` of `claims`, as it was sent. None: any will do. */
export const requestedAcr = (params: Readonly<Record<string, unknown>> | undefined): readonly string[] =>
  requestedIn(params).id_token?.acr?.essential === true ? acrIn(params) : []

/** The classes that are voluntary, in the order of the client's preference: `acr_values` (Core §3.1.2.1), else `acr` of `claims`. */
export function preferredAcr(params: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const values = String(params?.acr_values ?? '')
  return values === '' ? acrIn(params) : values.split(' ')
}

function acrIn(params: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const { value, values } = requestedIn(params).id_token?.acr ?? {}
  return [...(values ?? []), ...(value === undefined ? [] : [value])]
}

/**
 * Whether the sign-in is of a class without which the client wants no answer (Core §5.5.1.1). It is read from the parameter:
 * the library lets `acr_values` take its place. What cannot be reached, or was not by signing in for it, ends the interaction. A
 * stronger class than that of a password is the second prompt's to ask for (authorization/second-factor.ts).
 * @throws errors.UnmetAuthenticationRequirements
 */
export const essentialAcr = new Check(
  'essential_acr',
  'the requested Authentication Context Class could not be obtained',
  'unmet_authentication_requirements',
  ({ oidc }: KoaContextWithOIDC) => {
    const wanted = requestedAcr(oidc.params)
    if (wanted.length === 0) return Check.NO_NEED_TO_PROMPT
    const known = wanted.filter(isAcr)
    if (known.length === 0)
      throw new errors.UnmetAuthenticationRequirements('none of the requested acr values is supported')
    if (!known.includes(ACR.pwd) || isAtLeast(acrOf(oidc.session?.amr), ACR.pwd))
      return Check.NO_NEED_TO_PROMPT
    if (oidc.result?.login)
      throw new errors.UnmetAuthenticationRequirements('the sign-in was not of a requested acr value')
    return Check.REQUEST_PROMPT
  },
)
