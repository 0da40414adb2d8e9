import type { Metadata, PolicyContext, RegistrationPolicy } from './policy.ts'

/** Those of some scopes that an API gives to a client that names it and asks for none of its scopes. */
export type DefaultsAmong = (scopes: readonly string[]) => Promise<readonly string[]>

/**
 * The registration of a client that asks for nothing of any API, with what APIs give by default: a server of tools that
 * publishes no scopes has its clients ask for those that discovery lists, which are about people (RFC 7591 §2: the
 * server may give others than were asked for). Only what the policy allows, and people are asked all the same.
 */
export async function withDefaultScopes(
  input: Metadata,
  policy: Pick<RegistrationPolicy, 'scope'>,
  { identityScopes }: Pick<PolicyContext, 'identityScopes'>,
  defaultsAmong: DefaultsAmong,
): Promise<Metadata> {
  const asked = typeof input.scope === 'string' ? input.scope.split(/ +/).filter(Boolean) : []
  if (asked.length === 0 || asked.some((scope) => !identityScopes.includes(scope))) return input
  const defaults = await defaultsAmong(policy.scope)
  return defaults.length === 0 ? input : { ...input, scope: [...asked, ...defaults].join(' ') }
}
