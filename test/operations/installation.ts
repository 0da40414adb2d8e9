import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'
import { parseConfig } from '../../src/config.ts'
import { openServices, type Services } from '../../src/services.ts'

const quiet = { debug() {}, info() {}, warn() {}, error() {} }

/** Works on an installation the way the command line does: beside the server, or without one. */
export async function withServices<T>(
  env: Record<string, string>,
  work: (services: Services) => Promise<T>,
): Promise<T> {
  const services = await openServices(
    parseConfig(env, (path) => readFileSync(path, 'utf8')),
    { logger: quiet },
  )
  try {
    return await work(services)
  } finally {
    await services.close()
  }
}

/** What a database says when it is asked directly, past the program. */
export interface Bystander {
  /** The first column of every row. */
  column(sql: string): Promise<unknown[]>
  /** Every complaint of the engine about its files; empty: none. */
  damage(): Promise<string[]>
}

export function bystander(env: Record<string, string>): Bystander {
  const url = env.DATABASE_URL
  if (url?.startsWith('postgres')) {
    const column = async (sql: string) => {
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      try {
        const { rows } = await client.query<unknown[]>({ text: sql, rowMode: 'array' })
        return rows.map(([first]) => first)
      } finally {
        await client.end()
      }
    }
    return { column, damage: async () => [] }
  }
  const files = ['latchkey.db', 'artifacts.db']
  const open = (file: string) => new BetterSqlite3(join(String(env.DATA_DIR), file), { readonly: true })
  return {
    async column(sql) {
      const db = open(/\bartifacts\b/.test(sql) ? 'artifacts.db' : 'latchkey.db')
      try {
        return db.prepare(sql).pluck().all()
      } finally {
        db.close()
      }
    },
    async damage() {
      return files.flatMap((file) => {
        const db = open(file)
        try {
          const complaints = db.prepare('PRAGMA integrity_check').pluck().all() as string[]
          const orphans = db.prepare('PRAGMA foreign_key_check').all()
          return [
            ...complaints.filter((each) => each !== 'ok'),
            ...orphans.map((row) => `orphan: ${JSON.stringify(row)}`),
          ]
        } finally {
          db.close()
        }
      })
    },
  }
}
