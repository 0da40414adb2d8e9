import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Clock } from '../../src/shared/clock.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { migratedDatabase } from '../support/template.ts'

export const engines = ['sqlite', 'postgresql'] as const

export interface OpenedDatabase extends Database {
  /** A second connection on the same database: another process, for all it knows. */
  second(): Promise<Database>
}

/** A new database of its own, with the migrations applied. */
export async function openOn(engine: (typeof engines)[number], clock: Clock): Promise<OpenedDatabase> {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-clients-'))
  const databaseUrl = await migratedDatabase(engine, dataDir)
  const open = () => openDatabase({ databaseUrl, dataDir, clock })
  const database = await open()
  const others: Database[] = []
  return {
    ...database,
    async second() {
      const other = await open()
      others.push(other)
      return other
    },
    async close() {
      for (const each of [...others, database]) await each.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
