/**
 * Finding accounts without reading all of them. A list is a walk along an index that ends when the page is full. A text is looked for
 * in `account_search`, in three steps, of which each is taken where the one before has not filled the page:
 *
 *   1. the very id, username or address, by their indexes: first on the page, however old the account is; an address or an id alone
 *   2. the newest two thousand accounts, one by one: what many have is found here
 *   3. the index of trigrams: what few have
 */
import type { Position } from '../../shared/paging.ts'
import { type Condition, momentOf, valuesOf } from '../../storage/keyset.ts'
import { type Sql, type SqlValue, sqlTime } from '../../storage/sql.ts'
import { type AccountFilters, plainFilters, stateIs, valueAsIndexed } from './store/filters.ts'
import { matchAll, type Terms, termsOf } from './terms.ts'

/** Accounts that are looked at one by one, the newest. */
const NEWEST = 2_000
/** As many where there is no index of trigrams: what no step finds is found by its very name or address. */
const NEWEST_WITHOUT_INDEX = 20_000
/** Accounts that wait for one address: anybody may claim it. */
const EXACT = 10

export interface Wanted extends AccountFilters {
  /** Part of the username, of an address or of a name, or the id; case as far as ASCII goes is the same. */
  search?: string | undefined
  after?: Position | undefined
  limit: number
}

/** The ids of accounts: those whose name or address is the very text first, then the newest first. */
export async function findAccountIds(reads: Sql, wanted: Wanted): Promise<string[]> {
  const { search, role, organization, secondFactor, after, limit, attribute } = wanted
  if (attribute !== undefined) return withAttribute(reads, { ...wanted, attribute })
  const filters = plainFilters(reads.dialect, wanted)
  if (wanted.state !== undefined) {
    const state = stateIs(reads, wanted.state, wanted.now)
    return listed(reads, filters, search === undefined ? [] : [termsOf(search)], after, limit, state)
  }
  if (search === undefined) return listed(reads, filters, [], after, limit)
  const terms = termsOf(search)
  const exact = after === undefined ? await exactly(reads, terms.typed, filters) : []
  // A whole address or id means its owner. It is part of hardly another, and has letters that everybody's address has.
  if (exact.length > 0 && (terms.typed.includes('@') || exact.includes(terms.typed)))
    return exact.slice(0, limit - 1)
  // The next page goes on behind what was found by its parts: where there is no room for that, there is none.
  if (exact.length > 0 && exact.length >= limit - 1) return exact.slice(0, limit - 1)
  const left = limit - exact.length
  // Filters that few accounts pass find them faster than any text.
  const few =
    (role !== undefined && role !== 'user') ||
    organization !== undefined ||
    secondFactor === 'any' ||
    secondFactor === 'passkey'
  const parts = few
    ? await listed(reads, filters, [terms], after, left)
    : await withPart(reads, terms, filters, after, left)
  return [...exact, ...parts]
}

const and = (conditions: readonly Condition[]): string =>
  conditions.map(({ text }) => ` AND ${text}`).join('')
const ids = (rows: readonly { id: string }[]): string[] => rows.map(({ id }) => id)

/** What is on the first page already. */
const NOT_EXACT = `a.id <> ? AND a.username <> ? AND COALESCE(a.email, '') <> ? AND COALESCE(a.pending_email, '') <> ?`
const four = (typed: string): string[] => [typed, typed, typed, typed]

async function exactly(reads: Sql, typed: string, filters: readonly Condition[]): Promise<string[]> {
  const by = (column: string) =>
    `SELECT id, created_at FROM (SELECT id, created_at FROM accounts a WHERE ${column} = ?${and(filters)} LIMIT ${EXACT}) AS found`
  // UNION: an account may be found by several.
  const rows = await reads.all<{ id: string }>(
    `SELECT id FROM (${['id', 'username', 'email', 'pending_email'].map((column) => by(`a.${column}`)).join(' UNION ')}) AS all_of
      ORDER BY created_at DESC, id DESC LIMIT ${EXACT}`,
    four(typed).flatMap((each) => [each, ...valuesOf(filters)]),
  )
  return ids(rows)
}

