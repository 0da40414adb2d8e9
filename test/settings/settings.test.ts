import { afterEach, describe, expect, test, vi } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { openServices, type Services } from '../../src/services.ts'
import { openSettings } from '../../src/settings/settings.ts'
import type { StoredState } from '../../src/settings/store.ts'
import { runInAuditContext } from '../../src/shared/audit-context.ts'
import { eventually } from '../support/eventually.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const noFiles = () => {
  throw new Error('no files')
}

const ending: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ending.splice(0).toReversed()) await end()
})

/** A server with a clock that stands still until it is moved. */
async function start(options: Parameters<typeof startLatchkey>[0] = {}) {
  let now = Date.now()
  const latchkey = await startLatchkey({ ...options, clock: () => now })
  ending.push(() => latchkey.stop())
  return {
    latchkey,
    pass(milliseconds: number) {
      now += milliseconds
    },
  }
}

/** What another process has open on the same database. */
async function beside({ env }: Latchkey): Promise<Services> {
  const services = await openServices(parseConfig(env, noFiles), { logger: silent, existing: true })
  ending.push(() => services.close())
  return services
}

describe.each(engines)('%s', (engine) => {
  test('what one process changes counts in another a second later, at the next request', async () => {
    const { latchkey, pass } = await start({ engine })
    const other = await beside(latchkey)
    const page = async () => (await latchkey.app.inject('/register')).statusCode
    expect(await page()).toBe(200)
    await other.settings.change({ registration: 'closed' })
    expect(other.settings.values.registration).toBe('closed')
    expect(latchkey.services.settings.values.registration).toBe('open')
    pass(1000)
    expect(await page()).toBe(403)
    await other.settings.change({ registration: null })
    pass(1000)
    expect(await page()).toBe(200)
  })

  test('of two changes that are meant for the same state one is refused', async () => {
    const { latchkey } = await start({ engine })
    const [here, there] = [latchkey.services.settings, (await beside(latchkey)).settings]
    for (let round = 0; round < 3; round++) {
      const { version } = await here.list()
      const outcomes = await Promise.allSettled([
        here.change({ lockout_failures: 10 + round }, { ifVersion: version }),
        there.change({ lockout_failures: 20 + round }, { ifVersion: version }),
      ])
      expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const refused = outcomes.find((outcome) => outcome.status === 'rejected')
      expect(refused?.reason).toMatchObject({ code: 'version_conflict', status: 409 })
    }
  })

  test('changes of different settings at once are all kept', async () => {
    const { latchkey } = await start({ engine })
    const [here, there] = [latchkey.services.settings, (await beside(latchkey)).settings]
    await Promise.all([
      here.change({ lockout_failures: 7 }),
      there.change({ lockout_seconds: 60 }),
      here.change({ password_min_length: 20 }),
      there.change({ reset_ttl: 600 }),
    ])
    const { settings, version } = await here.list()
    const changed = settings.filter((each) => each.changed !== undefined)
    expect(Object.fromEntries(changed.map(({ name, value }) => [name, value]))).toEqual({
      lockout_failures: 7,
      lockout_seconds: 60,
      password_min_length: 20,
      reset_ttl: 600,
    })
    expect(version).toBe('4')
  })

  test('a change is in the audit log, with before and after; saving what is there already is no change', async () => {
    const { latchkey } = await start({ engine })
    const { settings, audit } = latchkey.services
    const actor = { kind: 'command_line', name: 'ada' } as const
    await runInAuditContext({ actor, settling: [] }, () =>
      settings.change({ registration: 'closed', email_domains: ['Bücher.example'] }),
    )
    await settings.change({ registration: 'closed' })
    await settings.change({ registration: null })
    await audit.idle()
    const { items } = await audit.list({ action: 'settings.updated' })
    expect(items.map(({ actor: by, details }) => ({ by: by.kind, ...details }))).toEqual([
      { by: 'server', before: { registration: 'closed' }, after: { registration: 'open' } },
      {
        by: 'command_line',
        before: { registration: 'open', email_domains: [] },
        after: { registration: 'closed', email_domains: ['xn--bcher-kva.example'] },
      },
    ])
    const state = (await settings.list()).settings.find(({ name }) => name === 'email_domains')
    expect(state?.changed).toEqual({ at: expect.any(Number), by: { kind: 'command_line', name: 'ada' } })
  })
})

