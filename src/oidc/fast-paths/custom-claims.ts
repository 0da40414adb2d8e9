import type { Client } from 'oidc-provider'
import type { ProtocolDependencies, TokenHolder } from '../dependencies.ts'
import { type ClaimPlace, customOfToken, type ToldOrganization } from '../tokens/custom-claims.ts'
import { membershipNames } from '../tokens/memberships.ts'

/**
 * The custom claims of a token, as the library's way gives them: one statement where they are made of groups or roles.
 * @returns undefined where roles of APIs may be among them, which want another look: the library answers
 */
export function customForToken(
  { customClaims, membershipsOf }: Pick<ProtocolDependencies, 'customClaims' | 'membershipsOf'>,
  place: ClaimPlace,
  token: Parameters<typeof customOfToken>[2],
  {
    client,
    account,
    membership,
  }: { client: Client; account: TokenHolder; membership?: ToldOrganization | undefined },
): Promise<Record<string, unknown> | undefined> {
  return customOfToken(customClaims, place, token, account.attributes, {
    names: async () =>
      client.resource_scope
        ? undefined
        : membershipNames(await membershipsOf(account.id), client, async () => undefined),
    organization: async () => membership,
  })
}
