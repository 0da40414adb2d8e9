import { expect, test } from 'vitest'
import { ConfigError, parseConfig } from '../../src/config.ts'

const noFiles = () => {
  throw new Error('no such file')
}
const problemsOf = (env: Record<string, string>, readFile: (path: string) => string = noFiles) => {
  try {
    parseConfig(env, readFile)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

test('an empty environment gives a working configuration, frozen', () => {
  const config = parseConfig({}, noFiles)
  expect(config).toMatchObject({
    host: 'localhost',
    port: 3000,
    issuer: 'http://localhost:3000',
    databaseUrl: 'file:latchkey.db',
    accessTokenTtl: 3600,
    lockoutFailures: 5,
    registration: 'open',
    rateLimit: true,
    trustProxy: false,
  })
  expect(Object.isFrozen(config)).toBe(true)
})

test('every wrong value is reported at once, each with its variable and a good value', () => {
  const problems = problemsOf({
    PORT: 'eighty',
    ISSUER: 'http://id.example.com',
    DATABASE_URL: 'mysql://db',
    SECRET_KEY: 'short',
    REGISTRATION: 'maybe',
    LOCKOUT_FAILURES: '-1',
    TRUST_PROXY: 'the one in front',
    ADMIN_EMAIL: 'admin@example.com',
    ACCESS_TOKEN_TTL: '1e3',
  })
  for (const name of [
    'PORT',
    'ISSUER',
    'DATABASE_URL',
    'SECRET_KEY',
    'REGISTRATION',
    'LOCKOUT_FAILURES',
    'TRUST_PROXY',
    'ADMIN_EMAIL',
    'ACCESS_TOKEN_TTL',
  ])
    expect(problems.filter((problem) => problem.startsWith(name))).toHaveLength(1)
  expect(problems.every((problem) => /example|one of|both/.test(problem))).toBe(true)
})

test.each([
  ['https://id.example.com/', 'https://id.example.com'],
  ['https://ID.example.com:443', 'https://id.example.com'],
  ['http://127.0.0.1:3000', 'http://127.0.0.1:3000'],
])('issuer %s is read as %s', (given, issuer) => {
  expect(parseConfig({ ISSUER: given }, noFiles).issuer).toBe(issuer)
})

test.each([
  'http://id.example.com',
  'https://id.example.com/tenant',
  'https://id.example.com?x=1',
  'https://user:secret@id.example.com',
  'ftp://id.example.com',
  'id.example.com',
])('issuer %s is refused with an example', (given) => {
  expect(problemsOf({ ISSUER: given })).toEqual([expect.stringContaining('https://id.example.com')])
})

test('a secret may come from a file; its last line end is not part of it', () => {
  const config = parseConfig({ SECRET_KEY_FILE: '/run/secrets/key' }, () => `${'k'.repeat(40)}\n`)
  expect(config.secretKey).toBe('k'.repeat(40))
})

test('a secret file that cannot be read, or a secret given twice, is reported', () => {
  expect(problemsOf({ SECRET_KEY_FILE: '/missing' })).toEqual([expect.stringContaining('SECRET_KEY_FILE')])
  expect(problemsOf({ SMTP_URL: 'smtp://a', SMTP_URL_FILE: '/b' })).toEqual([
    expect.stringContaining('both set'),
  ])
})

test('a value that is a secret never stands in a message', () => {
  const problems = problemsOf({
    SECRET_KEY: 'hunter2',
    ADMIN_PASSWORD: 'hunter3',
    DATABASE_URL: 'mysql://u:hunter4@h',
  })
  expect(problems.join()).not.toMatch(/hunter/)
})

test.each([
  ['2', 2],
  ['0', false],
  ['loopback, 10.0.0.0/8', ['loopback', '10.0.0.0/8']],
])('TRUST_PROXY %s', (given, expected) => {
  expect(parseConfig({ TRUST_PROXY: given }, noFiles).trustProxy).toEqual(expected)
})