test('what the environment sets cannot be changed, and its variable is named', async () => {
  const { latchkey } = await start({ env: { REGISTRATION: 'closed', LOCKOUT_FAILURES: '3' } })
  const { settings } = latchkey.services
  for (const value of ['open', null])
    await expect(settings.change({ registration: value })).rejects.toMatchObject({
      code: 'setting_pinned',
      status: 409,
      publicMessage: expect.stringContaining('(REGISTRATION)'),
    })
  await expect(settings.change({ registration: 'open', lockout_failures: 4 })).rejects.toMatchObject({
    publicMessage: expect.stringContaining('(REGISTRATION, LOCKOUT_FAILURES)'),
  })
  const state = (await settings.list()).settings.find(({ name }) => name === 'registration')
  expect(state).toMatchObject({ value: 'closed', default: 'open', pinnedBy: 'REGISTRATION' })
})

test('everything that is wrong with a change is said at once, by name, and nothing of it is stored', async () => {
  const { latchkey } = await start()
  const { settings } = latchkey.services
  const refused = settings.change({
    no_such_thing: 1,
    registration: 'maybe',
    lockout_failures: '5',
    access_token_ttl: 59,
    email_domains: 'example.com',
    redirect_hosts: ['8.8.8.8'],
    unverified_client_scopes: ['admin:write'],
    rate_limit_sign_in: 1.5,
    mail_from: 'Ada\u0001 <ada@example.com>',
    session_ttl: 600,
    password_words: ['Kestrel', 'of'],
    breach_check: 'on',
  })
  await expect(refused).rejects.toMatchObject({
    code: 'invalid_settings',
    status: 422,
    errors: {
      no_such_thing: ['There is no setting with this name.'],
      registration: ['must be one of open, closed'],
      lockout_failures: ['must be a whole number from 1 to 100, for example 5'],
      access_token_ttl: ['must be a whole number from 60 to 604800 (seconds), for example 3600'],
      email_domains: ['must be a list of texts'],
      redirect_hosts: [expect.stringContaining('nas.lan')],
      unverified_client_scopes: [expect.stringContaining('administration API')],
      rate_limit_sign_in: [expect.stringContaining('example 30')],
      mail_from: [expect.stringContaining('no-reply@example.com')],
      password_words: ['must be words of 3 characters or more'],
      breach_check: ['must be one of off, file, api'],
    },
  })
  expect((await settings.list()).version).toBe('0')
  await expect(settings.change(JSON.parse('{"__proto__": 1}'))).rejects.toMatchObject({ status: 422 })
})

test.each([
  'http://pwned.example.com/range/',
  'https://pwned.example.com/range',
  'https://pwned.example.com/range/?mode=ntlm/',
  'https://user:password@pwned.example.com/range/',
  'ftp://pwned.example.com/range/',
  '/range/',
  '',
])('a range service is not asked at %j', async (address) => {
  const { latchkey } = await start()
  await expect(latchkey.services.settings.change({ breach_api_url: address })).rejects.toMatchObject({
    errors: { breach_api_url: [expect.stringContaining('https://api.pwnedpasswords.com/range/')] },
  })
})

test.each([
  'https://pwned.example.com/range/',
  'https://pwned.example.com:8443/',
  'http://127.0.0.1:8080/range/',
  'http://pwned.internal/range/',
])('a range service is asked at %j', async (address) => {
  const { latchkey } = await start()
  await latchkey.services.settings.change({ breach_api_url: address })
  expect(latchkey.services.settings.values.breachApiUrl).toBe(address)
})

/** The settings on a row in memory. */
async function alone(state: StoredState, log: string[] = []) {
  let now = 0
  const store = {
    read: vi.fn(async () => ({ ...state })),
    async replace(version: number, document: string) {
      if (version !== state.version) return false
      Object.assign(state, { version: version + 1, document })
      return true
    },
  }
  const settings = await openSettings({
    store,
    pinned: {},
    issuer: 'https://id.example.com',
    clock: () => now,
    logger: {
      warn: (_facts, message) => void log.push(message),
      error: (_facts, message) => void log.push(message),
    },
    events() {},
    together: { names: [], problem: () => undefined },
    actor: async () => ({ kind: 'account', name: 'ada' }),
  })
  store.read.mockClear()
  return {
    settings,
    store,
    pass(milliseconds: number) {
      now += milliseconds
    },
  }
}

