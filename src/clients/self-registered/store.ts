import type { Position } from '../../shared/paging.ts'
import type { Database } from '../../storage/database.ts'
import { sqlTime } from '../../storage/sql.ts'
import { afterPosition, positionOf } from '../page.ts'
import { CLIENT_ROW, type ClientRow } from '../store.ts'

const SELF_REGISTERED = { source: { in: ['dynamic', 'open'] } }

/** The clients that registered themselves, in the database. */
export function createSelfRegisteredStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>) {
  return {
    findByToken: (id: string, tokenHash: string): Promise<ClientRow | null> =>
      prisma.client.findFirst({
        where: { id, registrationTokenHash: tokenHash, ...SELF_REGISTERED },
        select: CLIENT_ROW,
      }),

    list: (limit: number, after: Position | undefined): Promise<ClientRow[]> =>
      prisma.client.findMany({
        where: { ...SELF_REGISTERED, ...afterPosition(after) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
        select: CLIENT_ROW,
      }),

    countOpenSince: (since: Date): Promise<number> =>
      prisma.client.count({ where: { source: 'open', createdAt: { gte: since } } }),

    /** Open clients that are not verified, from before a moment, the newest first. */
    async listUnverified(before: Date, limit: number, after: Position | undefined): Promise<Position[]> {
      // By a prepared statement: the job asks it of servers that are idle too.
      const any = await reads.get(
        "SELECT 1 AS one FROM clients WHERE source = 'open' AND created_at < ? LIMIT 1",
        [sqlTime(before)],
      )
      if (any === undefined) return []
      const rows = await prisma.client.findMany({
        where: {
          AND: [{ source: 'open', verified: false, createdAt: { lt: before } }, afterPosition(after) ?? {}],
        },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
        select: { id: true, createdAt: true },
      })
      return rows.map(positionOf)
    },

    /** Which of these clients were ever used, as far as the dashboard's days go. */
    async usedOf(ids: readonly string[]): Promise<string[]> {
      const rows = await prisma.clientActivity.findMany({
        where: { clientId: { in: [...ids] } },
        distinct: ['clientId'],
        select: { clientId: true },
      })
      return rows.map(({ clientId }) => clientId)
    },
  }
}