/** Along the index of the list, or of those that pass a filter. */
async function listed(
  reads: Sql,
  filters: readonly Condition[],
  [terms]: readonly Terms[],
  after: Position | undefined,
  limit: number,
  state?: Condition,
): Promise<string[]> {
  const given = [...filters, ...(state === undefined ? [] : [state])]
  const conditions = given.map(({ text }) => text)
  const values: SqlValue[] = valuesOf(given)
  if (terms !== undefined) {
    conditions.push(`s.text LIKE LOWER(?) ESCAPE '!'`)
    values.push(terms.pattern)
    // Those of a state are few: nobody is looked for first by their very name.
    if (state === undefined) {
      conditions.push(NOT_EXACT)
      values.push(...four(terms.typed))
    }
  }
  if (after !== undefined) {
    conditions.push(`(a.created_at, a.id) < (${momentOf(reads.dialect)}, ?)`)
    values.push(sqlTime(after.at), after.id)
  }
  const from = terms === undefined ? '' : ' JOIN account_search s ON s.account_id = a.id'
  const where = conditions.length > 0 ? ` WHERE ${conditions.join(' AND ')}` : ''
  const text = `SELECT a.id FROM accounts a${from}${where} ORDER BY a.created_at DESC, a.id DESC LIMIT ?`
  return ids(await reads.all<{ id: string }>(text, [...values, limit]))
}

/** Along the index of values, whose order is that of the list. */
async function withAttribute(
  reads: Sql,
  {
    attribute,
    search,
    role,
    organization,
    secondFactor,
    state,
    now,
    after,
    limit,
  }: Wanted & { attribute: { name: string; value: string } },
): Promise<string[]> {
  const given = [
    ...plainFilters(reads.dialect, { role, organization, secondFactor }),
    ...(state === undefined ? [] : [stateIs(reads, state, now)]),
  ]
  const conditions = [
    `v.attribute = ? AND v.value = ${valueAsIndexed(reads.dialect)}`,
    ...given.map(({ text }) => text),
  ]
  const values: SqlValue[] = [attribute.name, attribute.value, ...valuesOf(given)]
  if (search !== undefined) {
    conditions.push(`s.text LIKE LOWER(?) ESCAPE '!'`)
    values.push(termsOf(search).pattern)
  }
  if (after !== undefined) {
    conditions.push(`(v.created_at, v.account_id) < (${momentOf(reads.dialect)}, ?)`)
    values.push(sqlTime(after.at), after.id)
  }
  // CROSS JOIN: the values first, whatever SQLite thinks of how many have one.
  const join = reads.dialect === 'sqlite' ? 'CROSS JOIN' : 'JOIN'
  const from = search === undefined ? '' : ` ${join} account_search s ON s.account_id = a.id`
  const text = `SELECT a.id FROM account_attributes v ${join} accounts a ON a.id = v.account_id${from}
    WHERE ${conditions.join(' AND ')} ORDER BY v.created_at DESC, v.account_id DESC LIMIT ?`
  return ids(await reads.all<{ id: string }>(text, [...values, limit]))
}

