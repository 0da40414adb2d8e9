import type { RejectionColumn } from '../shared/orders.ts'
import { columnsOf, rowsInOrder } from '../storage/columns.ts'
import type { Database } from '../storage/database.ts'
import { type Condition, timeColumn } from '../storage/keyset.ts'
import { createSortedList, type SortedWanted } from '../storage/sorted-list.ts'
import { type Sql, sqlTime } from '../storage/sql.ts'

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

const conditionsOf = ({ clientId, error, endpoint }: RejectionFilter): Condition[] =>
  Object.entries({ client_id: clientId, error, endpoint }).flatMap(([column, value]) =>
    value === undefined ? [] : [{ text: `${column} = ?`, values: [value] }],
  )

/** From here a time is counted back, in milliseconds since the epoch: what is newer has the smaller number. */
const LAST = 99_999_999_999_999

const MILLISECONDS: Readonly<Record<Sql['dialect'], string>> = {
  sqlite: "CAST(strftime('%s', at) || substr(at, 21, 3) AS INTEGER)",
  postgresql: 'CAST(EXTRACT(EPOCH FROM at) * 1000 AS BIGINT)',
}

/** A column upwards, and within what is the same in it the newest first; downwards, all of it the other way round. */
const newestWithin = (dialect: Sql['dialect'], column: string) => ({
  key: `(${column} || ' ' || CAST(${LAST} - ${MILLISECONDS[dialect]} AS TEXT))`,
})

/** What a cursor holds of such a column. */
export const newestWithinKey = (text: string, at: Date): string => `${text} ${LAST - at.getTime()}`

const rejectionColumns = columnsOf<RejectionRow>({
  id: 'plain',
  at: 'time',
  endpoint: 'plain',
  clientId: 'plain',
  error: 'plain',
  description: 'plain',
  facts: 'plain',
})

/** The rejected requests in the database. */
export interface RejectionStore {
  insert(rows: readonly RejectionRow[]): Promise<void>
  find(id: string): Promise<RejectionRow | undefined>
  /** A page of the list. */
  rows(
    wanted: SortedWanted<RejectionColumn, never> & { where?: RejectionFilter | undefined },
  ): Promise<RejectionRow[]>
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
  const list = createSortedList<RejectionColumn, never>(reads, {
    table: 'rejections',
    columns: (dialect) => ({
      at: timeColumn(dialect, 'at'),
      endpoint: newestWithin(dialect, 'endpoint'),
      error: newestWithin(dialect, 'error'),
    }),
    filters: {},
    searched: [],
  })

  return {
    async insert(rows) {
      await prisma.rejection.createMany({ data: [...rows] })
    },

    find: (id) => rejectionColumns.get(reads, 'FROM rejections WHERE id = ?', [id]),

    async rows({ where: filter = {}, ...wanted }) {
      // PostgreSQL refuses NUL; no row has one.
      if (Object.values(filter).some((value) => value?.includes('\0'))) return []
      const found = await list.ids({ ...wanted, conditions: conditionsOf(filter) })
      return rowsInOrder(reads, rejectionColumns, 'rejections', found)
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
