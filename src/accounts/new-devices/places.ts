import { createHash } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'

/** Where a sign-in came from, as a request says it. */
export interface Origin {
  /** The network address. */
  address: string
  /** The header, as it was sent. */
  userAgent: string
}

/** `first`: nobody has signed in to the account before. `new`: not from there, in ninety days. */
export type Seen = 'known' | 'new' | 'first'

/** The places that accounts have signed in from. None waits for the disk by itself: of one that is lost, its owner is told twice. */
export interface SignInPlaces {
  /** Remembers a sign-in, and says whether its account has been seen there. Of several at once, one is told `new`. */
  seen(accountId: string, place: string): Promise<Seen>
}

/** A place that was not seen for so long is a new one, in milliseconds. */
const FORGOTTEN = 90 * 86_400_000
/** Places of one account that are kept, the newest. */
const MOST = 20

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

export function createSignInPlaces({
  db,
  clock,
}: {
  db: Pick<Database, 'prisma'>
  clock: Clock
}): SignInPlaces {
  const { prisma } = db
  return {
    async seen(accountId, place) {
      const at = new Date(clock())
      const since = new Date(clock() - FORGOTTEN)
      const known = await prisma.$executeRaw`/* unsynced */ UPDATE sign_in_places SET last_seen_at = ${at}
        WHERE account_id = ${accountId} AND place = ${place} AND last_seen_at > ${since}`
      if (known > 0) return 'known'
      const before = await prisma.signInPlace.count({ where: { accountId } })
      // Of two at once the second finds the place seen just now.
      const added =
        await prisma.$executeRaw`/* unsynced */ INSERT INTO sign_in_places (account_id, place, last_seen_at)
        SELECT id, ${place}, ${at} FROM accounts WHERE id = ${accountId}
        ON CONFLICT (account_id, place) DO UPDATE SET last_seen_at = ${at}
        WHERE sign_in_places.last_seen_at <= ${since}`
      if (added === 0) return 'known'
      if (before >= MOST)
        await prisma.$executeRaw`/* unsynced */ DELETE FROM sign_in_places WHERE account_id = ${accountId} AND place NOT IN (
          SELECT place FROM sign_in_places WHERE account_id = ${accountId}
          ORDER BY last_seen_at DESC, place LIMIT ${MOST})`
      return before === 0 ? 'first' : 'new'
    },
  }
}
