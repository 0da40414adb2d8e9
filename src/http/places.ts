import { readFile, stat } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { CityResponse, Reader } from 'mmdb-lib'
import type { Clock } from '../shared/clock.ts'
import { currentLocale, t } from '../shared/locales/texts.ts'

type Names = NonNullable<CityResponse['city']>['names']

/** How often it is looked whether the file was replaced, in milliseconds. */
const LOOK_AGAIN = 60_000

/** Networks inside (RFC 1918, RFC 6598, RFC 4193, link-local): no database knows where they are. */
const inside = new BlockList()
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  inside.addSubnet(network, prefix, 'ipv4')
inside.addSubnet('fc00::', 7, 'ipv6')
inside.addSubnet('fe80::', 10, 'ipv6')
const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Where network addresses are, as far as it is known. */
export interface Places {
  /** “Paris, France”, “a private network”; undefined: it is not known. */
  nameOf(address: string): Promise<string | undefined>
}

/**
 * Places by an MMDB file of the operator, or none: nothing of the kind is shipped, and nobody is asked over the network, since that
 * would tell them where people sign in from.
 * @param deps.file undefined: there is none
 */
export function createPlaces(deps: {
  file: string | undefined
  clock: Clock
  log: Pick<FastifyBaseLogger, 'warn'>
}): Places {
  const { file, clock, log } = deps
  let lookedAt = Number.NEGATIVE_INFINITY
  let readAt: number | undefined
  let reader: Promise<Reader<CityResponse> | undefined> = Promise.resolve(undefined)

  async function read(path: string): Promise<Reader<CityResponse>> {
    const { Reader } = await import('mmdb-lib')
    return new Reader<CityResponse>(await readFile(path))
  }

  /** The file as it is now, to a minute; while it cannot be read, as it was. */
  async function current(path: string): Promise<Reader<CityResponse> | undefined> {
    if (clock() - lookedAt >= LOOK_AGAIN) {
      lookedAt = clock()
      const before = reader
      reader = (async () => {
        try {
          const { mtimeMs } = await stat(path)
          if (mtimeMs === readAt) return await before
          const next = await read(path)
          readAt = mtimeMs
          return next
        } catch (err) {
          log.warn({ err }, 'the file of GEOIP_FILE could not be read')
          return before
        }
      })()
    }
    return reader
  }

  return {
    async nameOf(given) {
      // An IPv4 address at a socket of both families (RFC 4291 §2.5.5.2).
      const address = given.replace(/^::ffff:(?=\d+\.)/i, '')
      const kind = isIP(address)
      if (kind === 0) return undefined
      const family = kind === 6 ? 'ipv6' : 'ipv4'
      if (loopback.check(address, family)) return t('place.server')
      if (inside.check(address, family)) return t('place.private')
      if (file === undefined) return undefined
      const found = (await current(file))?.get(address)
      const parts = [nameIn(found?.city?.names), nameIn(found?.country?.names)].filter(Boolean)
      return parts.length > 0 ? parts.join(', ').slice(0, 100) : undefined
    },
  }
}

/** What a place is called in the language of the running request, where the file says it. */
const nameIn = (names: Names | undefined): string | undefined =>
  names?.[currentLocale() as keyof Names] ?? names?.en

/** “192.0.2.1 (Paris, France)”. @param place as `Places.nameOf` has it */
export const addressInWords = (address: string, place: string | undefined): string =>
  place === undefined ? address : `${address} (${place})`
