import { createHash } from 'node:crypto'

/** Where a sign-in came from, as a request says it. */
export interface Origin {
  /** The network address. */
  address: string
  /** The header, as it was sent. */
  userAgent: string
}

/**
 * The network (IPv4 /24, IPv6 /48: providers change the rest) and the kind of program: a browser that was updated is no new device.
 * @param describe a user agent in words; undefined: it knows none
 */
export function placeOf(
  accountId: string,
  { address, userAgent }: Origin,
  describe: (userAgent: string) => string | undefined,
): string {
  const v4 = /(\d+\.\d+\.\d+)\.\d+$/.exec(address)?.[1]
  const network = v4 ?? address.split(':').slice(0, 3).join(':')
  const program = describe(userAgent) ?? userAgent.replaceAll(/[\d.]+/g, '')
  return createHash('sha256')
    .update(JSON.stringify([accountId, network, program]))
    .digest('base64url')
}
