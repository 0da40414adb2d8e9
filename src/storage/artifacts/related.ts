import { createGathering } from '../gathering.ts'
import type { Sql } from '../sql.ts'
import type { ArtifactRow } from './at-rest.ts'
import { type Joined, type JoinedText, joinedArtifact, joinedStatement } from './joined.ts'

/** Rows that one look-up has found: an artefact, and what a request that brought it asks for next. */
export interface RelatedRows {
  found: ArtifactRow
  /** The Grant that it hangs on, if it is there. */
  grant: ArtifactRow | undefined
  /** The session that it names, if it is there. */
  session: ArtifactRow | undefined
  /** That of its account, with the columns that were asked for. */
  account: Record<string, unknown> | undefined
}

type Found = Joined & { found: ArtifactRow }

/** Further look-ups wait for one to return, and go together. */
const AT_ONCE = 2

/** @param account columns of `accounts` */
export const relatedStatement = (account: string): string =>
  joinedStatement(
    account,
    `found.model = ANY (string_to_array(CAST(? AS TEXT), ' '))
    AND found.id_hash = ANY (string_to_array(CAST(? AS TEXT), ' '))`,
  )

/** A session, and the Grant that it has of a client. Parameters: the client, now, now, the hash of the session's id, now. @param account as above */
export const sessionStatement = (account: string): string =>
  joinedStatement(
    account,
    "found.model = 'Session' AND found.id_hash = ?",
    "CAST(found.authorizations AS json) #>> ARRAY[CAST(? AS TEXT), 'grantId']",
  )

/** A key of a look-up: neither model nor hash has a space. */
const keyOf = (model: unknown, idHash: unknown): string => `${model} ${idHash}`

/**
 * Looks artefacts up on PostgreSQL, where each of these reads would be a round trip of its own. Look-ups of several requests share one.
 * @param accountColumns those of a row of `accounts`, `id` among them @param now in seconds since the epoch
 */
export function createRelatedReads(sql: Sql, accountColumns: string, now: () => number) {
  const text = relatedStatement(accountColumns)

  async function several(keys: readonly string[]): Promise<Map<string, Found>> {
    const at = now()
    const words = (index: number) => [...new Set(keys.map((key) => key.split(' ')[index]))].join(' ')
    const rows = await sql.all<JoinedText>(text, [at, at, words(0), words(1), at])
    return new Map(rows.map(joinedArtifact).map((row) => [keyOf(row.found.model, row.found.id_hash), row]))
  }

  const find = createGathering<Found>(AT_ONCE, {
    one: async (key) => (await several([key])).get(key),
    several,
  })

  const ofClient = sessionStatement(accountColumns)
  /** Alone: two look-ups that go together would have to be of one client. */
  async function findSession(idHash: string, clientId: string): Promise<Found | undefined> {
    const at = now()
    const row = await sql.get<JoinedText>(ofClient, [clientId, at, at, idHash, at])
    return row && joinedArtifact(row)
  }

  return async (model: string, idHash: string, clientId?: string): Promise<RelatedRows | undefined> => {
    const row = await (clientId === undefined ? find(keyOf(model, idHash)) : findSession(idHash, clientId))
    return (
      row && {
        found: row.found,
        grant: row.granted ?? undefined,
        session: row.session ?? undefined,
        account: row.account ?? undefined,
      }
    )
  }
}
