import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { minuteOf } from '../../../src/shared/moment.ts'
import { bearer, createApi } from '../../api/support.ts'
import { createSecurityFixture, type SecurityFixture } from '../../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { settled } from '../../support/settled.ts'
import { statementsOf } from '../../support/statements.ts'
import { person, signInAs } from './person.ts'

const MINUTE = 60_000
const API = 'https://books.example'

describe.each(engines)('when something was last used, on %s', (engine) => {
  // The library has no clock of ours, so it is the time of the process that moves on.
  const clock = { now: () => Date.now(), later: (ms: number) => void vi.setSystemTime(Date.now() + ms) }
  let latchkey: Latchkey
  let fixture: SecurityFixture
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now, background: false })
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({
      identifier: API,
      name: 'Books of the harbour',
      scope: 'books:read',
    })
  })
  afterAll(async () => {
    vi.useRealTimers()
    await latchkey?.stop()
  })

  const at = (path: string) => `${latchkey.issuer}${path}`
  const rowsOf = (accountId: string) =>
    latchkey.services.db.prisma.lastUse.findMany({ where: { accountId }, orderBy: { kind: 'asc' } })
  const flushed = async (accountId: string) => {
    await latchkey.services.lastUses.flush()
    return rowsOf(accountId)
  }
  /** The devices of a person that are not the browser that asks, as their page says it. */
  async function othersOf(username: string) {
    const browser = await signInAs(latchkey, username)
    return (await browser.open(at('/account/sessions'))).text
  }

  test('old uses are forgotten in batches', async () => {
    const { db, lastUses } = latchkey.services
    const { id: accountId } = await latchkey.createUser()
    const use = (index: number, year: number) => ({
      accountId,
      kind: 'session',
      subject: `${year}-${index}`,
      lastUsedAt: new Date(Date.UTC(year)),
    })
    await db.prisma.lastUse.createMany({
      data: [...Array.from({ length: 501 }, (_, index) => use(index, 2001)), use(0, 2999)],
    })
    expect([await lastUses.forget(), await lastUses.forget(), await lastUses.forget()]).toEqual([500, 1, 0])
    expect((await rowsOf(accountId)).map(({ subject }) => subject)).toEqual(['2999-0'])
  })

  test('a browser’s session: each ten minutes at most, and nothing in the first ten', async () => {
    const who = await person(latchkey)
    expect(await flushed(who.id)).toEqual([])
    clock.later(25 * MINUTE)
    const used = clock.now()
    await who.browser.open(at('/account'))
    const [row] = await flushed(who.id)
    expect(row).toMatchObject({ kind: 'session', address: expect.stringMatching(/127\.0\.0\.1|::1/) })
    expect(row?.lastUsedAt.getTime()).toBeGreaterThanOrEqual(used)
    expect(await othersOf(who.username)).toContain(`Last active ${minuteOf(row?.lastUsedAt.getTime() ?? 0)}`)
    clock.later(9 * MINUTE)
    await who.browser.open(at('/account'))
    expect((await flushed(who.id))[0]?.lastUsedAt).toEqual(row?.lastUsedAt)
    clock.later(2 * MINUTE)
    await who.browser.open(at('/account/data'))
    expect((await flushed(who.id))[0]?.lastUsedAt.getTime()).toBeGreaterThan(used + 10 * MINUTE)
  })

  test('a browser’s session that signs in to an app, too', async () => {
    const victim = await fixture.victim()
    const client = await fixture.client({ first_party: true })
    clock.later(30 * MINUTE)
    await fixture.tokens(victim, client)
    expect(await flushed(victim.user.id)).toMatchObject([{ kind: 'session' }])
  })

  test('a sign-in by the JSON API', async () => {
    const who = await person(latchkey)
    const api = createApi(latchkey.issuer)
    const { access_token } = (await api.login(who.username)).json
    await api.me(bearer(access_token))
    expect((await flushed(who.id)).filter(({ kind }) => kind === 'api')).toEqual([])
    clock.later(20 * MINUTE)
    const used = clock.now()
    expect((await api.me(bearer(access_token))).status).toBe(200)
    const text = await othersOf(who.username)
    expect(text).toMatch(new RegExp(`API sign-in ?Last active ${minuteOf(used)} from`))
  })

  test('many are written by one statement, and none of an account that is gone', async () => {
    const { lastUses } = latchkey.services
    const people = [await person(latchkey), await person(latchkey), await person(latchkey)]
    await settled(latchkey)
    for (const { id } of [...people, { id: 'nobody' }])
      lastUses.note({ accountId: id, kind: 'app', subject: 'an app' })
    expect(await statementsOf(() => lastUses.flush())).toHaveLength(1)
    for (const { id } of people)
      expect(await rowsOf(id)).toMatchObject([{ subject: 'an app', address: null }])
    expect(await rowsOf('nobody')).toEqual([])
  })

  test('they end with the account, and when they are old', async () => {
    const [one, other] = [await person(latchkey), await person(latchkey)]
    const { lastUses, accounts } = latchkey.services
    for (const { id } of [one, other])
      for (const kind of ['session', 'app'] as const) lastUses.note({ accountId: id, kind, subject: 'x' })
    await accounts.delete(one.id)
    expect(await flushed(one.id)).toEqual([])
    const DAY = 24 * 60 * MINUTE
    const kinds = async () => (await flushed(other.id)).map(({ kind }) => kind)
    const { prisma } = latchkey.services.db
    const of = (days: number) => new Date(clock.now() - days * DAY)
    await lastUses.forget()
    expect(await kinds()).toEqual(['app', 'session'])
    await prisma.lastUse.updateMany({ where: { accountId: other.id }, data: { lastUsedAt: of(91) } })
    expect(await lastUses.forget()).toBeGreaterThan(0)
    expect(await kinds()).toEqual(['app'])
    await prisma.lastUse.updateMany({ where: { accountId: other.id }, data: { lastUsedAt: of(401) } })
    await lastUses.forget()
    expect(await kinds()).toEqual([])
  })

  test('an app: last use, how long it has access, and scopes of an API with its name', async () => {
    const victim = await fixture.victim()
    const client = await fixture.client({
      first_party: false,
      client_name: 'Reading list',
      scope: 'openid email books:read',
    })
    const asks = { scope: 'openid email books:read', resource: API }
    await victim.browser.allow(await victim.browser.open(fixture.authorizeUrl(client, asks)))
    const page = async () => (await victim.browser.open(at('/account/apps'))).text
    expect(await page()).toContain('No access at the moment.')
    const used = clock.now()
    await fixture.tokens(victim, client, asks)
    const text = await page()
    expect(text).toContain(`Last used on ${minuteOf(used)}`)
    expect(text).toContain('Use Books of the harbour for what it calls “books:read”')
    const until = /Has access until (\d+ \w+ \d{4}, \d\d:\d\d UTC)/.exec(text)?.[1] ?? ''
    const [token] = await latchkey.services.artifacts.listByAccount('RefreshToken', victim.user.id)
    expect(until).toBe(minuteOf((token?.expiresAt ?? 0) * 1000))
    expect(token?.expiresAt).toBeGreaterThan(used / 1000 + 86_400)
    await latchkey.services.resources.remove(API)
    expect(await page()).toContain(`Use ${API} for what it calls “books:read”`)
  })
})
