import { z } from 'zod'
import { AppError } from '../../shared/errors.ts'
import type { Account, Role } from '../account.ts'
import type { AccountStore } from '../store/store.ts'
import type { Position } from './store.ts'

export interface AccountQuery {
  /** Part of the username, of an address or of a name, or the id. */
  search?: string | undefined
  role?: Role | undefined
  /** 1 to 100; 50 unless given. */
  limit?: number | undefined
  /** `next_cursor` of the page before. */
  cursor?: string | undefined
}

const cursorContent = z.tuple([z.int().min(0).max(8.64e15), z.string().max(100)])

const invalidPage = (what: string, cause?: unknown) => new AppError('invalid_page', 400, what, { cause })

function positionOf(cursor: string): Position {
  try {
    const [createdAt, id] = cursorContent.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')))
    if (id.includes('\0')) throw new Error('NUL in a cursor')
    return { createdAt, id }
  } catch (cause) {
    throw invalidPage('cursor must be the next_cursor of the page before.', cause)
  }
}

/** Finding accounts page by page: two queries a page, however many there are. */
export function createSearch({ store }: { store: Pick<AccountStore, 'findMany'> }) {
  /** Newest first. @throws AppError `invalid_page` (400) */
  return async (query: AccountQuery = {}): Promise<{ items: Account[]; next_cursor?: string }> => {
    const { search = '', role, limit = 50, cursor } = query
    if (!Number.isInteger(limit) || limit < 1 || limit > 100)
      throw invalidPage('limit must be a whole number from 1 to 100.')
    const text = search.normalize('NFKC').trim()
    const found = await store.findMany({
      search: text === '' || text.includes('\0') ? undefined : text,
      role,
      after: cursor === undefined ? undefined : positionOf(cursor),
      limit: limit + 1,
    })
    const items = found.slice(0, limit)
    const last = items.at(-1)
    if (found.length <= limit || last === undefined) return { items }
    const content = JSON.stringify([last.createdAt, last.id])
    return { items, next_cursor: Buffer.from(content).toString('base64url') }
  }
}
