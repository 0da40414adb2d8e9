import { BlockList, isIP } from 'node:net'

/**
 * Where clouds answer the machines that run there: the keys of the machine, its start-up data, their DNS. Among the addresses
 * of private networks, or of public ones; each from its provider's documentation.
 */
const SERVICES = [
  // Link-local: most of them.
  ['169.254.0.0', 16],
  ['fe80::', 10],
  // Alibaba Cloud: metadata, in the shared space of RFC 6598.
  ['100.100.100.200', 32],
  // Azure: metadata and DNS, in public space.
  ['168.63.129.16', 32],
  // Oracle Cloud, the older one.
  ['192.0.0.192', 32],
  // AWS: metadata, DNS, time, credentials of containers.
  ['fd00:ec2::', 32],
  // Google Cloud: metadata and DNS.
  ['fd20:ce::', 32],
  // Oracle Cloud.
  ['fd00:c1::', 32],
  // Scaleway.
  ['fd00:42::', 32],
] as const

/** An IPv4 address is one of 128 bits too (RFC 4291 §2.5.5.2), also in the length of its prefix. */
const bits = (address: string, prefix: number) => (isIP(address) === 4 ? 96 + prefix : prefix)
const family = (address: string) => (isIP(address) === 4 ? 'ipv4' : 'ipv6')

const blocks = SERVICES.map(([network, prefix]) => {
  const list = new BlockList()
  list.addSubnet(network, prefix, family(network))
  return { list, bits: bits(network, prefix) }
})

/** Whether an address is one where a cloud answers its machines. */
export const isCloudService = (address: string): boolean =>
  isIP(address) !== 0 && blocks.some(({ list }) => list.check(address, family(address)))

/** Whether a network is of such addresses alone: an operator who names it means them. */
export const isOfCloudServices = (address: string, prefix: number): boolean =>
  blocks.some((block) => bits(address, prefix) >= block.bits && block.list.check(address, family(address)))
