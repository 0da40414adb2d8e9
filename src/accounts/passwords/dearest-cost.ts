import { z } from 'zod'
import type { Database } from '../../storage/database.ts'
import { type HashingCost, OWASP_FLOOR, workOf } from './hashing.ts'

/** The row beside that of the settings. */
const ID = 'dearest_hash'

const stored = z.object({
  memoryCost: z.int().positive(),
  timeCost: z.int().positive(),
  parallelism: z.int().positive(),
})

/** The dearest cost that hashes were ever made with here: what every refusal costs, so that none tells which hash an account has. */
export interface DearestCost {
  /** Never less than today's. */
  now(): HashingCost
  /** Keeps today's, where it is the dearest. Wait for it before a hash of that cost is stored. */
  remember(): Promise<void>
}

const dearer = (one: HashingCost, other: HashingCost | undefined): boolean =>
  other === undefined || workOf(one) > workOf(other)

/** Nothing is stored while no cost was above the floor, below which no setting goes. @param deps.cost today's, read at each use */
export async function openDearestCost(deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  cost: () => HashingCost
}): Promise<DearestCost> {
  const table = deps.db.prisma.storedSettings
  // A start reads it, and does without Prisma's query compiler.
  const read = async () => {
    const row = await deps.db.reads.get<{ version: number; document: string }>(
      'SELECT version, document FROM settings WHERE id = ?',
      [ID],
    )
    return row && { version: row.version, cost: stored.parse(JSON.parse(row.document)) }
  }

  /** In the place of a cheaper one, also while other processes do the same. @returns the dearest */
  async function raise(cost: HashingCost): Promise<HashingCost> {
    for (;;) {
      const before = await read()
      if (before && !dearer(cost, before.cost)) return before.cost
      const document = JSON.stringify(stored.parse(cost))
      if (before) {
        const { version } = before
        const data = { version: version + 1, document }
        if ((await table.updateMany({ where: { id: ID, version }, data })).count === 1) return cost
        continue
      }
      // Where another process is faster, its row is looked at.
      await table.upsert({ where: { id: ID }, create: { id: ID, version: 1, document }, update: { id: ID } })
    }
  }

  let kept = (await read())?.cost
  const dearest: DearestCost = {
    now() {
      const today = deps.cost()
      return kept === undefined || dearer(today, kept) ? today : kept
    },
    async remember() {
      const today = deps.cost()
      if (dearer(today, OWASP_FLOOR) && dearer(today, kept)) kept = await raise(today)
    },
  }
  await dearest.remember()
  return dearest
}
