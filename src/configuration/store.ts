import { randomUUID } from 'node:crypto'
import { ACTOR_KINDS, type NamedActor } from '../shared/audit-context.ts'
import type { Clock } from '../shared/clock.ts'
import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/driver-errors.ts'

/** The row that one apply at a time holds. It is no document. */
const LOCK = 'lock'
/** How long a lock counts that is not renewed, in milliseconds: the process that held it is gone. */
const ABANDONED = 120_000
/** Documents that are kept. */
const MAX_DOCUMENTS = 20

export interface AppliedDocument {
  appliedAt: Date
  appliedBy: NamedActor
  document: string
}

/** The documents that were applied, and the lock that keeps two from being applied at once, in any two processes. */
export interface ConfigurationStore {
  /** The one applied last; null: none was. */
  latest(): Promise<AppliedDocument | null>
  /** Keeps one that was applied, and the twenty newest. */
  record(document: string, appliedBy: NamedActor): Promise<void>
  /** Undefined: another apply holds it. `renew` is false when another process took it for abandoned. */
  lock(holder: string): Promise<{ renew(): Promise<boolean>; release(): Promise<void> } | undefined>
}

export function createConfigurationStore({
  db,
  clock,
}: {
  db: Pick<Database, 'prisma'>
  clock: Clock
}): ConfigurationStore {
  const table = db.prisma.appliedConfiguration
  const now = () => new Date(clock())
  return {
    async latest() {
      const row = await table.findFirst({
        where: { id: { not: LOCK } },
        orderBy: [{ appliedAt: 'desc' }, { id: 'desc' }],
        select: { appliedAt: true, appliedBy: true, appliedByKind: true, document: true },
      })
      if (row === null) return null
      const { appliedBy: name, appliedByKind, ...rest } = row
      return { ...rest, appliedBy: { kind: ACTOR_KINDS.find((each) => each === appliedByKind) ?? '', name } }
    },

    async record(document, appliedBy) {
      const by = { appliedBy: appliedBy.name, appliedByKind: appliedBy.kind }
      await table.create({ data: { id: randomUUID(), appliedAt: now(), ...by, document } })
      const old = await table.findMany({
        where: { id: { not: LOCK } },
        orderBy: [{ appliedAt: 'desc' }, { id: 'desc' }],
        skip: MAX_DOCUMENTS,
        select: { id: true },
      })
      if (old.length > 0) await table.deleteMany({ where: { id: { in: old.map(({ id }) => id) } } })
    },

    async lock(holder) {
      const token = randomUUID()
      const data = { appliedAt: now(), appliedBy: holder, document: token }
      try {
        await table.create({ data: { id: LOCK, ...data } })
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        const before = new Date(clock() - ABANDONED)
        const { count } = await table.updateMany({ where: { id: LOCK, appliedAt: { lt: before } }, data })
        if (count === 0) return undefined
      }
      const mine = { id: LOCK, document: token }
      return {
        /** False: another process took it for abandoned. */
        renew: async () => (await table.updateMany({ where: mine, data: { appliedAt: now() } })).count === 1,
        release: async () => void (await table.deleteMany({ where: mine })),
      }
    },
  }
}
