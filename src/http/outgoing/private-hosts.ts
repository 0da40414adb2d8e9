import { BlockList, isIP } from 'node:net'
import { domainToASCII } from 'node:url'
import { isCloudService, isOfCloudServices } from './cloud-services.ts'

/**
 * Hosts inside that the operator has named (PRIVATE_HOSTS), so that requests may go to them from a server that otherwise
 * connects to public addresses alone.
 *
 *   a name      that very host, wherever it is inside
 *   a network   any host that turns out to be in it
 *
 * A name leads into the networks that people run (RFC 1918, RFC 4193, RFC 6598, loopback), and never to where clouds keep the
 * keys of a machine (cloud-services.ts). Nor does a network that has more in it: those addresses have to be named themselves.
 */
export interface PrivateHosts {
  readonly names: ReadonlySet<string>
  readonly networks: readonly Network[]
}

export interface Network {
  readonly address: string
  readonly prefix: number
}

export const NO_PRIVATE_HOSTS: PrivateHosts = { names: new Set(), networks: [] }

/** The shortest prefix of a network that is taken, by the family of its address. */
const WIDEST = { 4: 8, 6: 7 } as const

const inside = new BlockList()
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  inside.addSubnet(network, prefix, 'ipv4')
inside.addSubnet('fc00::', 7, 'ipv6')
inside.addAddress('::1', 'ipv6')

const family = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

/** “intranet.” is “intranet” (RFC 1034 §3.1), and “[::1]” is how a URL spells an address. */
const plain = (host: string): string =>
  host
    .toLowerCase()
    .replace(/\.$/, '')
    .replace(/^\[|\]$/g, '')

/** Whether an IPv6 network has some of the IPv4 addresses that IPv6 writes as ::ffff:0:0/96 (RFC 4291 §2.5.5.2), or all. */
function meetsIPv4(address: string, prefix: number): boolean {
  const [named, mapped] = [new BlockList(), new BlockList()]
  named.addSubnet(address, prefix, 'ipv6')
  mapped.addSubnet('::ffff:0:0', 96, 'ipv6')
  return named.check('::ffff:0:0', 'ipv6') || mapped.check(address, 'ipv6')
}

function networkOf(entry: string): Network | undefined {
  const [address = '', length, ...rest] = entry.replace(/^\[|\]$/g, '').split('/')
  const version = isIP(address)
  // With a zone (“fe80::1%eth0”) it is an address of one machine alone.
  if ((version !== 4 && version !== 6) || address.includes('%') || rest.length > 0) return undefined
  const longest = version === 4 ? 32 : 128
  if (length === undefined) return { address, prefix: longest }
  const prefix = /^\d{1,3}$/.test(length) ? Number(length) : -1
  if (prefix < WIDEST[version] || prefix > longest) return undefined
  return version === 6 && prefix < 96 + WIDEST[4] && meetsIPv4(address, prefix)
    ? undefined
    : { address, prefix }
}

function nameOf(entry: string): string | undefined {
  if (/[%/\\?#:[\]@*_]/.test(entry)) return undefined
  const name = plain(domainToASCII(entry))
  // A URL takes “127.1” or “0x7f.1” for an address: it is named as one.
  return /[a-z]/.test(name) && URL.parse(`http://${name}/`)?.hostname === name ? name : undefined
}

/** @returns undefined: one of the entries is no host name, address or network */
export function parsePrivateHosts(entries: readonly string[]): PrivateHosts | undefined {
  const names = new Set<string>()
  const networks: Network[] = []
  for (const entry of entries) {
    const network = networkOf(entry)
    const name = network ? undefined : nameOf(entry)
    if (network) networks.push(network)
    else if (name) names.add(name)
    else return undefined
  }
  return { names, networks }
}

/** @param host as in `URL.hostname` */
export const isNamed = (host: string, { names }: PrivateHosts): boolean => names.has(plain(host))

export function isInNamedNetwork(address: string, { networks }: PrivateHosts): boolean {
  if (isIP(address) === 0) return false
  const cloud = isCloudService(address)
  const list = new BlockList()
  for (const network of networks)
    if (!cloud || isOfCloudServices(network.address, network.prefix))
      list.addSubnet(network.address, network.prefix, family(network.address))
  return list.check(address, family(address))
}

/** Where a name that the operator has named may lead. */
export const isOrdinaryInside = (address: string): boolean =>
  isIP(address) !== 0 && inside.check(address, family(address)) && !isCloudService(address)
