import type { Database } from '../../storage/database.ts'

/** When a client was last issued something that a key signed. Milliseconds since the epoch. */
export interface KeyUse {
  kid: string
  clientId: string
  lastUsedAt: number
}

/** Which clients are in use, and what their keys signed. Two small tables that are written once an hour a client. */
export function createUsageStore({ prisma }: Pick<Database, 'prisma'>) {
  return {
    /** @param day “2026-11-25” */
    async clientUsed(day: string, clientId: string): Promise<void> {
      await prisma.clientActivity.upsert({
        where: { day_clientId: { day, clientId } },
        create: { day, clientId },
        update: {},
      })
    },

    async keyUsed(kid: string, clientId: string, at: Date): Promise<void> {
      await prisma.keyUse.upsert({
        where: { kid_clientId: { kid, clientId } },
        create: { kid, clientId, lastUsedAt: at },
        update: { lastUsedAt: at },
      })
    },

    async keyUses(): Promise<KeyUse[]> {
      const rows = await prisma.keyUse.findMany({ orderBy: { lastUsedAt: 'desc' }, take: 1000 })
      return rows.map(({ kid, clientId, lastUsedAt }) => ({
        kid,
        clientId,
        lastUsedAt: lastUsedAt.getTime(),
      }))
    },

    /** How many clients were in use on each day from `since` on. */
    async activeClients(since: string): Promise<Map<string, number>> {
      const days = await prisma.clientActivity.groupBy({
        by: ['day'],
        where: { day: { gte: since } },
        _count: { clientId: true },
      })
      return new Map(days.map(({ day, _count }) => [day, _count.clientId]))
    },

    /** Deletes what is older than `before`. Returns how many rows went. */
    async forget(before: { day: string; at: Date }): Promise<number> {
      const days = await prisma.clientActivity.deleteMany({ where: { day: { lt: before.day } } })
      const keys = await prisma.keyUse.deleteMany({ where: { lastUsedAt: { lt: before.at } } })
      return days.count + keys.count
    },
  }
}

export type UsageStore = ReturnType<typeof createUsageStore>
