import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { makeFolder } from '../shared/make-folder.ts'

/** The file in DATA_DIR in which the server says which database it runs on. */
const MARKER = 'database'

/** A database by its place, without user, password and parameters: `file:latchkey.db`, `postgresql://host:5432/name`. */
export function locationOf(databaseUrl: string): string {
  if (databaseUrl.startsWith('file:')) return databaseUrl
  const url = URL.parse(databaseUrl)
  const host = url?.hostname || url?.searchParams.get('host') || 'localhost'
  return `postgresql://${host}:${url?.port || url?.searchParams.get('port') || 5432}${url?.pathname ?? ''}`
}

/** Says so for the command line, which may be called without the variables of the server. */
export function rememberLocation(dataDir: string, databaseUrl: string): void {
  const text = `${locationOf(databaseUrl)}\n`
  const path = join(dataDir, MARKER)
  try {
    makeFolder(dataDir)
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text, { mode: 0o600 })
  } catch {
    // A server on PostgreSQL needs no folder that it can write to.
  }
}

/** The database that a server in this folder last ran on. Undefined: none has said so. */
export function rememberedLocation(dataDir: string): string | undefined {
  try {
    return readFileSync(join(dataDir, MARKER), 'utf8').trim() || undefined
  } catch {
    return undefined
  }
}

/** `artifacts.db` beside `latchkey.db`; beside a file of another name, one named after it. */
export const sqliteFiles = (databaseUrl: string, dataDir: string): { main: string; artifacts: string } => {
  const main = resolve(
    dataDir,
    databaseUrl.replace(/^file:(\/\/)?/, '').replace(/\?.*$/, '') || 'latchkey.db',
  )
  const stem = basename(main, extname(main))
  return {
    main,
    artifacts: join(dirname(main), stem === 'latchkey' ? 'artifacts.db' : `${stem}-artifacts.db`),
  }
}

/** Which database this is, for people: never a user or password. */
export const placeOf = (databaseUrl: string, dataDir: string): string =>
  databaseUrl.startsWith('file:')
    ? `${sqliteFiles(databaseUrl, dataDir).main} (SQLite)`
    : `${locationOf(databaseUrl)} (PostgreSQL)`
