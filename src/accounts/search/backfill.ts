import type { Database } from '../../storage/database.ts'

/** Accounts of a batch: some milliseconds of writing. */
const BATCH = 100

/**
 * Makes accounts known to the search that were there before it was: a batch, the newest first, numbered downwards. Triggers do it for
 * every other.
 * @returns how many; 0: the search knows all
 */
export async function backfillSearch({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): Promise<number> {
  // What is older than the account with the lowest number is missing; where the search knows none, everything is.
  const oldest = await reads.get<{ at: string; id: string; number: number }>(
    `SELECT a.created_at AS at, a.id, s.id AS number FROM account_search s JOIN accounts a ON a.id = s.account_id
      ORDER BY s.id LIMIT 1`,
  )
  const moment = reads.dialect === 'sqlite' ? 'CAST(? AS TEXT)' : 'CAST(? AS TIMESTAMP)'
  const older = oldest === undefined ? '' : `WHERE (a.created_at, a.id) < (${moment}, ?)`
  const rows = await reads.all<{ id: string }>(
    `SELECT a.id FROM accounts a ${older} ORDER BY a.created_at DESC, a.id DESC LIMIT ?`,
    oldest === undefined ? [BATCH] : [oldest.at, oldest.id, BATCH],
  )
  if (rows.length === 0) return 0
  const lowest = Math.min(oldest?.number ?? 0, 0)
  const [line, list] =
    reads.dialect === 'sqlite'
      ? ['char(10)', '(SELECT value AS id, key + 1 AS place FROM json_each(?))']
      : ["E'\\n'", 'json_array_elements_text(CAST($1 AS json)) WITH ORDINALITY']
  const columns = ['username', 'email', 'pending_email', 'given_name', 'family_name']
  const text = `lower(${columns.map((column) => `${line} || COALESCE(a.${column}, '')`).join(' || ')})`
  const wanted = reads.dialect === 'sqlite' ? `${list} AS wanted` : `${list} AS wanted(id, place)`
  // Another process, or the trigger, may have been faster.
  await prisma.$executeRawUnsafe(
    `INSERT INTO account_search (id, account_id, text)
      SELECT ${lowest} - wanted.place, a.id, ${text} FROM ${wanted} JOIN accounts a ON a.id = wanted.id
      WHERE true ON CONFLICT DO NOTHING`,
    JSON.stringify(rows.map(({ id }) => id)),
  )
  return rows.length
}