async function withPart(
  reads: Sql,
  terms: Terms,
  filters: readonly Condition[],
  after: Position | undefined,
  limit: number,
): Promise<string[]> {
  const before = after === undefined ? Number.MAX_SAFE_INTEGER : await numberBefore(reads, after)
  if (before === undefined) return []
  const indexed = await isIndexed(reads, terms)
  const rest = `${NOT_EXACT}${and(filters)}`
  const newest = await reads.all<{ id: string }>(
    `SELECT a.id FROM (SELECT id, account_id, text FROM account_search WHERE id < ? ORDER BY id DESC LIMIT ?) AS s
      JOIN accounts a ON a.id = s.account_id WHERE s.text LIKE LOWER(?) ESCAPE '!' AND ${rest} ORDER BY s.id DESC LIMIT ?`,
    [
      before,
      indexed ? NEWEST : NEWEST_WITHOUT_INDEX,
      terms.pattern,
      ...four(terms.typed),
      ...valuesOf(filters),
      limit,
    ],
  )
  if (newest.length === limit || !indexed) return ids(newest)
  // CROSS JOIN on SQLite, MATERIALIZED on PostgreSQL: the index of trigrams first, whatever the planner thinks of a value it does not know.
  const text =
    reads.dialect === 'sqlite'
      ? `SELECT a.id FROM account_search_trigrams t CROSS JOIN account_search s ON s.id = t.rowid CROSS JOIN accounts a
          ON a.id = s.account_id WHERE t.account_search_trigrams MATCH ? AND t.rowid < ? AND s.text LIKE LOWER(?) ESCAPE '!' AND ${rest}
          ORDER BY t.rowid DESC LIMIT ?`
      : `WITH s AS MATERIALIZED (SELECT id, account_id, text FROM account_search WHERE text LIKE LOWER(?) ESCAPE '!')
          SELECT a.id FROM s JOIN accounts a ON a.id = s.account_id WHERE s.id < ? AND s.text LIKE LOWER(?) ESCAPE '!' AND ${rest}
          ORDER BY s.id DESC LIMIT ?`
  const first = reads.dialect === 'sqlite' ? matchAll(terms.trigrams) : terms.sought
  const sought = [first, before, terms.pattern]
  return ids(
    await reads.all<{ id: string }>(text, [...sought, ...four(terms.typed), ...valuesOf(filters), limit]),
  )
}

/** The number in the search that a page goes on before; undefined: nothing is there. Its account may be gone since. */
async function numberBefore(reads: Sql, { at, id }: Position): Promise<number | undefined> {
  const last = await reads.get<{ id: number }>('SELECT id FROM account_search WHERE account_id = ?', [id])
  if (last !== undefined) return last.id
  const older = await reads.get<{ id: number }>(
    `SELECT s.id FROM accounts a JOIN account_search s ON s.account_id = a.id
      WHERE (a.created_at, a.id) < (${momentOf(reads.dialect)}, ?) ORDER BY a.created_at DESC, a.id DESC LIMIT 1`,
    [sqlTime(at), id],
  )
  return older && older.id + 1
}

/** Which letters an index of trigrams knows. */
type Letters = 'all' | 'ascii' | 'none'
const known = new WeakMap<Sql, { letters: Letters; until: number }>()
/** How long it counts that there is no index, in milliseconds: one may be made while the server runs. */
const LOOKED = 60_000

/**
 * The letters by which parts of names are found, wherever they are. SQLite always has the index. On PostgreSQL a role may not be allowed
 * the extension, and a database of the locale C takes nothing but ASCII for a letter.
 */
export async function indexedLetters(reads: Sql): Promise<Letters> {
  if (reads.dialect === 'sqlite') return 'all'
  const before = known.get(reads)
  if (before !== undefined && before.until > Date.now()) return before.letters
  const row = await reads.get<{ there: number; wide: number }>(
    "SELECT to_regclass('account_search_trigrams') IS NOT NULL AS there, 'ж' ~ '[[:alpha:]]' AS wide",
  )
  const letters = row?.there !== 1 ? 'none' : row.wide === 1 ? 'all' : 'ascii'
  known.set(reads, { letters, until: letters === 'none' ? Date.now() + LOOKED : Number.POSITIVE_INFINITY })
  return letters
}

const THREE = { all: /[\p{L}\p{N}]{3}/u, ascii: /[a-z0-9]{3}/i }
const TWO = { all: /^[\p{L}\p{N}]{2}$/u, ascii: /^[a-z0-9]{2}$/i }

async function isIndexed(reads: Sql, { typed, trigrams }: Terms): Promise<boolean> {
  if (trigrams.length === 0) return false
  if (reads.dialect === 'sqlite') return true
  const letters = await indexedLetters(reads)
  // PostgreSQL takes signs for what is between words: of nothing but signs it would read the whole index.
  return letters !== 'none' && (THREE[letters].test(typed) || TWO[letters].test(typed))
}
