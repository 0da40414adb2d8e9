import { type Client, errors, type Interaction, type Provider } from 'oidc-provider'
import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import { missingProtection } from '../authorization/pkce.ts'
import { claimsWithin, requestedIn, requestWithin } from '../requested-claims/request.ts'
import { scopeWithin } from './scopes.ts'

/** An interaction whose authorization request its client may no longer make. */
export class RegistrationChanged extends errors.InvalidRequest {
  /** @param detail what has changed, for the log */
  constructor(detail: string) {
    super('the registration of the client was changed while this sign-in was under way', 400, detail)
  }
}

/**
 * Makes interactions that wait for a person follow the registration of their client. The library checks a request when it comes
 * and not again when it goes on, up to an hour later.
 */
export function narrowInteractions(provider: Provider): void {
  const { Interaction } = provider
  const find = Interaction.find.bind(Interaction) as (
    id: string,
    options?: object,
  ) => Promise<Interaction | undefined>
  const narrowed = async (id: string, options?: object) => {
    const interaction = await find(id, options)
    if (interaction === undefined) return undefined
    const client = await provider.Client.find(String(interaction.params.client_id))
    const problem = problemOf(interaction, client)
    if (client === undefined || problem !== undefined) throw new RegistrationChanged(problem ?? '')
    narrow(interaction, client)
    return interaction
  }
  Object.assign(Interaction, { find: narrowed })
}

function problemOf(
  interaction: Interaction & { parJti?: string },
  client: Client | undefined,
): string | undefined {
  if (client === undefined) return 'the client is disabled or gone'
  const { scope } = interaction.params
  const within = typeof scope === 'string' ? scopeWithin(scope, client) : undefined
  if (within === '') return 'none of the scopes is registered any more'
  if (interaction.deviceCode !== undefined)
    return client.grantTypeAllowed(DEVICE_CODE_GRANT)
      ? undefined
      : 'the client may no longer use the grant device_code'
  const { redirect_uri: redirectUri, code_challenge: codeChallenge, nonce } = interaction.params
  if (!client.grantTypeAllowed('authorization_code'))
    return 'the client may no longer use the grant authorization_code'
  if (!client.redirectUriAllowed(String(redirectUri))) return 'the redirect_uri is no longer registered'
  const missing = missingProtection(client, { redirectUri, codeChallenge, nonce, scope: within })
  if (missing !== undefined) return `${PROTECTION[missing]} is required of this client by now`
  // The parameters that came signed or pushed are trusted by the library. Of others the first page has no list, and the next an empty one.
  if (client.requireSignedRequestObject === true && !interaction.trusted?.length)
    return 'requests of this client have to be signed by now'
  return client.requirePushedAuthorizationRequests === true && interaction.parJti === undefined
    ? 'requests of this client have to be pushed by now'
    : undefined
}

/** The missing protection in words, for the log. */
const PROTECTION = { pkce: 'PKCE', pkce_or_nonce: 'PKCE, or a nonce with the scope openid,' } as const

/** Asks for no more than the client may have, whatever it was when the interaction began (RFC 6749 §3.3). */
function narrow(interaction: Interaction, client: Client): void {
  const { params, prompt } = interaction
  if (typeof params.scope === 'string') params.scope = scopeWithin(params.scope, client) || undefined
  const details = prompt.details as {
    missingOIDCScope?: string[]
    missingOIDCClaims?: string[]
    missingResourceScopes?: Record<string, string[]>
  }
  const claims = requestWithin(requestedIn(params), client)
  if (params.claims !== undefined) params.claims = claims && JSON.stringify(claims)
  if (details.missingOIDCClaims) details.missingOIDCClaims = claimsWithin(details.missingOIDCClaims, client)
  const within = (scopes: readonly string[]) =>
    scopeWithin(scopes.join(' '), client).split(' ').filter(Boolean)
  if (details.missingOIDCScope) details.missingOIDCScope = within(details.missingOIDCScope)
  for (const [resource, scopes] of Object.entries(details.missingResourceScopes ?? {}))
    Object.assign(details.missingResourceScopes ?? {}, { [resource]: within(scopes) })
}
