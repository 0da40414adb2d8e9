import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { type Config, ConfigError, parseConfig } from '../../src/config.ts'
import type { SettingName } from '../../src/settings/table.ts'
import { defaultOf } from '../../src/settings/table.ts'
import { viewOf } from '../../src/settings/view.ts'

const noFiles = () => {
  throw new Error('no such file')
}
/** What counts of the settings before anybody has changed one. */
const settingsOf = ({ pinned, issuer }: Config) =>
  viewOf((name: SettingName) => pinned[name] ?? defaultOf(name, issuer))
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
    trustProxy: false,
    pinned: {},
  })
  expect(settingsOf(config)).toMatchObject({
    accessTokenTtl: 3600,
    lockoutFailures: 5,
    registration: 'open',
    rateLimit: 'on',
    mailFrom: 'Latchkey <no-reply@localhost>',
  })
  expect(Object.isFrozen(config)).toBe(true)
})

const RANDOM = '5f3b9c0de81a47c2b6d4f0e9a7c85b13'

test.each([
  {},
  { HOST: '127.0.0.1' },
  { HOST: '::1', ISSUER: 'http://127.0.0.1:3000' },
  { HOST: '0.0.0.0', METRICS_PORT: '9464' },
  { HOST: '0.0.0.0', ISSUER: 'https://id.example.com', METRICS_TOKEN: RANDOM },
  { ISSUER: 'https://id.example.com', TRUST_PROXY: '1', METRICS_PORT: '0' },
])('metrics behind a port, behind a token, or on loopback alone: %j', (env: Record<string, string>) => {
  expect(problemsOf({ METRICS: 'on', ...env })).toEqual([])
})

test.each([
  { HOST: '0.0.0.0' },
  { HOST: '::' },
  { HOST: 'localhost.example.com' },
  { HOST: '127.0.0.1.example.com' },
  // A proxy on the same machine hands everything on.
  { ISSUER: 'https://id.example.com' },
  { HOST: '127.0.0.1', TRUST_PROXY: 'loopback' },
])(
  'metrics that anybody could read are refused at start, with both ways out: %j',
  (env: Record<string, string>) => {
    const problems = problemsOf({ METRICS: 'on', ...env })
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(/^METRICS .*METRICS_PORT.*9464.*METRICS_TOKEN.*openssl rand -hex 32/)
    expect(problemsOf({ METRICS: 'off', ...env })).toEqual([])
    expect(problemsOf(env)).toEqual([])
  },
)

test('hosts and schemes of redirect URIs are exact words, of a network and without a meaning of their own', () => {
  const { redirects } = settingsOf(
    parseConfig(
      { REDIRECT_HOSTS: 'nas.lan, 192.168.0.200 photos', REDIRECT_SCHEMES: 'cursor,vscode' },
      noFiles,
    ),
  )
  expect(redirects).toEqual({ hosts: ['nas.lan', '192.168.0.200', 'photos'], schemes: ['cursor', 'vscode'] })
  for (const host of [
    'app.example.com',
    '8.8.8.8',
    'http://nas.lan',
    'nas.lan:80',
    '*.lan',
    'NAS.lan',
    'localhost',
  ])
    expect(problemsOf({ REDIRECT_HOSTS: host })).toEqual([
      expect.stringMatching(/^REDIRECT_HOSTS must be.*nas\.lan/),
    ])
  for (const scheme of [
    'javascript',
    'data',
    'https',
    'cursor:',
    'Cursor',
    'mailto',
    'ms-settings',
    'intent',
  ])
    expect(problemsOf({ REDIRECT_SCHEMES: scheme })).toEqual([
      expect.stringMatching(/^REDIRECT_SCHEMES must be/),
    ])
  expect(problemsOf({ PKCE_DEFAULT: 'optional' })).toEqual([
    expect.stringMatching(/^PKCE_DEFAULT must be one of/),
  ])
})

test('a wrong port or token of the metrics is reported with a good value', () => {
  for (const METRICS_PORT of ['-1', '70000', 'http', '9464.5'])
    expect(problemsOf({ METRICS: 'on', METRICS_PORT })).toEqual([
      'METRICS_PORT must be a whole number from 0 to 65535, for example 9464',
    ])
  expect(problemsOf({ METRICS: 'on', PORT: '4000', METRICS_PORT: '4000' })).toEqual([
    'METRICS_PORT must be another port than PORT, for example 9464',
  ])
  for (const METRICS_TOKEN of ['short', 'with blanks with blanks with blanks', `${RANDOM}\n${RANDOM}`])
    expect(problemsOf({ METRICS: 'on', METRICS_TOKEN })).toEqual([
      expect.stringMatching(/^METRICS_TOKEN must be at least 32.*openssl rand -hex 32$/),
    ])
  const config = parseConfig({ METRICS: 'on', METRICS_TOKEN_FILE: '/run/token' }, () => `${RANDOM}\n`)
  expect(config.metrics).toEqual({ token: RANDOM, port: undefined })
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
    WORKERS: '0',
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
    'WORKERS',
  ])
    expect(problems.filter((problem) => problem.startsWith(name))).toHaveLength(1)
  expect(problems.every((problem) => /example|one of|both/.test(problem))).toBe(true)
})

