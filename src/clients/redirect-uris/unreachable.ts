import type { LookupAddress } from 'node:dns'
import { lookup as resolve } from 'node:dns/promises'
import { isIP } from 'node:net'
import { mayConnect, type Reach } from '../../http/outgoing/addresses.ts'
import type { PrivateHosts } from '../../http/outgoing/private-hosts.ts'

/** A client's address that requests do not go to, because it is inside and the operator has not named it. */
export interface UnreachableAddress {
  client_id: string
  client_name: string
  host: string
}

interface Addressed {
  client_id: string
  client_name: string
  backchannel_logout_uri?: string | undefined
  jwks_uri?: string | undefined
}

/** How many hosts are looked up; one lookup costs a second where names do not resolve. */
const MAX_HOSTS = 200

/**
 * Registered clients with an address inside that PRIVATE_HOSTS does not name. While the issuer is on loopback, all are reachable.
 * @returns what finds them
 */
export const unreachableAddresses =
  (deps: {
    issuer: string
    privateHosts: PrivateHosts
    /** A page of the registered clients. */
    list(page: {
      limit: number
      cursor?: string | undefined
    }): Promise<{ items: readonly Addressed[]; next_cursor?: string }>
  }) =>
  async (): Promise<UnreachableAddress[]> => {
    if (!deps.issuer.startsWith('https:')) return []
    const clients: Addressed[] = []
    let cursor: string | undefined
    do {
      const page = await deps.list({ limit: 100, cursor })
      clients.push(...page.items)
      cursor = page.next_cursor
    } while (cursor !== undefined)
    return findUnreachable(clients, { allowLoopback: false, privateHosts: deps.privateHosts })
  }

/** Which clients cannot be told of sign-outs, or asked for their keys. A name that does not resolve is another matter. */
export async function findUnreachable(
  clients: readonly Addressed[],
  reach: Reach,
  lookup: (host: string) => Promise<LookupAddress[]> = (host) => resolve(host, { all: true }),
): Promise<UnreachableAddress[]> {
  const hosts = new Map<string, Pick<Addressed, 'client_id' | 'client_name'>[]>()
  for (const { client_id, client_name, backchannel_logout_uri, jwks_uri } of clients)
    for (const uri of [backchannel_logout_uri, jwks_uri]) {
      const host = uri === undefined ? undefined : URL.parse(uri)?.hostname
      if (host) hosts.set(host, [...(hosts.get(host) ?? []), { client_id, client_name }])
    }
  const found = [...hosts].slice(0, MAX_HOSTS).map(async ([host, its]) => {
    const literal = host.replace(/^\[|\]$/g, '')
    const addresses = isIP(literal)
      ? [literal]
      : (await lookup(host).catch(() => [])).map(({ address }) => address)
    if (addresses.every((address) => mayConnect(host, address, reach))) return []
    return [...new Map(its.map((client) => [client.client_id, { ...client, host }])).values()]
  })
  return (await Promise.all(found)).flat()
}
