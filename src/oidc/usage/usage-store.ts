import type { Database } from '../../storage/database.ts'
import { hasBefore } from '../../storage/due.ts'
import { sqlTime } from '../../storage/sql.ts'

/** When a client was last issued something that a key signed. Milliseconds since the epoch. */
export interface KeyUse {
  kid: string
  clientId: string
  lastUsedAt: number
}

/** Which clients are in use, and what was signed for them by which key. Two small tables that are written once an hour a client. */
export interface UsageStore {
  /** @param day “2026-11-25” */
  clientUsed(day: string, clientId: string): Promise<void>
  keyUsed(kid: string, clientId: string, at: Date): Promise<void>
  /** The newest thousand, the newest first. */
  keyUses(): Promise<KeyUse[]>
  /** How many clients were in use on each day from `since` (“2026-11-25”) on. */
  activeClients(since: string): Promise<Map<string, number>>
  /** The days on which a client was in use, from `since` (“2026-11-25”) on, oldest first. */
  clientDays(clientId: string, since: string): Promise<string[]>
  /** Deletes what is older than `before`. Returns how many rows. */
  forget(before: { day: string; at: Date }): Promise<number>
  /** Waits for what is being written. */
  idle(): Promise<void>
}

export function createUsageStore({
  prisma,
  reads,
  writes,
}: Pick<Database, 'prisma' | 'reads' | 'writes'>): UsageStore {
  const underWay = new Set<Promise<void>>()
  const whole = (write: Promise<void>): Promise<void> => {
    underWay.add(write)
    const ended = () => void underWay.delete(write)
    void write.then(ended, ended)
    return write
  }

  async function clientUsed(day: string, clientId: string): Promise<void> {
    await writes.run('INSERT INTO client_activity (day, client_id) VALUES (?, ?) ON CONFLICT DO NOTHING', [
      day,
      clientId,
    ])
    // Not by the version of the client, which is its registration: a column that nothing else writes.
    await writes.run('UPDATE clients SET last_used_day = ? WHERE id = ? AND last_used_day < ?', [
      day,
      clientId,
      day,
    ])
  }

  async function keyUsed(kid: string, clientId: string, at: Date): Promise<void> {
    await writes.run(
      `INSERT INTO key_uses (kid, client_id, last_used_at) VALUES (?, ?, ?)
       ON CONFLICT (kid, client_id) DO UPDATE SET last_used_at = excluded.last_used_at`,
      [kid, clientId, sqlTime(at)],
    )
  }

  return {
    clientUsed: (...use) => whole(clientUsed(...use)),
    keyUsed: (...use) => whole(keyUsed(...use)),
    async idle() {
      await Promise.allSettled(underWay)
    },

    async keyUses() {
      const rows = await prisma.keyUse.findMany({ orderBy: { lastUsedAt: 'desc' }, take: 1000 })
      return rows.map(({ kid, clientId, lastUsedAt }) => ({
        kid,
        clientId,
        lastUsedAt: lastUsedAt.getTime(),
      }))
    },

    async activeClients(since) {
      const days = await prisma.clientActivity.groupBy({
        by: ['day'],
        where: { day: { gte: since } },
        _count: { clientId: true },
      })
      return new Map(days.map(({ day, _count }) => [day, _count.clientId]))
    },

    async clientDays(clientId, since) {
      const days = await prisma.clientActivity.findMany({
        where: { clientId, day: { gte: since } },
        orderBy: { day: 'asc' },
        select: { day: true },
      })
      return days.map(({ day }) => day)
    },

    async forget(before) {
      let count = 0
      if (await hasBefore(reads, 'client_activity', 'day', before.day))
        count += (await prisma.clientActivity.deleteMany({ where: { day: { lt: before.day } } })).count
      if (await hasBefore(reads, 'key_uses', 'last_used_at', before.at))
        count += (await prisma.keyUse.deleteMany({ where: { lastUsedAt: { lt: before.at } } })).count
      return count
    },
  }
}
