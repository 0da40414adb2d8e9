import type { Client } from 'oidc-provider'
import type { ClientView } from '../../http/pages/pages.ts'
import { websiteOf } from '../../shared/website.ts'

/** What pages show of a client: what it says of itself, and whether anybody has looked at it. */
export function clientView(client: Client | undefined): (ClientView & { unverified: boolean }) | undefined {
  if (client === undefined) return undefined
  const unverified = client.verified === false
  return {
    name: client.clientName ?? client.clientId,
    // A picture from wherever an unknown client says could be somebody else's, and tells it who looks.
    logoUri: unverified ? undefined : client.logoUri,
    clientUri: client.clientUri,
    policyUri: client.policyUri,
    tosUri: client.tosUri,
    unverified,
    documentHost: websiteOf(client.clientId)?.host,
  }
}
