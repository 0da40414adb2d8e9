import { z } from 'zod'
import { invalidCursor } from './paging.ts'

/** Where a sorted list stands behind a row: what it is sorted by there, and the ID, which settles what is equal. */
export interface SortedPlace {
  key: string | number
  id: string
}

/** The cursor behind a row; it is of one order alone. */
export const sortedCursor = (order: string, { key, id }: SortedPlace): string =>
  Buffer.from(JSON.stringify([order, key, id])).toString('base64url')

/** @param keys what the order sorts by @throws AppError invalid_page (400) */
export function sortedPlace(cursor: string, order: string, keys: z.ZodType<string | number>): SortedPlace {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    const [, key, id] = z.tuple([z.literal(order), keys, z.string().max(2000)]).parse(read)
    if (`${key}${id}`.includes('\0')) throw new Error('NUL in a cursor')
    return { key, id }
  } catch (cause) {
    throw invalidCursor(cause)
  }
}
