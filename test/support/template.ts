import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { inject } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { openServices } from '../../src/services.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { makeFolder } from './folder.ts'
import { freshDatabase } from './postgres.ts'

/** A server's data as it is after the first start: migrated, with keys and an audit log that has begun. */
export interface Template {
  /** DATA_DIR, with the SQLite database and `secret.key`. */
  dataDir: string
  /** The name of a PostgreSQL database that is sealed with the same `secret.key`. */
  database: string
  /** When it was made, in milliseconds: a server whose clock is behind that must not start from it. */
  madeAt: number
  /** Databases that are migrated, and have no row: of SQLite the folder, of PostgreSQL the name. */
  empty: { dataDir: string; database: string }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/**
 * Makes the template of this run in a running PostgreSQL and a new folder. Tests about a first start, migrations or keys
 * do without it.
 */
export async function makeTemplate(postgresUrl: string): Promise<Template & { remove(): void }> {
  const madeAt = Date.now()
  const dataDir = makeFolder('template')
  const address = await freshDatabase(postgresUrl)
  for (const DATABASE_URL of ['file:latchkey.db', address]) {
    const config = parseConfig({ DATA_DIR: dataDir, DATABASE_URL }, () => {
      throw new Error('no secret files in tests')
    })
    const services = await openServices(config, { logger: silent })
    await services.close()
  }
  const emptyDir = makeFolder('empty')
  const emptyAddress = await freshDatabase(postgresUrl)
  for (const databaseUrl of ['file:latchkey.db', emptyAddress]) {
    const db = await openDatabase({ databaseUrl, dataDir: emptyDir, clock: Date.now })
    await db.close()
  }
  return {
    dataDir,
    database: nameIn(address),
    madeAt,
    empty: { dataDir: emptyDir, database: nameIn(emptyAddress) },
    remove() {
      for (const folder of [dataDir, emptyDir]) rmSync(folder, { recursive: true, force: true })
    },
  }
}

const nameIn = (address: string): string => new URL(address).pathname.slice(1)

/** Copies the data folder: SQLite's database and the secret key. */
const copyData = ({ dataDir }: Pick<Template, 'dataDir'>, to: string): void =>
  cpSync(dataDir, to, { recursive: true })

/**
 * A database of its own without a row, for what is not about migrations: each of these would be applied again, which took two thirds of the time of the store of artefacts on PostgreSQL.
 * @param dataDir where SQLite's is put, as `latchkey.db`
 * @returns its DATABASE_URL
 */
export async function migratedDatabase(engine: 'sqlite' | 'postgresql', dataDir: string): Promise<string> {
  const { empty } = inject('template')
  if (engine === 'postgresql') return copyDatabase(empty, inject('postgresUrl'))
  copyData(empty, dataDir)
  return 'file:latchkey.db'
}

let copies = 0

/** Copies the PostgreSQL database and returns the address of the copy. */
async function copyDatabase(template: Pick<Template, 'database'>, postgresUrl: string): Promise<string> {
  const name = `copy_${process.pid}_${++copies}_${Math.random().toString(36).slice(2, 8)}`
  const client = new pg.Client({ connectionString: postgresUrl })
  await client.connect()
  try {
    await client.query(`CREATE DATABASE "${name}" TEMPLATE "${template.database}" STRATEGY FILE_COPY`)
  } finally {
    await client.end()
  }
  const address = new URL(postgresUrl)
  address.pathname = `/${name}`
  return address.href
}

/** Copies only the secret key, for a server on a copied PostgreSQL database. */
const copySecretKey = (template: Template, to: string): void =>
  cpSync(join(template.dataDir, 'secret.key'), join(to, 'secret.key'))

/**
 * An installation as its first start leaves it, with `secret.key`.
 * @returns its DATABASE_URL
 */
export async function startedDatabase(engine: 'sqlite' | 'postgresql', dataDir: string): Promise<string> {
  const template = inject('template')
  if (engine === 'postgresql') {
    copySecretKey(template, dataDir)
    return copyDatabase(template, inject('postgresUrl'))
  }
  copyData(template, dataDir)
  return 'file:latchkey.db'
}
