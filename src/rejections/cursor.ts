import { z } from 'zod'
import { AppError } from '../shared/errors.ts'
import type { Position } from './store.ts'

export interface PageRequest {
  /** At most this many, 1 to 100; 50 unless given. */
  limit?: number | undefined
  /** `next_cursor` of the page before. */
  cursor?: string | undefined
}

const content = z.tuple([z.int().min(0).max(8.64e15), z.uuid()])

/** Where the next page goes on. */
export const cursorOf = ({ at, id }: Position): string =>
  Buffer.from(JSON.stringify([at.getTime(), id])).toString('base64url')

/** @throws AppError invalid_page (400) */
export function parsePage({ limit = 50, cursor }: PageRequest): {
  limit: number
  after: Position | undefined
} {
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    throw new AppError('invalid_page', 400, 'limit must be a whole number from 1 to 100.')
  if (cursor === undefined) return { limit, after: undefined }
  try {
    const [at, id] = content.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    return { limit, after: { at: new Date(at), id } }
  } catch (cause) {
    throw new AppError('invalid_page', 400, 'cursor must be the next_cursor of the page before.', { cause })
  }
}
