import { createSecretKey } from 'node:crypto'
import { rmSync } from 'node:fs'
import { type Audit, createAudit } from '../../src/audit/audit.ts'
import type { NewEntry } from '../../src/audit/entry.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { afterThisFile } from '../support/cleanup.ts'
import { makeFolder } from '../support/folder.ts'
import type { Engine } from '../support/latchkey.ts'
import { migratedDatabase } from '../support/template.ts'

export const KEY = createSecretKey(Buffer.alloc(32, 7))

export interface OpenLog {
  audit: Audit
  db: Database
  databaseUrl: string
  dataDir: string
  /** What was told as an error. */
  errors: object[]
  /** Changes the tables as an attacker with the database and without the key does. */
  tamper(sql: string): Promise<number>
  /** Another process on the same database. */
  another(options?: LogOptions): Promise<OpenLog>
}

export interface LogOptions {
  clock?: () => number
  /** Days. */
  retention?: number
}

/** A log on a database of its own, closed after the last test of the file. */
export async function openLog(engine: Engine, options: LogOptions = {}): Promise<OpenLog> {
  const dataDir = makeFolder('audit')
  afterThisFile(() => rmSync(dataDir, { recursive: true, force: true }))
  const databaseUrl = await migratedDatabase(engine, dataDir)
  return openOn(databaseUrl, dataDir, options)
}

async function openOn(databaseUrl: string, dataDir: string, options: LogOptions): Promise<OpenLog> {
  const { clock = Date.now, retention = 0 } = options
  const db = await openDatabase({ databaseUrl, dataDir, clock })
  afterThisFile(() => db.close())
  const errors: object[] = []
  const audit = createAudit({
    db,
    key: KEY,
    clock,
    logger: { error: (facts) => errors.push(facts) },
    retention,
    identify: async (name) => (name === 'ada' ? ['id-of-ada'] : []),
  })
  return {
    audit,
    db,
    databaseUrl,
    dataDir,
    errors,
    tamper: (sql) => db.prisma.$executeRawUnsafe(sql),
    another: (more = options) => openOn(databaseUrl, dataDir, more),
  }
}

export const entry = (number: number | string, more: Partial<NewEntry> = {}): NewEntry => ({
  action: 'client.updated',
  actor: { kind: 'account', id: 'id-of-ada', name: 'ada' },
  target: { kind: 'client', id: `client-${number}`, name: `Client ${number}` },
  address: '192.0.2.1',
  requestId: `request-${number}`,
  details: { before: { scope: 'openid' }, after: { scope: `openid ${number}` } },
  ...more,
})

/** Records entries 1 to `count`, one after the other. */
export async function recordMany({ audit }: Pick<OpenLog, 'audit'>, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) await audit.record(entry(number))
}

/** All of an export. */
export async function textOf(pieces: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const piece of pieces) text += piece
  return text
}
