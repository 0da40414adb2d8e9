import { z } from 'zod'
import { AppError } from './errors.ts'

export interface PageRequest {
  /** At most this many, 1 to 100; 50 unless given. */
  limit?: number | undefined
  /** `next_cursor` of the page before. */
  cursor?: string | undefined
}

export interface Page<Item> {
  items: Item[]
  /** Absent on the last page. */
  next_cursor?: string
}

/** The parameters of pages for people that say where a list goes on; of two lists on one page each has its own. */
export type PlaceParameter = (typeof PLACES)[number]
const PLACES = ['cursor', 'invitations'] as const

/** Such a parameter: what can be no cursor at all is one of no page, which the list refuses (`invalid_page`). */
export const askedPlace = z.string().max(4000).optional().catch('')

/** The address of the first page of a list. @param address path and query of another page of it */
export function withoutPlaces(address: string): string {
  const [path = '', ...query] = address.split('?')
  const kept = new URLSearchParams(query.join('?'))
  for (const name of PLACES) kept.delete(name)
  return kept.size === 0 ? path : `${path}?${kept}`
}

/** The last row of a page: lists run newest first, and by id within a millisecond. */
export interface Position {
  /** Milliseconds since the epoch. */
  at: number
  id: string
}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100
/** A time in a cursor, milliseconds since the epoch: to the end of the year 9999, behind which the stored text of a time (`sqlTime`) is none. */
export const cursorTime = z.int().min(0).max(253_402_300_799_999)
const cursorContent = z.tuple([cursorTime, z.string().max(2000)])

/** @throws AppError invalid_page (400) */
export const parsePageRequest = ({
  limit,
  cursor,
}: PageRequest): { limit: number; after: Position | undefined } => ({
  limit: pageLimit(limit),
  after: cursor === undefined ? undefined : parseCursor(cursor),
})

/** @throws AppError invalid_page (400) */
export function pageLimit(limit = DEFAULT_LIMIT): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit
  throw new AppError('invalid_page', 400, `limit must be a whole number from 1 to ${MAX_LIMIT}.`)
}

export const invalidCursor = (cause?: unknown): AppError =>
  new AppError('invalid_page', 400, 'cursor must be the next_cursor of the page before.', { cause })

function parseCursor(cursor: string): Position {
  try {
    const [at, id] = cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    if (id.includes('\0')) throw new Error('NUL in a cursor')
    return { at, id }
  } catch (cause) {
    throw invalidCursor(cause)
  }
}

/**
 * Builds a page out of `limit + 1` rows: the row too many only tells that there is more.
 * @param positionOf where the list stands behind a row
 */
export const toPage = <Row, Item>(
  rows: readonly Row[],
  limit: number,
  positionOf: (row: Row) => Position,
  view: (row: Row) => Item,
): Page<Item> =>
  cutPage(
    rows,
    limit,
    (row) => {
      const { at, id } = positionOf(row)
      return Buffer.from(JSON.stringify([at, id])).toString('base64url')
    },
    view,
  )

/** As `toPage`, of a list with cursors of its own. @param cursorOf the cursor behind a row */
export function cutPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  cursorOf: (row: Row) => string,
  view: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const items = shown.map(view)
  return rows.length <= limit || last === undefined ? { items } : { items, next_cursor: cursorOf(last) }
}
