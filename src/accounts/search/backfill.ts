import type { Database } from '../../storage/database.ts'

/** Accounts that are made known at once: some milliseconds of writing. */
const BATCH = 100
/** Accounts that are looked at for one batch: most may be known already. */
const LOOKED_AT = 1_000

interface Looked {
  id: string
  at: string
  missing: 0 | 1
}

/** Requests come in between two looks. */
const breath = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Makes accounts known to the search that were there before it was: a batch, the newest first, numbered downwards. The job walks once along
 * the list of accounts; `account_search_backfill` has the last one it looked at, and no row once it is done. Accounts that are
 * written since the search is there, of whatever date, are made known by triggers.
 * @returns how many it made known; 0: the search knows all
 */
export async function backfillSearch({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): Promise<number> {
  for (;;) {
    const place = await reads.get<{ at: string | null; id: string | null }>(
      'SELECT after_at AS at, after_id AS id FROM account_search_backfill WHERE id = 1',
    )
    if (place === undefined) return 0
    const looked = await lookOn(reads, place)
    const last = looked.at(-1)
    if (last === undefined) {
      await prisma.$executeRawUnsafe('DELETE FROM account_search_backfill WHERE id = 1')
      return 0
    }
    const ids = looked.filter(({ missing }) => missing === 1).map(({ id }) => id)
    const [added, moved] = statements[reads.dialect]
    // A process that ends in between has done neither.
    const [count = 0] = await prisma.$transaction([
      prisma.$executeRawUnsafe(added, JSON.stringify(ids)),
      prisma.$executeRawUnsafe(moved, last.at, last.id),
    ])
    if (count > 0) return count
    await breath()
  }
}

/** The accounts behind a place, as far as the last of a batch of missing ones. */
async function lookOn(
  reads: Database['reads'],
  { at, id }: { at: string | null; id: string | null },
): Promise<Looked[]> {
  const moment = reads.dialect === 'sqlite' ? 'CAST(? AS TEXT)' : 'CAST(? AS TIMESTAMP)'
  const behind = at === null ? '' : `WHERE (a.created_at, a.id) < (${moment}, ?)`
  // Of NOT EXISTS, PostgreSQL might make a hash of all of the search.
  const rows = await reads.all<Looked>(
    `SELECT a.id, a.created_at AS at, (SELECT s.id FROM account_search s WHERE s.account_id = a.id) IS NULL AS missing
      FROM accounts a ${behind} ORDER BY a.created_at DESC, a.id DESC LIMIT ?`,
    at === null ? [LOOKED_AT] : [at, id, LOOKED_AT],
  )
  let missing = 0
  const end = rows.findIndex((row) => row.missing === 1 && ++missing === BATCH)
  return end === -1 ? rows : rows.slice(0, end + 1)
}

const COLUMNS = ['username', 'email', 'pending_email', 'given_name', 'family_name']
const textWith = (line: string): string =>
  `lower(${COLUMNS.map((column) => `${line} || COALESCE(a.${column}, '')`).join(' || ')})`
const NUMBER = '(SELECT COALESCE(MIN(id), 0) FROM account_search WHERE id < 0) - wanted.place'
// Another process, or the trigger, may have been faster. A number that is taken fails, and the batch is done again.
const ONCE = 'ON CONFLICT (account_id) DO NOTHING'

/** Adds accounts by their ids, a JSON list, each looked up by its key whatever the planner thinks of the list; moves the place on. */
const statements = {
  sqlite: [
    `INSERT INTO account_search (id, account_id, text)
      SELECT ${NUMBER}, a.id, ${textWith('char(10)')} FROM (SELECT value AS id, key + 1 AS place FROM json_each(?)) AS wanted
      CROSS JOIN accounts a ON a.id = wanted.id WHERE true ${ONCE}`,
    'UPDATE account_search_backfill SET after_at = ?, after_id = ? WHERE id = 1',
  ],
  // FOR SHARE: a change of a name comes before this or after it, never between its reading and its writing.
  postgresql: [
    `INSERT INTO account_search (id, account_id, text)
      SELECT ${NUMBER}, a.id, ${textWith("E'\\n'")} FROM json_array_elements_text(CAST($1 AS json)) WITH ORDINALITY AS wanted(id, place)
      CROSS JOIN LATERAL (SELECT * FROM accounts WHERE id = wanted.id FOR SHARE) AS a ${ONCE}`,
    'UPDATE account_search_backfill SET after_at = CAST($1 AS TIMESTAMP), after_id = $2 WHERE id = 1',
  ],
} as const
