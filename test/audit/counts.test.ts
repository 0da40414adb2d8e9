import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createAuditCounts } from '../../src/audit/counts-store.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { engines } from '../support/latchkey.ts'
import { migratedDatabase } from '../support/template.ts'

const DAY = 86_400_000

test.each(engines)('entries are counted by day and action on %s', async (engine) => {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-counts-'))
  const databaseUrl = await migratedDatabase(engine, dataDir)
  const db = await openDatabase({ databaseUrl, dataDir, clock: Date.now })
  try {
    const now = Date.UTC(2026, 10, 25, 23, 59)
    const ages = [30, 29, 29, 1, 0, 0, 0]
    await db.prisma.auditEntry.createMany({
      data: ages.flatMap((age, index) =>
        ['account.locked', 'account.signed_in'].map((action, which) => ({
          seq: index * 2 + which + 1,
          at: new Date(now - age * DAY),
          action,
          actorKind: 'anonymous',
          details: '{}',
          hash: '-',
        })),
      ),
    })
    const counts = await createAuditCounts(db).byDay(['account.locked', 'account.unlocked'], 30, now)
    const days = counts.get('account.locked') ?? []
    expect(days).toHaveLength(30)
    expect(days[0]).toEqual({ day: '2026-10-27', count: 2 })
    expect(days.slice(-2)).toEqual([
      { day: '2026-11-24', count: 1 },
      { day: '2026-11-25', count: 3 },
    ])
    expect(days.reduce((sum, { count }) => sum + count, 0)).toBe(6)
    expect(counts.get('account.unlocked')?.every(({ count }) => count === 0)).toBe(true)
  } finally {
    await db.close()
    rmSync(dataDir, { recursive: true, force: true })
  }
})

test.each(engines)(
  'people who signed in are counted once each, however often they did, on %s',
  async (engine) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-people-'))
    const databaseUrl = await migratedDatabase(engine, dataDir)
    const db = await openDatabase({ databaseUrl, dataDir, clock: Date.now })
    try {
      const now = Date.UTC(2026, 10, 25, 23, 59)
      const signIns = [
        ['gone', 31],
        ['ada', 29],
        ['ada', 3],
        ['ada', 0],
        ['ben', 0],
        ['ben', 0],
      ] as const
      await db.prisma.auditEntry.createMany({
        data: signIns.map(([targetId, age], index) => ({
          ...{ seq: index + 1, at: new Date(now - age * DAY), action: 'account.signed_in', targetId },
          ...{ actorKind: 'account', details: '{}', hash: '-' },
        })),
      })
      expect(await createAuditCounts(db).people('account.signed_in', 30, now)).toBe(2)
      expect(await createAuditCounts(db).people('account.locked', 30, now)).toBe(0)
    } finally {
      await db.close()
      rmSync(dataDir, { recursive: true, force: true })
    }
  },
)
