import type { PageRequest, Position } from '../shared/paging.ts'

/** A page of clients: `search` is in what they show. */
export interface SearchRequest extends PageRequest {
  /** Only what has this in its name, ID or redirect URIs. */
  search?: string | undefined
  /** Only these, by their IDs. */
  only?: readonly string[] | undefined
}

/** Of the text that is searched for, in characters. */
const MAX_SEARCH = 200

/** NUL is in nothing that is stored, and PostgreSQL refuses it. */
export const searchText = (search: string | undefined): string | undefined =>
  search?.replaceAll('\0', '').trim().slice(0, MAX_SEARCH) || undefined

export const positionOf = ({ createdAt, id }: { createdAt: Date; id: string }): Position => ({
  at: createdAt.getTime(),
  id,
})

/** The Prisma condition for “after this position”; nothing for the first page. */
export const afterPosition = (after: Position | undefined) => {
  if (after === undefined) return undefined
  const createdAt = new Date(after.at)
  return { OR: [{ createdAt: { lt: createdAt } }, { createdAt, id: { lt: after.id } }] }
}
