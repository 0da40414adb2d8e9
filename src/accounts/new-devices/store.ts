import type { Clock } from '../../shared/clock.ts'
import type { Database } from '../../storage/database.ts'
import { sqlTime } from '../../storage/sql.ts'

/** `first`: nobody has signed in to the account before. `new`: not from there, in ninety days. */
type Seen = 'known' | 'new' | 'first'

/** The places that accounts have signed in from. None waits for the disk by itself: of one that is lost, its owner is told twice. */
interface SignInPlaces {
  /** Remembers a sign-in, and says whether its account has been seen there. Of several at once, one is told `new`. */
  seen(accountId: string, place: string): Promise<Seen>
}

/** A place that was not seen for so long is a new one, in milliseconds. */
const FORGOTTEN = 90 * 86_400_000
/** Places of one account that are kept, the newest. */
const MOST = 20

export function createSignInPlaces({
  db: { reads, writes },
  clock,
}: {
  db: Pick<Database, 'reads' | 'writes'>
  clock: Clock
}): SignInPlaces {
  return {
    async seen(accountId, place) {
      const at = sqlTime(clock())
      const since = sqlTime(clock() - FORGOTTEN)
      const known = await writes.runUnsynced(
        'UPDATE sign_in_places SET last_seen_at = ? WHERE account_id = ? AND place = ? AND last_seen_at > ?',
        [at, accountId, place, since],
      )
      if (known > 0) return 'known'
      const counted = await reads.get<{ places: number }>(
        'SELECT count(*) AS places FROM sign_in_places WHERE account_id = ?',
        [accountId],
      )
      const before = counted?.places ?? 0
      // Of two at once the second finds the place seen just now.
      const added = await writes.runUnsynced(
        `INSERT INTO sign_in_places (account_id, place, last_seen_at) SELECT id, ?, ? FROM accounts WHERE id = ?
         ON CONFLICT (account_id, place) DO UPDATE SET last_seen_at = excluded.last_seen_at
         WHERE sign_in_places.last_seen_at <= ?`,
        [place, at, accountId, since],
      )
      if (added === 0) return 'known'
      if (before >= MOST)
        await writes.runUnsynced(
          `DELETE FROM sign_in_places WHERE account_id = ? AND place NOT IN (
             SELECT place FROM sign_in_places WHERE account_id = ? ORDER BY last_seen_at DESC, place LIMIT ?)`,
          [accountId, accountId, MOST],
        )
      return before === 0 ? 'first' : 'new'
    },
  }
}
