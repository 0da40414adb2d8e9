import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser, type HttpBrowser } from '../../support/flow.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { person } from './person.ts'

const STRENGTH = /data-strength="([^"]+)"/
const TOKEN = /name="csrf_token" value="([^"]+)"/

describe.each(engines)('a password that is being typed, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  /** What the script of a page sends. */
  async function pageOf(path: string, browser: HttpBrowser = createHttpBrowser(), { issuer } = latchkey) {
    const { body } = await browser.open(`${issuer}${path}`)
    const said = {
      of: STRENGTH.exec(body)?.[1] ?? '',
      csrf_token: TOKEN.exec(body)?.[1] ?? '',
    }
    const ask = async (fields: Record<string, string>, headers: Record<string, string> = {}) => {
      const answer = await browser.send({
        url: new URL('/password-strength', issuer),
        method: 'POST',
        headers: { accept: 'text/html', ...headers },
        body: new URLSearchParams({ ...said, ...fields }),
      })
      return {
        status: answer.status,
        kept: answer.headers.get('cache-control'),
        ...(answer.status === 200 ? ((await answer.json()) as { level: number; words: string }) : {}),
      }
    }
    return { ask, said, body }
  }

  test('is judged by the rules of the moment it is stored, with what the page says beside it', async () => {
    const { ask } = await pageOf('/register')
    expect(await ask({ password: 'short' })).toEqual({
      ...{ status: 200, kept: 'no-store', level: 1 },
      words: expect.stringMatching(/^This password has 5 of at least 15 characters/),
    })
    expect(
      await ask({ password: 'margaret hamilton', username: 'margaret', family_name: 'Hamilton' }),
    ).toMatchObject({
      words: expect.stringMatching(/^This password is made of your name/),
    })
    const other = { username: 'someone', family_name: 'Nobody', email: 'x@example.org' }
    expect(await ask({ password: 'glass otter harbour violin', ...other })).toMatchObject({
      level: 4,
      words: 'This is a strong password.',
    })
    expect(await ask({ password: 'x'.repeat(1000) })).toMatchObject({ level: 1 })
    expect(await ask({ password: '' })).toMatchObject({ status: 204 })
  })

  test('of a person who is signed in is judged by what is known of them', async () => {
    const ada = await person(latchkey, 'kittiwake')
    const { ask } = await pageOf('/account/security', ada.browser)
    expect(await ask({ password: 'kittiwake kittiwake' })).toMatchObject({ level: 1 })
    // What the page says beside it is not asked: the account is.
    expect(await ask({ password: 'kittiwake-2026-kittiwake', username: 'other' })).toMatchObject({
      words: expect.stringMatching(/your name/),
    })
  })

  test('is answered in the language of the page', async () => {
    const german = await pageOf('/register', createHttpBrowser({ headers: { 'accept-language': 'de' } }))
    const { words } = await german.ask({ password: 'glass otter harbour violin' })
    expect(words).toBe('Das ist ein starkes Passwort.')
  })

  test('is taken from our own pages alone, sealed ones', async () => {
    const { ask, said } = await pageOf('/register')
    expect((await ask({ password: 'x', csrf_token: 'forged' })).status).toBe(403)
    expect((await ask({ password: 'x' }, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await ask({ password: 'x' }, { 'content-type': 'application/json' })).status).toBe(415)
    expect(
      (await ask({ password: 'x', of: `${said.of.slice(0, -2)}${said.of.endsWith('AA') ? 'BB' : 'AA'}` }))
        .status,
    ).toBe(204)
    expect((await ask({ password: 'x', of: 'x'.repeat(5000) })).status).toBe(204)
    expect((await ask({ password: 'x'.repeat(20_000) })).status).toBe(413)
  })

  test('stands in no log, and makes nothing', async () => {
    const last = async () => (await latchkey.services.audit.list({}, { limit: 1 })).items
    const before = await last()
    const { ask } = await pageOf('/register')
    await ask({ password: 'cormorant-9-lantern', email: 'secretly@example.com' })
    expect(latchkey.log.filter((line) => line.includes('/password-strength')).length).toBeGreaterThan(0)
    expect(latchkey.log.join('')).not.toMatch(/cormorant|secretly/)
    expect(await last()).toEqual(before)
  })

  test('is judged beside three others, and by nobody beyond that: the page goes on without', async () => {
    const { ask } = await pageOf('/register')
    const { accounts } = latchkey.services
    const { ratePassword } = accounts
    const begun = Promise.withResolvers<void>()
    const held = Promise.withResolvers<void>()
    let judged = 0
    accounts.ratePassword = async (...given) => {
      if (++judged === 4) begun.resolve()
      await held.promise
      return ratePassword(...given)
    }
    try {
      const asked = Array.from({ length: 4 }, () => ask({ password: 'short' }))
      await begun.promise
      const beyond = await Promise.all([ask({ password: 'short' }), ask({ password: 'short' })])
      held.resolve()
      expect(beyond.map(({ status }) => status)).toEqual([204, 204])
      expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    } finally {
      held.resolve()
      accounts.ratePassword = ratePassword
    }
    expect(await ask({ password: 'short' })).toMatchObject({ status: 200 })
  })

  test('is judged so many times a minute', async () => {
    const limited = await startLatchkey({
      engine,
      env: { RATE_LIMIT: 'on', RATE_LIMIT_PASSWORD_STRENGTH: '3' },
    })
    try {
      const { ask } = await pageOf('/register', createHttpBrowser(), limited)
      const statuses = []
      for (let tries = 0; tries < 4; tries++) statuses.push((await ask({ password: 'short' })).status)
      expect(statuses).toEqual([200, 200, 200, 429])
    } finally {
      await limited.stop()
    }
  })
})
