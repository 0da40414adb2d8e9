import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import { startServer } from '../operations/server-process.ts'
import { post, raw } from '../security/attacker.ts'
import { createProver, prove } from '../security/proofs.ts'
import { artifactsOf } from '../support/artifacts.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  approve,
  confirmPage,
  type Device,
  deviceOf,
  type Person,
  person,
  registerDevice,
} from './device-client.ts'

/** This process, and a second one on the same database. */
describe.each(engines)('the device flow under attack, two processes on one %s database', (engine) => {
  let latchkey: Latchkey
  let second: { issuer: string; log: string[] }
  let stopSecond: () => Promise<unknown>
  let device: Device
  let there: Device
  let people: [Person, Person]

  beforeAll(async () => {
    const env = { SECRET_KEY: 'a'.repeat(48) }
    latchkey = await startLatchkey({ engine, env })
    const { DATABASE_URL, ISSUER, DATA_DIR } = latchkey.env
    const own = mkdtempSync(join(tmpdir(), 'latchkey-second-'))
    const server = await startServer({
      ...env,
      ISSUER: String(ISSUER),
      ...(engine === 'sqlite'
        ? { DATA_DIR: String(DATA_DIR) }
        : { DATABASE_URL: String(DATABASE_URL), DATA_DIR: own }),
    })
    second = { issuer: server.address.replace('127.0.0.1', 'localhost'), log: server.stdout }
    stopSecond = async () => {
      await server.stop()
      rmSync(own, { recursive: true })
    }
    device = await registerDevice(latchkey)
    there = deviceOf(second.issuer, device.clientId, device.secret, device.config)
    people = [await person(latchkey), await person(latchkey)]
  })
  afterAll(async () => {
    await stopSecond()
    await latchkey.stop()
  })

  const decisions = async (clientId: string) => {
    await latchkey.services.audit.idle()
    const { items } = await latchkey.services.audit.list({ target: clientId }, { limit: 100 })
    return items.filter(({ action }) => /^device\.(approved|denied)$/.test(action))
  }

  test('fifty decisions of two people at once, half of them “Deny”: one counts, and everybody is told the truth', async () => {
    const tv = await registerDevice(latchkey)
    const asked = await tv.ask()
    const requests = []
    for (let n = 0; n < 50; n++) {
      const who = people[n % 2] as Person
      const page = await confirmPage(latchkey, who, asked.user_code)
      const button = n % 4 < 2 ? 'Allow' : 'Deny'
      const request = who.browser.prepare(page, {}, { button })
      const url = new URL(request.url)
      if (n % 3 === 0) url.host = new URL(second.issuer).host
      requests.push({ who, button, request: { ...request, url } })
    }
    const pages = await Promise.all(requests.map(({ who, request }) => who.browser.visit(request)))
    const outcome = (text: string) =>
      text.includes('Go back to your device') ? 'Allow' : text.includes('was refused') ? 'Deny' : undefined
    const won = pages.flatMap(({ text }, n) => (outcome(text) === undefined ? [] : [n]))
    expect(won).toHaveLength(1)
    const first = requests[won[0] ?? 0]
    expect(outcome(pages[won[0] ?? 0]?.text ?? '')).toBe(first?.button)
    for (const [n, { status, text }] of pages.entries()) {
      expect(status).toBeLessThan(500)
      if (n === won[0]) continue
      // The person who decided is told so in their other tabs, and no other.
      const told = `you ${first?.button === 'Allow' ? 'allowed' : 'refused'} Living room TV`
      if (requests[n]?.who === first?.who) expect(text).toContain(told)
      else expect(text).toContain('used already')
    }
    expect((await decisions(tv.clientId)).map(({ actor }) => actor.id)).toEqual([first?.who.user.id])
    const answer = await tv.poll(asked.device_code)
    if (first?.button === 'Allow') expect(answer.status).toBe(200)
    else expect(answer.json.error).toBe('access_denied')
  })

  test('forty redemptions at once at both processes: tokens once, and no second refresh token in the database', async () => {
    const tv = await registerDevice(latchkey)
    const twin = deviceOf(second.issuer, tv.clientId, tv.secret, tv.config)
    const asked = await tv.ask()
    await approve(latchkey, people[0], asked.user_code)
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => (n % 2 === 0 ? tv : twin).poll(asked.device_code)),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    for (const { status, json } of answers) if (status !== 200) expect(json.error).toBe('invalid_grant')
    const kept = await artifactsOf(latchkey, tv.clientId)
    expect(kept.RefreshToken).toBe(1)
    expect(kept.AccessToken).toBe(1)
  })

  test('a code that was allowed at one process is redeemed at the other, and refused there to another client', async () => {
    const thief = await registerDevice(latchkey, { client_name: 'Thief' })
    const asked = await device.ask()
    expect((await thief.poll(asked.device_code)).json.error).toBe('invalid_grant')
    await approve(latchkey, people[0], asked.user_code)
    const stolen = deviceOf(second.issuer, thief.clientId, thief.secret, thief.config)
    for (const by of [thief, stolen])
      expect((await by.poll(asked.device_code)).json.error).toBe('invalid_grant')
    // A thief who tries spoils nothing.
    expect((await there.poll(asked.device_code)).status).toBe(200)
  })

  test('DPoP: the refresh token of a public device is bound to its key, and a proof is good once', async () => {
    const bound = await registerDevice(latchkey, { dpop_bound_access_tokens: true })
    const asked = await bound.ask()
    await approve(latchkey, people[0], asked.user_code)
    const [own, other] = [await createProver(), await createProver()]
    let nonce: string | undefined
    const send = async (prover: typeof own, body: Record<string, string>, dpop?: string) => {
      for (;;) {
        const proof = dpop ?? (await prove(prover, 'POST', `${latchkey.issuer}/token`, { claims: { nonce } }))
        const answer = await post(
          `${latchkey.issuer}/token`,
          { client_id: bound.clientId, ...body },
          { dpop: proof },
        )
        const asks = answer.json.error === 'use_dpop_nonce' && nonce === undefined
        nonce = answer.headers.get('dpop-nonce') ?? nonce
        if (!asks || dpop !== undefined) return { ...answer, proof }
      }
    }
    const redeem = { grant_type: DEVICE_CODE_GRANT, device_code: asked.device_code }
    const got = await send(own, redeem)
    expect(got.json.token_type).toBe('DPoP')
    const refresh = { grant_type: 'refresh_token', refresh_token: String(got.json.refresh_token) }
    expect((await send(other, refresh)).status).toBe(400)
    expect((await send(own, refresh, got.proof)).status).toBe(400)
    expect((await send(own, refresh)).status).toBe(200)
  })

  test('nothing of a code is in clear: in no table, and in no log of either process', async () => {
    const codes: string[] = []
    for (const decide of ['allow', 'deny', 'leave'] as const) {
      const asked = await device.ask()
      codes.push(asked.device_code, asked.user_code, asked.user_code.replace('-', ''))
      const stranger = createHttpBrowser()
      // By the link, with a wrong client, with what is too early: all that is logged or kept.
      await stranger.open(asked.verification_uri_complete)
      await stranger.open(asked.verification_uri_complete.replace(latchkey.issuer, second.issuer))
      await stranger.open(`${latchkey.issuer}/device?user_code=${asked.user_code.toLowerCase()}&problem=x`)
      await device.poll(asked.device_code)
      await there.poll(asked.device_code)
      await post(`${latchkey.issuer}/token`, {
        grant_type: DEVICE_CODE_GRANT,
        device_code: asked.device_code,
        client_id: 'lk_none',
      })
      const page = await confirmPage(latchkey, people[0], asked.user_code)
      if (decide === 'leave') continue
      await people[0].browser[decide](page)
      for (let n = 0; n < 2; n++) await device.poll(asked.device_code)
      await confirmPage(latchkey, people[0], asked.user_code)
    }
    await latchkey.services.audit.idle()
    const { reads } = latchkey.services.db
    const tables = await reads.all<{ name: string }>(
      engine === 'sqlite'
        ? "SELECT name FROM sqlite_master WHERE type = 'table'"
        : "SELECT table_name AS name FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema')",
    )
    expect(tables.length).toBeGreaterThan(8)
    const { artifacts } = latchkey.services.db
    const all = new Set([...tables.map(({ name }) => name), 'artifacts'])
    const rows = []
    for (const name of all)
      rows.push(await (name === 'artifacts' ? artifacts : reads).all(`SELECT * FROM "${name}"`))
    const kept = JSON.stringify(rows)
    expect(kept).toContain('DeviceCode')
    const log = [...latchkey.log, ...second.log].join('\n')
    for (const each of [latchkey.log, second.log]) expect(each.join('\n')).toContain('/device')
    for (const code of codes) {
      expect(kept).not.toContain(code)
      expect(log.toUpperCase()).not.toContain(code.toUpperCase())
    }
  })

  test('no field of any request breaks it: huge, broken, doubled, of another type', async () => {
    const values = [
      '',
      ' ',
      '\0',
      '\u{1f600}'.repeat(300),
      'x'.repeat(15_000),
      '__proto__',
      '%',
      '[]',
      '{"a":1}',
      "' OR 1=1 --",
      '\ud800',
    ]
    const at = latchkey.issuer
    const fields: [string, Record<string, string>, string[]][] = [
      [
        '/device_authorization',
        { client_id: device.clientId, scope: 'openid' },
        [
          'client_id',
          'scope',
          'resource',
          'audience',
          'claims',
          'prompt',
          'nonce',
          'max_age',
          'acr_values',
          'login_hint',
          'id_token_hint',
          'request',
          'request_uri',
          'code_challenge',
          'user_code',
          'ui_locales',
        ],
      ],
      [
        '/token',
        { client_id: device.clientId, grant_type: DEVICE_CODE_GRANT, device_code: 'x' },
        ['client_id', 'grant_type', 'device_code', 'resource', 'audience', 'scope', 'client_secret'],
      ],
    ]
    for (const [path, parameters, names] of fields)
      for (const name of names) {
        for (const value of values) {
          const { status, text } = await post(`${at}${path}`, { ...parameters, [name]: value })
          expect([status < 500, path, name, value.slice(0, 20), text.slice(0, 100)]).toContain(true)
        }
        const doubled = `${new URLSearchParams(parameters)}&${name}=a&${name}=b&${name}[]=c&${name}[x]=d`
        expect((await post(`${at}${path}`, doubled)).status).toBeLessThan(500)
        const bytes = `${new URLSearchParams({ ...parameters, [name]: '' })}%ff%fe`
        expect((await post(`${at}${path}`, bytes)).status).toBeLessThan(500)
      }
    for (const agent of ['x'.repeat(7000), '<script>alert(1)</script>', '\u00ff\u00fe', '"; DROP TABLE']) {
      const answer = await raw(`${at}/device_authorization`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': agent },
        body: String(new URLSearchParams({ client_id: device.clientId, scope: 'openid' })),
      })
      expect(answer.status).toBe(200)
      const { user_code } = JSON.parse(answer.text) as { user_code: string }
      const page = await confirmPage(latchkey, people[0], user_code)
      expect([page.status, page.text.includes('Sign in on the other device?')]).toEqual([200, true])
      expect(page.body).not.toContain('<script>alert')
    }
    for (const value of values) {
      const query = new URLSearchParams({ user_code: value, problem: value, of: value })
      for (const path of ['/device', '/device/done'])
        expect((await createHttpBrowser().open(`${at}${path}?${query}`)).status).toBeLessThan(500)
      const page = await createHttpBrowser().open(`${at}/device`)
      const browser = people[1].browser
      const form = await browser.open(page.url)
      expect((await browser.submit(form, { Code: value }, { button: 'Continue' })).status).toBeLessThan(500)
    }
  })
})