test('what variables mean together is reported beside what one is alone', () => {
  const problems = problemsOf({
    ...{ WORKERS: '0', METRICS: 'on', HOST: '0.0.0.0', SMS_SECRET: 'user:password' },
    DATABASE_URL: 'file:/srv/elsewhere/latchkey.db',
  })
  expect(problems).toHaveLength(4)
  for (const name of ['WORKERS', 'METRICS', 'SMS_HOST', 'DATABASE_URL'])
    expect(problems.filter((problem) => problem.startsWith(`${name} `))).toHaveLength(1)
})

test.each([
  ['file:/srv/other/latchkey.db', false],
  ['file:///srv/other/latchkey.db', false],
  ['file:../latchkey.db', false],
  ['file:/srv/data-2/latchkey.db', false],
  ['file:latchkey.db', true],
  ['file:./..latchkey/own.db?connection_limit=1', true],
  ['file:/srv/data/own.db', true],
  ['file:///srv/data/below/own.db', true],
])('a database file is inside DATA_DIR: %s, %s', (DATABASE_URL, inside) => {
  expect(problemsOf({ DATA_DIR: '/srv/data', DATABASE_URL })).toEqual(
    inside
      ? []
      : [
          'DATABASE_URL must be a file inside DATA_DIR (/srv/data), for example file:latchkey.db; or set DATA_DIR to its folder',
        ],
  )
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

test('every number of the rate limits can be set, and is in the docs with its default', () => {
  const shipped = settingsOf(parseConfig({}, noFiles)).limits
  expect(Object.values(shipped).flat()).toHaveLength(20)
  const docs = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8')
  for (const [name, rules] of Object.entries(shipped))
    for (const [at, { variable, max, window }] of rules.entries()) {
      const set = settingsOf(parseConfig({ [variable]: '77' }, noFiles)).limits as Record<
        string,
        typeof rules
      >
      expect(set[name]?.[at]?.max, variable).toBe(77)
      const within = window === 3600 ? '1 h' : `${window} s`
      expect(docs).toContain(`| \`${variable}\` | \`${max}\` | ${within} |`)
    }
})

test('a limit of nothing, or one that is no number, is refused', () => {
  const problems = problemsOf({ RATE_LIMIT_SIGN_IN: '0', RATE_LIMIT_MAIL_PER_ACCOUNT: 'many', PORT: 'x' })
  expect(problems).toEqual([
    expect.stringMatching(/^PORT /),
    expect.stringMatching(/^RATE_LIMIT_SIGN_IN must be a whole number from 1 .*example 30$/),
    expect.stringMatching(/^RATE_LIMIT_MAIL_PER_ACCOUNT must be .*example 5$/),
  ])
})

test.each([
  ['2', 2],
  ['0', false],
  ['loopback, 10.0.0.0/8', ['loopback', '10.0.0.0/8']],
])('TRUST_PROXY %s', (given, expected) => {
  expect(parseConfig({ TRUST_PROXY: given }, noFiles).trustProxy).toEqual(expected)
})

test('GitHub and Google are providers once their client IDs and secrets are set', () => {
  expect(parseConfig({}, noFiles)).toMatchObject({ providers: [] })
  const env = { GITHUB_CLIENT_ID: 'Iv1.8a61', GITHUB_CLIENT_SECRET: 'one', GOOGLE_CLIENT_ID: '42.apps' }
  const config = parseConfig({ ...env, GOOGLE_CLIENT_SECRET_FILE: '/run/secrets/google' }, () => 'two\n')
  expect(config.providers).toEqual([
    {
      id: 'github',
      kind: 'github',
      clientId: 'Iv1.8a61',
      clientSecret: 'one',
      settings: { url: 'https://github.com', api_url: 'https://api.github.com' },
    },
    {
      id: 'google',
      kind: 'google',
      clientId: '42.apps',
      clientSecret: 'two',
      settings: { issuer: 'https://accounts.google.com' },
    },
  ])
})

test('the addresses of a provider may be others, without their slash at the end', () => {
  const { providers } = parseConfig(
    {
      GITHUB_CLIENT_ID: 'a',
      GITHUB_CLIENT_SECRET: 'b',
      GITHUB_URL: 'https://github.example.com/',
      GITHUB_API_URL: 'https://github.example.com/api/v3//',
      GOOGLE_CLIENT_ID: 'c',
      GOOGLE_CLIENT_SECRET: 'd',
      GOOGLE_ISSUER: 'http://127.0.0.1:9000',
      GOOGLE_HOSTED_DOMAIN: 'Bücher.example',
    },
    noFiles,
  )
  expect(providers.map(({ settings }) => settings)).toEqual([
    { url: 'https://github.example.com', api_url: 'https://github.example.com/api/v3' },
    { issuer: 'http://127.0.0.1:9000', hosted_domain: 'xn--bcher-kva.example' },
  ])
})

test.each([
  ['GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET'],
  ['GOOGLE_CLIENT_ID', 'GOOGLE_CLIENT_SECRET'],
])('%s and %s belong together', (id, secret) => {
  const problem = `${id} and ${secret} belong together: set both or neither`
  expect(problemsOf({ [id]: 'hunter2' })).toEqual([problem])
  expect(problemsOf({ [secret]: 'hunter2' })).toEqual([problem])
})

test('what is wrong with a provider is reported beside the rest', () => {
  const problems = problemsOf({
    PORT: 'x',
    GITHUB_CLIENT_ID: 'a\nb',
    GITHUB_URL: 'http://github.example.com',
    GITHUB_API_URL: 'https://user:hunter2@github.example.com',
    GOOGLE_ISSUER: 'https://accounts.example.com/?x=1',
    GOOGLE_HOSTED_DOMAIN: 'localhost',
    EMAIL_DOMAINS: 'example.com, @example.org',
  })
  expect(problems.map((problem) => problem.split(' ')[0])).toEqual([
    'PORT',
    'GITHUB_CLIENT_ID',
    'GITHUB_URL',
    'GITHUB_API_URL',
    'GOOGLE_ISSUER',
    'GOOGLE_HOSTED_DOMAIN',
    'EMAIL_DOMAINS',
    'GITHUB_CLIENT_ID',
  ])
  expect(problems.join()).not.toContain('hunter2')
})

test('tokens of a GitHub of your own are not sent to the API of github.com', () => {
  const problem = expect.stringMatching(/^GITHUB_URL and GITHUB_API_URL belong together: .*\/api\/v3$/)
  expect(problemsOf({ GITHUB_URL: 'https://github.example.com' })).toEqual([problem])
  expect(problemsOf({ GITHUB_API_URL: 'https://github.example.com/api/v3' })).toEqual([problem])
  expect(problemsOf({ GITHUB_URL: 'https://github.com/' })).toEqual([])
})

test.each([
  ['example.com', ['example.com']],
  ['Example.COM,bücher.example  example.com', ['example.com', 'xn--bcher-kva.example']],
  [' , ', []],
])('EMAIL_DOMAINS %j', (given, expected) => {
  expect(parseConfig({ EMAIL_DOMAINS: given }, noFiles).pinned.email_domains).toEqual(expected)
})

test.each(['example.com/', '127.0.0.1', 'ada@example.com', '-a.example', 'a..b'])(
  'EMAIL_DOMAINS %s is refused',
  (given) => {
    expect(problemsOf({ EMAIL_DOMAINS: given })).toEqual([
      expect.stringMatching(/^EMAIL_DOMAINS .*example\.com/),
    ])
  },
)

test('SMS_SECRET is sent to the host alone that SMS_HOST names', () => {
  const secret = {
    SMS_SECRET: 'user:password',
    SMS_URL: 'https://sms.example/?s={secret}&to={to}&text={text}',
  }
  expect(problemsOf(secret)).toEqual([
    expect.stringMatching(/^SMS_HOST must be set .* for example api\.twilio\.com$/),
  ])
  expect(problemsOf({ ...secret, SMS_HOST: 'api.twilio.com' })).toEqual([
    expect.stringMatching(/^SMS_URL must lead to SMS_HOST/),
  ])
  for (const SMS_HOST of [
    'https://sms.example',
    'sms.example:443',
    'SMS.example',
    'sms.example/x',
    'a@sms.example',
  ])
    expect(problemsOf({ ...secret, SMS_HOST })).toEqual([expect.stringMatching(/^SMS_HOST must be the host/)])
  expect(parseConfig({ ...secret, SMS_HOST: 'sms.example' }, noFiles).smsHost).toBe('sms.example')
})
