import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../api/support.ts'
import { approve, confirmPage, person, registerDevice } from '../device/device-client.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'
import { readMetrics } from './support.ts'

describe.each(engines)('metrics on %s', (engine) => {
  let latchkey: Latchkey
  let now = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, env: { METRICS: 'on' }, clock: () => Date.now() + now })
  })
  afterAll(() => latchkey?.stop())
  const read = () => readMetrics(latchkey.issuer)

  test('a flow counts its requests by the patterns of their routes, its sign-in and its tokens by grant', async () => {
    const before = await read()
    const user = await latchkey.createUser()
    const client = await latchkey.createClient()
    const party = await discover({
      issuer: latchkey.issuer,
      clientId: client.client_id,
      redirectUri: client.redirect_uri,
      auth: { method: 'client_secret_basic', secret: client.client_secret ?? '' },
    })
    const browser = createHttpBrowser({ stopAt: [client.redirect_uri] })
    const request = await party.authorize({ scope: 'openid offline_access' })
    const page = await browser.open(request.url)
    const consent = await browser.signIn(page, { identifier: user.email, password: PASSWORD })
    const tokens = await party.callback((await browser.allow(consent)).url, request)
    await party.refresh(tokens.refresh_token ?? '')

    const after = await read()
    const more = (name: string, labels: Record<string, string> = {}) =>
      after.sum(name, labels) - before.sum(name, labels)
    expect(more('latchkey_http_requests_total', { route: '/token', method: 'POST', status: '200' })).toBe(2)
    expect(more('latchkey_http_request_duration_seconds_count', { route: '/token', method: 'POST' })).toBe(2)
    expect(more('latchkey_http_request_duration_seconds_sum', { route: '/token' })).toBeGreaterThan(0)
    expect(
      more('latchkey_http_requests_total', { route: '/interaction/:uid', status: '200' }),
    ).toBeGreaterThan(0)
    expect(more('latchkey_tokens_issued_total', { grant: 'authorization_code' })).toBe(1)
    expect(more('latchkey_tokens_issued_total', { grant: 'refresh_token' })).toBe(1)
    expect(more('latchkey_sign_ins_total', { way: 'password' })).toBe(1)
    expect(more('latchkey_events_total', { event: 'account.signed_in' })).toBe(1)
    expect(more('latchkey_events_total', { event: 'consent.allowed' })).toBe(1)
    expect(more('latchkey_hash_wait_seconds_count')).toBeGreaterThan(0)
  })

  test('a device counts its code, the decision and its tokens; that it waits is no refusal', async () => {
    const device = await registerDevice(latchkey)
    const who = await person(latchkey)
    const before = await read()
    const asked = await device.ask()
    const denied = await device.ask()
    await confirmPage(latchkey, who, 'BBBB-BBBB')
    for (let poll = 0; poll < 3; poll++) await device.poll(asked.device_code)
    await approve(latchkey, who, asked.user_code)
    await device.poll(asked.device_code)
    await who.browser.deny(await confirmPage(latchkey, who, denied.user_code))
    for (let poll = 0; poll < 3; poll++) await device.poll(denied.device_code)

    const after = await read()
    const more = (name: string, labels: Record<string, string>) =>
      after.sum(name, labels) - before.sum(name, labels)
    const requests = (route: string, status: string) =>
      more('latchkey_http_requests_total', { route, method: 'POST', status })
    expect(requests('/device_authorization', '200')).toBe(2)
    expect(requests('/token', '400')).toBe(6)
    expect(more('latchkey_tokens_issued_total', { grant: 'device_code' })).toBe(1)
    for (const event of ['device.approved', 'device.denied', 'device.code_unknown'])
      expect([event, more('latchkey_events_total', { event })]).toEqual([event, 1])
    expect(more('latchkey_refusals_total', { endpoint: 'token' })).toBe(1)
    expect(more('latchkey_refusals_total', { endpoint: 'token', error: 'access_denied' })).toBe(1)
  })

  test('what is refused is counted by its reason', async () => {
    const before = await read()
    const { email } = await latchkey.createUser()
    const api = createApi(latchkey.issuer)
    await api.login(email, 'wrong')
    await api.login('nobody@example.com', 'wrong')
    await api.login(email)
    await fetch(`${latchkey.issuer}/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: 'nobody',
        client_secret: 'x',
      }),
    })
    const after = await read()
    const more = (name: string, labels: Record<string, string> = {}) =>
      after.sum(name, labels) - before.sum(name, labels)
    expect(more('latchkey_sign_in_failures_total', { reason: 'wrong' })).toBe(1)
    expect(more('latchkey_sign_in_failures_total', { reason: 'unknown_account' })).toBe(1)
    expect(more('latchkey_tokens_issued_total', { grant: 'first_party_api' })).toBe(1)
    expect(more('latchkey_refusals_total', { endpoint: 'token', error: 'invalid_client' })).toBe(1)
    expect(more('latchkey_http_requests_total', { route: '/api/auth/login', status: '401' })).toBe(2)
  })

  test('queues, pool, chores, keys, mail and process are there to be read', async () => {
    const { email } = await latchkey.createUser()
    await createApi(latchkey.issuer).post('/forgot-password', { email })
    await latchkey.services.mailer.idle()
    now = 7_200_000
    const { sum, series } = await read()
    expect(sum('latchkey_info', { database: engine, node: process.version })).toBe(1)
    expect(sum('latchkey_database_up')).toBe(1)
    const states = (name: string) =>
      series.filter((each) => each.name === name).map(({ labels }) => labels.state)
    expect(states('latchkey_hashes')).toEqual(['running', 'waiting'])
    expect(states('latchkey_mail_queue')).toEqual(['running', 'waiting'])
    expect(sum('latchkey_mails_total', { result: 'sent' })).toBe(1)
    expect(states('latchkey_database_pool')).toEqual(engine === 'sqlite' ? [] : ['busy', 'idle', 'waiting'])
    if (engine === 'postgresql') {
      expect(sum('latchkey_database_pool', { state: 'idle' })).toBeGreaterThan(0)
      expect(sum('latchkey_database_wait_seconds_count')).toBeGreaterThan(0)
    }
    expect(sum('latchkey_chore_interval_seconds', { chore: 'key rotation' })).toBe(3600)
    expect(sum('latchkey_chore_age_seconds', { chore: 'key rotation' })).toBeGreaterThan(7190)
    const keys = series.filter(({ name }) => name === 'latchkey_signing_key_age_seconds')
    expect(keys.map(({ labels }) => `${labels.alg} ${labels.state}`).sort()).toEqual([
      'ES256 signing',
      'EdDSA signing',
      'PS256 signing',
      'RS256 signing',
    ])
    expect(keys.every(({ value }) => value > 7190)).toBe(true)
    expect(sum('nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0)
    expect(sum('process_resident_memory_bytes')).toBeGreaterThan(1e7)
    expect(sum('process_cpu_seconds_total')).toBeGreaterThan(0)
    now = 0
  })

  test('odd requests make no new series, and nothing that they hold is in one', async () => {
    const mark = 'zebra'
    const odd = async (round: number) => {
      const one = `${mark}${round}`
      const form = (fields: Record<string, string>) => ({ method: 'POST', body: new URLSearchParams(fields) })
      const api = createApi(latchkey.issuer)
      await Promise.all([
        fetch(`${latchkey.issuer}/${one}`),
        fetch(`${latchkey.issuer}/${one}/%00/%7Bx%7D"\\n`),
        fetch(`${latchkey.issuer}/assets/${one}.css`),
        fetch(`${latchkey.issuer}/interaction/${one}`, { redirect: 'manual' }),
        fetch(`${latchkey.issuer}/api/auth/oauth/${one}`, { redirect: 'manual' }),
        fetch(`${latchkey.issuer}/login?${one}=1`, { redirect: 'manual', headers: { 'user-agent': one } }),
        fetch(`${latchkey.issuer}/${one}`, { method: ['PROPFIND', 'REPORT', 'PURGE'][round % 3] ?? 'PURGE' }),
        fetch(`${latchkey.issuer}/token`, form({ grant_type: one, client_id: one, client_secret: one })),
        fetch(`${latchkey.issuer}/auth?${new URLSearchParams({ client_id: one, scope: one })}`),
        api.login(`${one}@example.com`, one),
        api.post('/login', { [one]: one }),
      ])
    }
    for (let round = 0; round < 3; round++) await odd(round)
    const names = ({ series }: Awaited<ReturnType<typeof read>>) =>
      series
        .filter(({ name }) => name.startsWith('latchkey_'))
        .map(({ name, labels }) => name + JSON.stringify(labels))
    await read()
    const before = names(await read())
    for (let round = 3; round < 15; round++) await odd(round)
    const after = names(await read())
    expect(after.filter((each) => !before.includes(each))).toEqual([])
    expect(after.join('\n')).not.toContain(mark)
    expect(after.join('\n')).not.toMatch(/@example\.com|lk_|127\.0\.0\.1/)
  })
})
