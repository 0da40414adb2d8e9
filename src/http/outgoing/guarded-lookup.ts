import { lookup as resolve } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { mayConnect, type Reach } from './addresses.ts'

/** A request that would have gone to an address inside. */
const NOT_PUBLIC = 'is not a public address'

export const notPublic = (host: string): Error => new Error(`${host} ${NOT_PUBLIC}`)

/** Whether that is why a connection was not made. @param cause of the error of a fetch */
export const isNotPublic = (cause: Error): boolean => cause.message.endsWith(NOT_PUBLIC)

/**
 * Looks up a name and gives out addresses that may be connected to alone, for the connection that is made to one of them: so nothing is connected
 * to an address inside, whatever a name is made to say at another moment (security: SSRF, DNS rebinding).
 */
export function guardedLookup(options: Reach & { lookup?: typeof resolve }): LookupFunction {
  const { lookup = resolve, ...reach } = options
  return (hostname, { all = false, ...rest }, callback) => {
    lookup(hostname, { ...rest, all: true }, (error, addresses) => {
      if (error) return callback(error, [])
      const [first] = addresses
      // One address inside is enough to refuse: a name that has both is up to something.
      if (first === undefined || !addresses.every(({ address }) => mayConnect(hostname, address, reach)))
        return callback(notPublic(hostname), [])
      return all ? callback(null, addresses) : callback(null, first.address, first.family)
    })
  }
}

/** An address in the place of a name is connected to without being looked up. @throws Error when it is one inside */
export function refuseAddressInside(url: URL, reach: Reach): void {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(host) !== 0 && !mayConnect(host, host, reach)) throw notPublic(host)
}
