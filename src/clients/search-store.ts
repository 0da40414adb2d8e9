import type { Condition } from '../storage/keyset.ts'
import { amongTexts, type Sql } from '../storage/sql.ts'

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

/** A text as LIKE looks for it, as it is. */
const escaped = (text: string): string => text.replace(/[%_!]/g, '!$&')

export function searchValues(search: string): string[] {
  const text = escaped(search.replace(/[A-Z]/g, (letter) => letter.toLowerCase()))
  return Array.from({ length: 4 }, () => `%${text}%`)
}

/**
 * What holds of the clients of a page. The cheap test of the whole text comes before the one that takes the JSON apart.
 * @param search in their name, id or one of their redirect URIs; upper and lower case are the same as far as ASCII goes
 * @param only their ids
 */
export const conditionsOfPage = (
  dialect: Sql['dialect'],
  search: string | undefined,
  only: readonly string[] | undefined,
): Condition[] => [
  ...(search === undefined ? [] : [{ text: searchCondition(dialect), values: searchValues(search) }]),
  ...(only === undefined ? [] : [{ text: `id ${amongTexts[dialect]}`, values: [JSON.stringify(only)] }]),
]

/** That a registration has a text in it. */
export const mentioning = (text: string): Condition => ({
  text: "metadata LIKE ? ESCAPE '!'",
  values: [`%${escaped(text)}%`],
})
