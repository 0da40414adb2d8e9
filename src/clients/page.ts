import { z } from 'zod'
import { AppError } from '../shared/errors.ts'

export interface PageRequest {
  /** At most this many, 1 to 100. */
  limit?: number | undefined
  /** Only what has this in it (what is searched, the list says). */
  search?: string | undefined
  /** `next_cursor` of the page before. */
  cursor?: string | undefined
}

export interface Page<Item> {
  items: Item[]
  /** Absent on the last page. */
  next_cursor?: string
}

/** The last item of a page: lists run newest first, and by id within a millisecond. */
export interface Position {
  createdAt: Date
  id: string
}

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 100
/** Of the text that is searched for, in characters. */
const MAX_SEARCH = 200
const cursorContent = z.tuple([z.int().min(0).max(8.64e15), z.string().max(2000)])

/** @throws AppError invalid_page (400) */
export function parsePageRequest(request: PageRequest): {
  limit: number
  after: Position | undefined
  search: string | undefined
} {
  const { limit = DEFAULT_LIMIT, cursor } = request
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) {
    throw new AppError('invalid_page', 400, `limit must be a whole number from 1 to ${MAX_LIMIT}.`)
  }
  // NUL is in nothing that is stored, and PostgreSQL refuses it.
  const search = request.search?.replaceAll('\0', '').trim().slice(0, MAX_SEARCH) || undefined
  return { limit, after: cursor === undefined ? undefined : parseCursor(cursor), search }
}

/** Builds a page out of `limit + 1` rows: the row too many only tells that there is more. */
export function toPage<Row extends Position, Item>(
  rows: Row[],
  limit: number,
  view: (row: Row) => Item,
): Page<Item> {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  if (rows.length <= limit || last === undefined) return { items: items.map(view) }
  const content = JSON.stringify([last.createdAt.getTime(), last.id])
  return { items: items.map(view), next_cursor: Buffer.from(content).toString('base64url') }
}

/** The Prisma condition for “after this position”; nothing for the first page. */
export const afterPosition = (after: Position | undefined) =>
  after && {
    OR: [{ createdAt: { lt: after.createdAt } }, { createdAt: after.createdAt, id: { lt: after.id } }],
  }

function parseCursor(cursor: string): Position {
  try {
    const [createdAt, id] = cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    if (id.includes('\0')) throw new Error('NUL in a cursor')
    return { createdAt: new Date(createdAt), id }
  } catch (cause) {
    throw new AppError('invalid_page', 400, 'cursor must be the next_cursor of the page before.', { cause })
  }
}