test('a stored value of another version counts as unset, is told once, and goes with a reset; an unknown one stays', async () => {
  const at = { at: 1, by: 'ada' }
  const document = JSON.stringify({
    lockout_failures: { value: 'many', ...at },
    of_a_newer_version: { value: { deep: true }, ...at },
    reset_ttl: { value: 600, ...at },
  })
  const state = { version: 7, document }
  const log: string[] = []
  const { settings, pass } = await alone(state, log)
  expect(settings.values).toMatchObject({ lockoutFailures: 5, resetTtl: 600 })
  pass(1000)
  await settings.refresh()
  pass(1000)
  await settings.refresh()
  expect(log).toEqual([
    expect.stringMatching(/^the stored value of lockout_failures does not count: it must/),
  ])
  const find = async () => (await settings.list()).settings.find(({ name }) => name === 'lockout_failures')
  expect(await find()).toMatchObject({ value: 5, refused: expect.stringContaining('must be') })
  await settings.change({ lockout_failures: null })
  expect(await find()).toMatchObject({ value: 5, refused: undefined, changed: undefined })
  expect(JSON.parse(state.document)).toEqual({
    of_a_newer_version: { value: { deep: true }, ...at },
    reset_ttl: { value: 600, ...at },
  })
})

test('it is looked at once a second, however much comes; while it cannot be read, what was read counts', async () => {
  const log: string[] = []
  const { settings, store, pass } = await alone({ version: 1, document: '{}' }, log)
  for (let n = 0; n < 50; n++) await settings.refresh()
  expect(store.read).not.toHaveBeenCalled()
  pass(1000)
  await Promise.all(Array.from({ length: 50 }, () => settings.refresh()))
  expect(store.read).toHaveBeenCalledTimes(1)
  store.read.mockRejectedValue(new Error('gone'))
  for (let n = 0; n < 3; n++) {
    pass(1000)
    await settings.refresh()
    await settings.refresh()
  }
  expect(store.read).toHaveBeenCalledTimes(4)
  expect(log).toEqual([expect.stringContaining('could not be read')])
  expect(settings.values.registration).toBe('open')
})

test('a database that does not answer holds a request up for half a second, once, and no request after it', async () => {
  const { settings, store, pass } = await alone({ version: 1, document: '{}' })
  const answer = Promise.withResolvers<StoredState>()
  store.read.mockReturnValueOnce(answer.promise)
  pass(1000)
  vi.useFakeTimers()
  try {
    let waited = false
    const first = Promise.resolve(settings.refresh()).then(() => {
      waited = true
    })
    await vi.advanceTimersByTimeAsync(499)
    expect(waited).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await first
    pass(1000)
    await settings.refresh()
    expect(store.read).toHaveBeenCalledTimes(1)
  } finally {
    vi.useRealTimers()
  }
  answer.resolve({ version: 2, document: '{"registration":{"value":"closed","at":1,"by":"ada"}}' })
  await eventually(() => expect(settings.values.registration).toBe('closed'))
})

test('a look that began before a change of our own does not undo it', async () => {
  const state = { version: 1, document: '{}' }
  const { settings, store, pass } = await alone(state)
  const late = Promise.withResolvers<StoredState>()
  store.read.mockReturnValueOnce(late.promise)
  pass(1000)
  const looking = settings.refresh()
  await settings.change({ registration: 'closed' })
  late.resolve({ version: 1, document: '{}' })
  await looking
  expect(settings.values.registration).toBe('closed')
})

test('probes of health and files do not look at the settings; the first request after a second does, once', async () => {
  const { latchkey, pass } = await start()
  const { app, services } = latchkey
  const looks = vi.spyOn(services.db.reads, 'all')
  const ofSettings = () => looks.mock.calls.filter(([sql]) => sql.includes('FROM settings')).length
  pass(5000)
  await app.inject('/health/live')
  await app.inject('/health/ready')
  await app.inject('/assets/style.css')
  await app.inject('/no/such/page')
  expect(ofSettings()).toBe(0)
  for (let n = 0; n < 3; n++) await app.inject('/.well-known/openid-configuration')
  expect(ofSettings()).toBe(1)
})

test('an address that would take SMS_SECRET to another host than SMS_HOST is refused', async () => {
  const { latchkey } = await start({ env: { SMS_SECRET: 'user:password', SMS_HOST: 'sms.example' } })
  const { settings } = latchkey.services
  const url = (host: string, more = '') => `https://${host}/?to={to}&text={text}${more}`
  const refused = { errors: { sms_url: [expect.stringContaining('must lead to sms.example')] } }
  await expect(settings.change({ sms_url: url('attacker.example', '&s={secret}') })).rejects.toMatchObject(
    refused,
  )
  await settings.change({ sms_url: url('attacker.example') })
  await expect(settings.change({ sms_headers: 'X-Key: {secret}' })).rejects.toMatchObject(refused)
  await expect(settings.change({ sms_body: 'key={secret_base64}' })).rejects.toMatchObject(refused)
  await settings.change({ sms_url: url('sms.example'), sms_headers: 'X-Key: {secret}' })
  await expect(settings.change({ sms_url: url('sms.example.attacker.example') })).rejects.toMatchObject(
    refused,
  )
  await settings.change({ sms_url: url('other.example'), sms_headers: null })
})
