import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { ACR_VALUES } from '../../shared/acr.ts'
import { requestedIn } from './request.ts'

const { Check } = interactionPolicy

/** The account that a client asks for (Core §3.1.2.1, a `value` of the claim `sub` in the ID Token); undefined: any. */
export const requestedSubject = (params: Readonly<Record<string, unknown>> | undefined): string | undefined =>
  requestedIn(params).id_token?.sub?.value

/**
 * Whether the sign-in is of a class without which the client wants no answer (Core §5.5.1.1). It is read from the parameter:
 * the library lets `acr_values` take its place. What cannot be reached, or was not by signing in for it, ends the interaction.
 * @throws errors.UnmetAuthenticationRequirements
 */
export const essentialAcr = new Check(
  'essential_acr',
  'the requested Authentication Context Class could not be obtained',
  'unmet_authentication_requirements',
  ({ oidc }: KoaContextWithOIDC) => {
    const { essential, value, values } = requestedIn(oidc.params).id_token?.acr ?? {}
    const wanted = [...(values ?? []), ...(value === undefined ? [] : [value])]
    if (essential !== true || wanted.length === 0) return Check.NO_NEED_TO_PROMPT
    if (oidc.acr !== undefined && wanted.includes(oidc.acr)) return Check.NO_NEED_TO_PROMPT
    if (!wanted.some((each) => ACR_VALUES.includes(each)))
      throw new errors.UnmetAuthenticationRequirements('none of the requested acr values is supported')
    if (oidc.result?.login)
      throw new errors.UnmetAuthenticationRequirements('the sign-in was not of a requested acr value')
    return Check.REQUEST_PROMPT
  },
)
