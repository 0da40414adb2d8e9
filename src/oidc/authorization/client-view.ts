import type { Client } from 'oidc-provider'
import type { ShownClient } from '../../http/pages/pages.ts'
import { websiteOf } from '../../shared/website.ts'

/** What pages show of a client: its own metadata, and whether an administrator has verified it. */
export function clientView(client: Client | undefined): (ShownClient & { unverified: boolean }) | undefined {
  if (client === undefined) return undefined
  const unverified = client.verified === false
  return {
    name: client.clientName ?? client.clientId,
    // An unverified client could show the logo of another app, and its host would learn the address of each person who looks.
    logoUri: unverified ? undefined : client.logoUri,
    clientUri: client.clientUri,
    policyUri: client.policyUri,
    tosUri: client.tosUri,
    unverified,
    // Nor may it look like a company that people know.
    brand: unverified ? undefined : { client: client.clientId },
    documentHost: websiteOf(client.clientId)?.host,
  }
}
