import { isAbsolute, relative, sep } from 'node:path'
import { sqliteFiles } from './storage/location.ts'

/** Parameters of a connection URL of PostgreSQL that mean here what they mean to libpq. */
const PARAMETERS = new Set([
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'host',
  'application_name',
  'options',
])

const SSL_MODES = new Set(['disable', 'require', 'verify-ca', 'verify-full'])

/** Undefined: nothing is wrong. Else what, by its name, and the way out; never a value, which may be a password. */
export function databaseUrlProblem(text: string): string | undefined {
  const url = URL.parse(text)
  if (url === null || url.protocol === 'file:') return undefined
  const parameters = url.searchParams
  const mode = parameters.get('sslmode')
  if (parameters.has('schema'))
    return 'has schema=, which PostgreSQL does not know; give the role a search path instead: ALTER ROLE … SET search_path'
  if (mode === 'allow' || mode === 'prefer')
    return `has sslmode=${mode}, which goes on without encryption where there is none; set sslmode=require, or disable`
  if (mode !== null && !SSL_MODES.has(mode))
    return 'has an sslmode that is unknown; it must be one of disable, require, verify-ca, verify-full'
  if (mode === 'verify-ca' && !parameters.has('sslrootcert'))
    return 'has sslmode=verify-ca without sslrootcert=FILE: any authority would do; add it, or set sslmode=verify-full'
  if (parameters.get('sslrootcert') === 'system')
    return 'has sslrootcert=system; leave it out: with sslmode=verify-full the authorities of the system count'
  const unknown = [...parameters.keys()].find((name) => !PARAMETERS.has(name))
  return unknown === undefined
    ? undefined
    : `has a parameter ${unknown.slice(0, 40)}, which this server does not know; known are ${[...PARAMETERS].join(', ')}`
}

/**
 * A line if the file of SQLite is outside of DATA_DIR: what is backed up, moved and guarded is one folder.
 * @param dataDir absolute
 */
export function databaseFileProblem(text: string | undefined, dataDir: string): string[] {
  if (text === undefined || !text.startsWith('file:')) return []
  const path = relative(dataDir, sqliteFiles(text, dataDir).main)
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path)
    ? [
        `DATABASE_URL must be a file inside DATA_DIR (${dataDir}), for example file:latchkey.db; or set DATA_DIR to its folder`,
      ]
    : []
}
