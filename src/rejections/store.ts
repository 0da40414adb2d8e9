import type { Position } from '../shared/paging.ts'
import type { Database } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { sqlTime } from '../storage/sql.ts'

export interface RejectionRow {
  id: string
  at: Date
  endpoint: string
  clientId: string | null
  error: string
  description: string | null
  /** JSON. */
  facts: string
}

export interface RejectionFilter {
  clientId?: string | undefined
  error?: string | undefined
  endpoint?: string | undefined
}

const where = ({ clientId, error, endpoint }: RejectionFilter): Prisma.RejectionWhereInput => ({
  ...(clientId !== undefined && { clientId }),
  ...(error !== undefined && { error }),
  ...(endpoint !== undefined && { endpoint }),
})

const afterPosition = (after: Position | undefined): Prisma.RejectionWhereInput => {
  if (after === undefined) return {}
  const at = new Date(after.at)
  return { OR: [{ at: { lt: at } }, { at, id: { lt: after.id } }] }
}

/** The rejected requests in the database. */
export interface RejectionStore {
  insert(rows: readonly RejectionRow[]): Promise<void>
  find(id: string): Promise<RejectionRow | null>
  /** Newest first, after a position. */
  list(filter: RejectionFilter, limit: number, after: Position | undefined): Promise<RejectionRow[]>
  /** How many came from one moment on and before another. */
  countBetween(from: Date, until: Date): Promise<number>
  /** The error codes that there are, to choose from, the most frequent first. */
  errors(): Promise<{ error: string; count: number }[]>
  /** The ids of the oldest rows from before a moment. */
  before(moment: Date, limit: number): Promise<string[]>
  /** The ids of what comes after the newest `kept` rows. */
  beyond(kept: number, limit: number): Promise<string[]>
  /** Clients with more than `max` rows at one endpoint. Null: those that are not known. */
  crowds(max: number): Promise<{ clientId: string | null; endpoint: string; count: number }[]>
  /** The ids of the oldest rows of a client at an endpoint. */
  oldestOf(clientId: string | null, endpoint: string, limit: number): Promise<string[]>
  /** @returns how many rows were there */
  remove(ids: readonly string[]): Promise<number>
}

export function createRejectionStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): RejectionStore {
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)

  return {
    async insert(rows) {
      await prisma.rejection.createMany({ data: [...rows] })
    },

    find: (id) => prisma.rejection.findUnique({ where: { id } }),

    async list(filter, limit, after) {
      const asked = [filter.clientId, filter.error, filter.endpoint]
      // PostgreSQL refuses NUL; no row has one.
      if (asked.some((value) => value?.includes('\0'))) return []
      return prisma.rejection.findMany({
        where: {
          ...where(filter),
          ...afterPosition(after),
        },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: limit,
      })
    },

    countBetween: (from, until) => prisma.rejection.count({ where: { at: { gte: from, lt: until } } }),

    async errors() {
      const groups = await prisma.rejection.groupBy({ by: ['error'], _count: true })
      return groups
        .map(({ error, _count: count }) => ({ error, count }))
        .sort((one, other) => other.count - one.count || one.error.localeCompare(other.error))
    },

    before: async (moment, limit) =>
      ids(
        await reads.all('SELECT id FROM rejections WHERE at < ? ORDER BY at LIMIT ?', [
          sqlTime(moment),
          limit,
        ]),
      ),

    beyond: async (kept, limit) =>
      ids(
        await reads.all('SELECT id FROM rejections ORDER BY at DESC, id DESC LIMIT ? OFFSET ?', [
          limit,
          kept,
        ]),
      ),

    crowds: (max) =>
      reads.all(
        `SELECT client_id AS "clientId", endpoint, COUNT(*) AS count FROM rejections
         GROUP BY client_id, endpoint HAVING COUNT(*) > ?`,
        [max],
      ),

    oldestOf: async (clientId, endpoint, limit) =>
      ids(
        await prisma.rejection.findMany({
          where: { clientId, endpoint },
          orderBy: { at: 'asc' },
          take: limit,
          select: { id: true },
        }),
      ),

    async remove(rows) {
      if (rows.length === 0) return 0
      return (await prisma.rejection.deleteMany({ where: { id: { in: [...rows] } } })).count
    },
  }
}
