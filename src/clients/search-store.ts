import type { Position } from '../shared/paging.ts'
import { momentOf } from '../storage/keyset.ts'
import { type Sql, sqlTime } from '../storage/sql.ts'

/** The redirect URIs in the stored metadata. */
const REDIRECT_URIS = {
  sqlite: "json_extract(metadata, '$.redirect_uris')",
  postgresql: "(CAST(metadata AS json) ->> 'redirect_uris')",
} as const

/** Whether a client has a text in its name, id or redirect URIs; of `searchValues`. */
export const searchCondition = (
  dialect: Sql['dialect'],
): string => `(LOWER(name) LIKE LOWER(?) ESCAPE '!' OR id LIKE ? ESCAPE '!'
    OR (LOWER(metadata) LIKE LOWER(?) ESCAPE '!' AND LOWER(${REDIRECT_URIS[dialect]}) LIKE LOWER(?) ESCAPE '!'))`

export function searchValues(search: string): string[] {
  const text = search.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).replace(/[%_!]/g, '!$&')
  return Array.from({ length: 4 }, () => `%${text}%`)
}

// One walk along the index of the list, newest first, that ends when the page is full. The cheap test of the whole text
// comes before the one that takes the JSON apart.
const statement = (
  dialect: Sql['dialect'],
  paged: boolean,
  only: number | undefined,
) => `SELECT id FROM clients
  WHERE ${searchCondition(dialect)}
  ${only === undefined ? '' : `AND id IN (${Array.from({ length: only }, () => '?').join(', ') || 'NULL'})`}
  ${paged ? `AND (created_at < ${momentOf(dialect)} OR (created_at = ${momentOf(dialect)} AND id < ?))` : ''}
  ORDER BY created_at DESC, id DESC LIMIT ?`

/**
 * The ids of clients with a text in their name, id or one of their redirect URIs, newest first. Upper and lower case are
 * the same as far as ASCII goes.
 */
export async function findIds(
  reads: Sql,
  search: string,
  limit: number,
  after: Position | undefined,
  only?: readonly string[],
): Promise<string[]> {
  const moment = after && sqlTime(after.at)
  const position = after && moment ? [moment, moment, after.id] : []
  const rows = await reads.all<{ id: string }>(statement(reads.dialect, after !== undefined, only?.length), [
    ...searchValues(search),
    ...(only ?? []),
    ...position,
    limit,
  ])
  return rows.map(({ id }) => id)
}
