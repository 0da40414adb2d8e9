/** The apps that a person may use, and where each begins. */
import type { ProtocolMemberships } from '../tokens/memberships.ts'
import { fits, restrictionOf } from './rule.ts'

/** A client that says where people begin to use it. */
export interface LaunchableClient {
  id: string
  name: string
  logoUri?: string | undefined
  uri: string
  /** Whether the address begins a sign-in (`initiate_login_uri`). */
  beginsSignIn: boolean
  /** Its field `access`. */
  access?: unknown
}

export interface LaunchableApp {
  client_id: string
  name: string
  logo_uri?: string | undefined
  /** Where it begins. */
  uri: string
}

/**
 * The apps that are for an account at this moment, by name. Two statements however many apps and groups there are; one where every
 * app is for everyone; none while the launcher is off.
 */
export function createLaunchableApps({
  isOn,
  issuer,
  clients,
  membershipsOf,
}: {
  isOn(): boolean
  issuer: string
  clients: { launchable(): Promise<LaunchableClient[]> }
  membershipsOf(accountId: string): Promise<ProtocolMemberships | undefined>
}): (accountId: string) => Promise<LaunchableApp[] | undefined> {
  return async (accountId) => {
    if (!isOn()) return undefined
    const all = (await clients.launchable()).map((client) => ({
      client,
      restriction: restrictionOf({ access: client.access }),
    }))
    const memberships = all.some(({ restriction }) => restriction !== undefined)
      ? await membershipsOf(accountId)
      : undefined
    return all
      .filter(
        ({ restriction }) =>
          restriction === undefined || (memberships !== undefined && fits(restriction, memberships)),
      )
      .map(({ client: { id, name, logoUri, uri, beginsSignIn } }) => ({
        client_id: id,
        name,
        ...(logoUri !== undefined && { logo_uri: logoUri }),
        uri: beginsSignIn ? withIssuer(uri, issuer) : uri,
      }))
  }
}

/** A third party that begins a sign-in names the issuer (OpenID Connect Core §4). */
function withIssuer(address: string, issuer: string): string {
  const url = new URL(address)
  url.searchParams.set('iss', issuer)
  return url.href
}
