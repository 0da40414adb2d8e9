import pg from 'pg'
import { expect, test } from 'vitest'
import { type ConfigError, parseConfig } from '../../src/config.ts'
import { asLibpq } from '../../src/storage/postgresql/open.ts'

const base = 'postgresql://u:hidden@db.example/latchkey'
const problemsOf = (parameters: string): readonly string[] => {
  try {
    parseConfig({ DATABASE_URL: `${base}?${parameters}` }, () => '')
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

test.each([
  ['schema=latchkey', /^DATABASE_URL has schema=.*search_path/],
  ['sslmode=prefer', /^DATABASE_URL has sslmode=prefer.*set sslmode=require/],
  ['sslmode=allow', /^DATABASE_URL has sslmode=allow/],
  ['sslmode=no-verify', /^DATABASE_URL has an sslmode that is unknown/],
  ['sslmode=verify-ca', /^DATABASE_URL has sslmode=verify-ca without sslrootcert/],
  ['sslmode=verify-full&sslrootcert=system', /^DATABASE_URL has sslrootcert=system/],
  ['pgbouncer=true', /^DATABASE_URL has a parameter pgbouncer/],
  ['connection_limit=5', /^DATABASE_URL has a parameter connection_limit/],
])('%s is refused by name, with the way out and without the password', (parameters, message) => {
  expect(problemsOf(parameters)).toEqual([expect.stringMatching(message)])
  expect(problemsOf(parameters).join()).not.toContain('hidden')
})

test.each([
  '',
  'sslmode=require',
  'sslmode=verify-full',
  'sslmode=disable',
  'host=/run/postgresql',
  'application_name=x',
])('%s is taken', (parameters) => {
  expect(problemsOf(parameters)).toEqual([])
})

/** What the driver makes of it. */
const sslOf = (parameters: string): unknown =>
  (new pg.Client({ connectionString: asLibpq(`${base}?${parameters}`) }) as unknown as { ssl: unknown }).ssl

test('sslmode means what it means to libpq', () => {
  expect(sslOf('')).toBe(false)
  expect(sslOf('sslmode=disable')).toBe(false)
  // Encrypted, and no certificate is checked.
  expect(sslOf('sslmode=require')).toMatchObject({ rejectUnauthorized: false })
  // Checked, by its name too: neither check is taken away.
  expect(sslOf('sslmode=verify-full')).toEqual({})
})
