import { afterEach, expect, test } from 'vitest'
import { withServices } from '../operations/installation.ts'
import { type Engine, engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { openLog, recordMany } from './support.ts'

const running: Latchkey[] = []
afterEach(async () => {
  for (const latchkey of running.splice(0)) await latchkey.stop()
})

async function start(engine: Engine, clock?: () => number): Promise<Latchkey> {
  const latchkey = await startLatchkey({ engine, ...(clock && { clock }) })
  running.push(latchkey)
  return latchkey
}

const empty = async ({ services: { db } }: Latchkey) => {
  await db.prisma.auditEntry.deleteMany()
  await db.prisma.auditMark.deleteMany()
}
const kinds = ({ problems }: { problems: { kind: string }[] }) => problems.map(({ kind }) => kind)

test.each(engines)(
  'a log that was emptied together with its marks does not verify on %s while there are accounts',
  async (engine) => {
    const latchkey = await start(engine)
    const { audit, event } = latchkey.services
    expect(await audit.verify()).toMatchObject({ ok: true })
    await latchkey.createUser()
    await audit.idle()
    await empty(latchkey)
    const result = await audit.verify()
    expect(result).toMatchObject({ ok: false, entries: 0 })
    expect(kinds(result)).toContain('emptied')
    // Nor does the server that runs on, or the next process, begin a new one as if nothing had been.
    event({ type: 'token.revoked' })
    await audit.idle()
    expect(await audit.verify()).toMatchObject({ ok: false })
  },
)

test.each(engines)('nor for a process that starts on %s after it was emptied', async (engine) => {
  const latchkey = await start(engine)
  await latchkey.createUser()
  await latchkey.services.audit.idle()
  await empty(latchkey)
  await withServices(latchkey.env, async ({ audit, event }) => {
    event({ type: 'token.revoked' })
    await audit.idle()
    const result = await audit.verify()
    expect({ ok: result.ok, kinds: kinds(result) }).toEqual({ ok: false, kinds: ['found_broken'] })
    const { items } = await audit.list({ action: 'audit.broken' })
    expect(items).toMatchObject([{ seq: 1, details: { found: 'no head, no entry' } }])
  })
})

test.each(engines)(
  'an older copy of the log is found on %s by what came into being since',
  async (engine) => {
    let now = Date.now()
    const latchkey = await start(engine, () => now)
    const { db, audit } = latchkey.services
    await latchkey.createUser()
    await audit.idle()
    const rows = await db.prisma.auditEntry.findMany()
    const marks = await db.prisma.auditMark.findMany()
    now += 3_600_000
    await latchkey.createClient()
    await audit.idle()
    now += 3_600_000
    await empty(latchkey)
    await db.prisma.auditEntry.createMany({ data: rows })
    await db.prisma.auditMark.createMany({ data: marks })
    const result = await audit.verify()
    expect(result).toMatchObject({ ok: false, problems: [{ kind: 'older_copy' }] })
    expect(result.problems[0]?.message).toMatch(/a client was made .* after the newest entry/)
  },
)

test.each(engines)(
  'the log of an installation without anything in it is empty, and verifies, on %s',
  async (engine) => {
    const { audit } = await openLog(engine)
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 0 })
  },
)

test.each(engines)(
  'on %s every way to take marks and the end of the log away together shows',
  async (engine) => {
    for (const sql of [
      ["DELETE FROM audit_marks WHERE id = 'head'", 'DELETE FROM audit_entries WHERE seq > 3'],
      ['DELETE FROM audit_marks', 'DELETE FROM audit_entries WHERE seq > 3'],
      ['DELETE FROM audit_marks', 'DELETE FROM audit_entries WHERE seq < 3'],
      ['DELETE FROM audit_marks'],
    ]) {
      const log = await openLog(engine)
      await recordMany(log, 5)
      for (const statement of sql) await log.tamper(statement)
      expect({ sql, ...(await log.audit.verify()) }).toMatchObject({ sql, ok: false })
      const next = await log.another()
      await recordMany(next, 1)
      expect({ sql, ...(await next.audit.verify()) }).toMatchObject({ sql, ok: false })
    }
  },
)