describe('guesses at user codes', () => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({
      env: { RATE_LIMIT: 'on', RATE_LIMIT_DEVICE_CODE: '12', RATE_LIMIT_DEVICE_CODE_PER_ACCOUNT: '4' },
    })
  })
  afterAll(() => latchkey.stop())

  test('many sessions at one address share its limit; forged addresses give no new one; all is in the audit log', async () => {
    const guess = async (who: Pick<Person, 'browser'>, code: string, address: string) => {
      const form = await who.browser.open(`${latchkey.issuer}/device`)
      const request = who.browser.prepare(form, { Code: code }, { button: 'Continue' })
      const headers = { ...request.headers, 'x-forwarded-for': address, forwarded: `for=${address}` }
      return (await who.browser.visit({ ...request, headers })).status
    }
    const statuses: number[] = []
    // Nobody may lock out who is known here: they count by their account, and no further.
    const known = await person(latchkey)
    for (let n = 0; n < 6; n++) {
      const who = { browser: createHttpBrowser() }
      for (let wrong = 0; wrong < 3; wrong++)
        statuses.push(await guess(who, `BBBB-BBB${'BCD'[wrong]}`, `198.51.100.${n * 3 + wrong}`))
    }
    expect(statuses.slice(0, 12)).toEqual(Array(12).fill(422))
    expect(statuses.slice(12)).toEqual(Array(6).fill(429))
    const byAccount: number[] = []
    for (let n = 0; n < 6; n++) byAccount.push(await guess(known, 'BBBB-BBBF', `198.51.100.${100 + n}`))
    expect(byAccount).toEqual([422, 422, 422, 422, 429, 429])
    await latchkey.services.audit.idle()
    const { items } = await latchkey.services.audit.list({ action: 'device.code_unknown' }, { limit: 100 })
    expect(items).toHaveLength(16)
  })

  test('thirty at once: no more of them are tried than one after the other', async () => {
    const fresh = await startLatchkey({ env: { RATE_LIMIT: 'on', RATE_LIMIT_DEVICE_CODE: '12' } })
    const guesses = await Promise.all(
      Array.from({ length: 30 }, async () => {
        const browser = createHttpBrowser()
        const form = await browser.open(`${fresh.issuer}/device`)
        return () => browser.submit(form, { Code: 'BBBB-BBBB' }, { button: 'Continue' })
      }),
    )
    const statuses = (await Promise.all(guesses.map((send) => send()))).map(({ status }) => status)
    expect(statuses.filter((status) => status === 422)).toHaveLength(12)
    expect(statuses.filter((status) => status === 429)).toHaveLength(18)
    await fresh.services.audit.idle()
    const { items } = await fresh.services.audit.list({ action: 'device.code_unknown' }, { limit: 100 })
    expect(items).toHaveLength(12)
    await fresh.stop()
  })
})
