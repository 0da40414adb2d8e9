/**
 * Filters of RFC 7644 §3.4.2.2 that are answered by an index: comparisons by `eq`, joined by `and`. Parsed here: the library writes
 * what a filter names into Object.prototype (`__proto__.x eq 1`), and knows no escaped quote.
 */
import { scimError } from './errors.ts'

/** One comparison. `attribute` is in lower case, without the URN of its schema. */
export interface Comparison {
  attribute: string
  value: string | boolean
}

const MAX_LENGTH = 1000
const MAX_COMPARISONS = 5
const ATTRIBUTE = String.raw`(?:urn:[\w:.-]+:)?[A-Za-z]\w*(?:\[\s*type\s+eq\s+"work"\s*\])?(?:\.[A-Za-z]\w*)?`
const COMPARISON = new RegExp(String.raw`\s*(${ATTRIBUTE})\s+eq\s+("(?:[^"\\]|\\.)*"|true|false)\s*`, 'iy')
const AND = /and\s+/iy

const refused = () =>
  scimError(
    400,
    'Filters compare by eq, joined by and: userName, externalId, emails.value, id and meta.lastModified of users; displayName, externalId and id of groups.',
    'invalidFilter',
  )

/** @throws AppError invalidFilter (400) */
export function parseFilter(filter: string): Comparison[] {
  if (filter.length > MAX_LENGTH || filter.includes('\0')) throw refused()
  const found: Comparison[] = []
  let at = 0
  while (true) {
    COMPARISON.lastIndex = at
    const match = COMPARISON.exec(filter)
    if (match === null || found.length === MAX_COMPARISONS) throw refused()
    at = COMPARISON.lastIndex
    found.push({ attribute: attributeOf(match[1] ?? ''), value: literalOf(match[2] ?? '') })
    if (at === filter.length) return found
    AND.lastIndex = at
    if (!AND.test(filter)) throw refused()
    at = AND.lastIndex
  }
}

const attributeOf = (text: string): string =>
  text
    .toLowerCase()
    .replace(/^urn:.*:/, '')
    .replace(/\[.*\]/, '')

function literalOf(text: string): string | boolean {
  if (!text.startsWith('"')) return text.toLowerCase() === 'true'
  try {
    return JSON.parse(text) as string
  } catch {
    throw refused()
  }
}

/**
 * What a store is asked, by a reader an attribute. Two values of one attribute that differ fit nothing.
 * @returns undefined: nothing fits @throws AppError invalidFilter (400)
 */
export function queryOf<Query extends object>(
  filter: string | undefined,
  readers: Readonly<Record<string, (value: string) => Query | undefined>>,
): Query | undefined {
  const query: Record<string, unknown> = {}
  for (const { attribute, value } of filter === undefined ? [] : parseFilter(filter)) {
    const read = Object.hasOwn(readers, attribute) ? readers[attribute] : undefined
    if (read === undefined || typeof value !== 'string') throw refused()
    const wanted = read(value)
    if (wanted === undefined) return undefined
    for (const [name, each] of Object.entries(wanted)) {
      if (Object.hasOwn(query, name) && query[name] !== each) return undefined
      query[name] = each
    }
  }
  return query as Query
}

export { refused as refusedFilter }
