import type { Database } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'

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

/** The last row of a page: lists run newest first, and by id within a millisecond. */
export interface Position {
  at: Date
  id: string
}

const where = ({ clientId, error, endpoint }: RejectionFilter): Prisma.RejectionWhereInput => ({
  ...(clientId !== undefined && { clientId }),
  ...(error !== undefined && { error }),
  ...(endpoint !== undefined && { endpoint }),
})

/** The refused requests in the database. */
export function createRejectionStore({ prisma }: Pick<Database, 'prisma'>) {
  const ids = (rows: { id: string }[]) => rows.map(({ id }) => id)

  return {
    async insert(rows: readonly RejectionRow[]): Promise<void> {
      await prisma.rejection.createMany({ data: [...rows] })
    },

    find: (id: string): Promise<RejectionRow | null> => prisma.rejection.findUnique({ where: { id } }),

    async list(filter: RejectionFilter, limit: number, after: Position | undefined): Promise<RejectionRow[]> {
      const asked = [filter.clientId, filter.error, filter.endpoint]
      // PostgreSQL refuses NUL; no row has one.
      if (asked.some((value) => value?.includes('\0'))) return []
      return prisma.rejection.findMany({
        where: {
          ...where(filter),
          ...(after && { OR: [{ at: { lt: after.at } }, { at: after.at, id: { lt: after.id } }] }),
        },
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        take: limit,
      })
    },

    /** The errors that there are, to choose from. */
    async errors(): Promise<string[]> {
      const groups = await prisma.rejection.groupBy({ by: ['error'], orderBy: { error: 'asc' } })
      return groups.map(({ error }) => error)
    },

    /** The oldest rows from before a moment. */
    before: async (moment: Date, limit: number): Promise<string[]> =>
      ids(
        await prisma.rejection.findMany({
          where: { at: { lt: moment } },
          orderBy: { at: 'asc' },
          take: limit,
          select: { id: true },
        }),
      ),

    /** What comes after the newest `kept` rows. */
    beyond: async (kept: number, limit: number): Promise<string[]> =>
      ids(
        await prisma.rejection.findMany({
          orderBy: [{ at: 'desc' }, { id: 'desc' }],
          skip: kept,
          take: limit,
          select: { id: true },
        }),
      ),

    /** Clients with more than `most` rows at one endpoint. Null: those that are not known. */
    async crowds(most: number): Promise<{ clientId: string | null; endpoint: string; count: number }[]> {
      const groups = await prisma.rejection.groupBy({
        by: ['clientId', 'endpoint'],
        _count: { id: true },
        having: { id: { _count: { gt: most } } },
      })
      return groups.map(({ clientId, endpoint, _count }) => ({ clientId, endpoint, count: _count.id }))
    },

    /** The oldest rows of a client at an endpoint. */
    oldestOf: async (clientId: string | null, endpoint: string, limit: number): Promise<string[]> =>
      ids(
        await prisma.rejection.findMany({
          where: { clientId, endpoint },
          orderBy: { at: 'asc' },
          take: limit,
          select: { id: true },
        }),
      ),

    async remove(rows: readonly string[]): Promise<number> {
      if (rows.length === 0) return 0
      return (await prisma.rejection.deleteMany({ where: { id: { in: [...rows] } } })).count
    },
  }
}

export type RejectionStore = ReturnType<typeof createRejectionStore>
