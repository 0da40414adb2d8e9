import { BlockList, isIP } from 'node:net'
import { isLoopbackHost } from '../../shared/loopback.ts'
import { isCloudService } from './cloud-services.ts'
import {
  isInNamedNetwork,
  isNamed,
  isOrdinaryInside,
  NO_PRIVATE_HOSTS,
  type PrivateHosts,
} from './private-hosts.ts'

/**
 * Which network addresses are out there: everything else (this machine, the network around it, documentation, multicast …)
 * is nobody's business who tells us where to look (security: SSRF). From the IANA special-purpose registries.
 */
const special = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  special.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  // 6to4: an IPv4 address of any kind inside.
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  special.addSubnet(network, prefix, 'ipv6')

/** Everything of IPv6 that is given out (RFC 4291 §2.4); mapped IPv4, NAT64, link-local and the rest are outside. */
const global6 = new BlockList()
global6.addSubnet('2000::', 3, 'ipv6')

const LOOPBACK_ADDRESSES = new Set(['127.0.0.1', '::1'])

/** Where requests may go beside public addresses. */
export interface Reach {
  /** 127.0.0.1 and ::1. */
  allowLoopback: boolean
  /** None, unless said. */
  privateHosts?: PrivateHosts
}

/**
 * Whether an address may be connected to in the name of a host: it is public, or the operator has named the host or a network
 * with the address.
 * @param host as in `URL.hostname`
 */
export function mayConnect(
  host: string,
  address: string,
  { allowLoopback, privateHosts = NO_PRIVATE_HOSTS }: Reach,
): boolean {
  if (isReachable(address, allowLoopback) || isInNamedNetwork(address, privateHosts)) return true
  return isNamed(host, privateHosts) && isOrdinaryInside(address)
}

/** Whether an address is out there. @param allowLoopback 127.0.0.1 and ::1 too */
export function isReachable(address: string, allowLoopback: boolean): boolean {
  if (LOOPBACK_ADDRESSES.has(address)) return allowLoopback
  if (isCloudService(address)) return false
  switch (isIP(address)) {
    case 4:
      return !special.check(address, 'ipv4')
    case 6:
      return global6.check(address, 'ipv6') && !special.check(address, 'ipv6')
    default:
      return false
  }
}

/**
 * Whether a URL's host may be named by an unknown client, before its name is looked up: an address of the kind above, or a
 * name that only means something inside a network, may not, unless the operator has named it.
 */
export function isPublicHost(
  host: string,
  { allowLoopback, privateHosts = NO_PRIVATE_HOSTS }: Reach,
): boolean {
  if (isNamed(host, privateHosts) || isInNamedNetwork(host.replace(/^\[|\]$/g, ''), privateHosts)) return true
  if (isLoopbackHost(host)) return allowLoopback
  const address = host.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0) return isReachable(address, allowLoopback)
  // “intranet.” is “intranet” (RFC 1034 §3.1).
  const name = host.replace(/\.$/, '')
  return name.includes('.') && !/\.(localhost|local|internal|home\.arpa|onion)$/.test(name)
}
