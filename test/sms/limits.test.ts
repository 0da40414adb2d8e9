import { createSecretKey, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createSms, type Sms, type SmsEvent, type SmsSettings } from '../../src/sms/sms.ts'
import { createSmsCountStore } from '../../src/sms/store.ts'
import type { Database } from '../../src/storage/database.ts'
import { openDatabase } from '../../src/storage/open.ts'
import { migratedDatabase } from '../support/template.ts'

type Numbers = { -readonly [Name in keyof SmsSettings]: SmsSettings[Name] }
const MANY = 1000
const HOUR = 3_600_000

describe.each(['sqlite', 'postgresql'] as const)('toll fraud on %s', (engine) => {
  let db: Database
  let folder: string
  let sms: Sms
  let settings: Numbers
  let events: SmsEvent[]
  let sent: string[]
  let works = true
  let now = Date.UTC(2026, 10, 30, 12)
  const clock = () => now
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-sms-'))
    const databaseUrl = await migratedDatabase(engine, folder)
    db = await openDatabase({ databaseUrl, dataDir: folder, clock })
  })
  afterAll(async () => {
    await db.close()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(() => {
    now += 25 * HOUR
    works = true
    ;[events, sent] = [[], []]
    settings = {
      smsPrefixes: [],
      ...{
        smsPerAccount: MANY,
        smsPerAddress: MANY,
        smsPerNumber: MANY,
        smsPerPrefix: MANY,
        smsPerDay: MANY,
      },
    }
    sms = createSms({
      gateway: {
        on: true,
        async send({ to }) {
          sent.push(to)
          return works ? { kind: 'sent' } : { kind: 'failed', reason: 'status 500' }
        },
      },
      counts: createSmsCountStore(db),
      settings,
      clock,
      key: createSecretKey(randomBytes(32)),
      events: (event) => events.push(event),
    })
  })

  /** Of many at once, how many were sent. All are different in everything that is not said. */
  async function send(
    count: number,
    same: { account?: string; address?: string; number?: string; country?: string },
  ) {
    const outcomes = await Promise.all(
      Array.from({ length: count }, (_, n) =>
        sms.send({
          to: {
            accountId: same.account ?? `account${n}`,
            username: 'ada',
            number:
              same.number ?? `${same.country ?? ['+49151', '+44791'][n % 2]}${12_345_678 + n}`.slice(0, 13),
          },
          address: same.address ?? `10.0.${n}.1`,
          ...{ text: '123456 is your code', code: '123456' },
          keep: async () => true,
        }),
      ),
    )
    return outcomes.filter(({ kind }) => kind === 'sent').length
  }

  test.each([
    ['account', { smsPerAccount: 3 }, { account: 'one' }, HOUR],
    ['address', { smsPerAddress: 3 }, { address: '192.0.2.7' }, HOUR],
    ['number', { smsPerNumber: 3 }, { number: '+4915112345678' }, HOUR],
    ['prefix', { smsPerPrefix: 3 }, { country: '+49151' }, HOUR],
    ['day', { smsPerDay: 3 }, {}, 24 * HOUR],
  ] as const)(
    'of 30 messages at once no more are sent than the limit by %s',
    async (limit, numbers, same, window) => {
      Object.assign(settings, numbers)
      expect(await send(30, same)).toBe(3)
      expect(sent).toHaveLength(3)
      const withheld = events.filter(({ type }) => type === 'factor.sms_withheld')
      expect(withheld).toHaveLength(27)
      expect(new Set(withheld.map(({ reason }) => reason))).toEqual(new Set([`limit_${limit}`]))
      now += window - 1
      expect(await send(1, same)).toBe(0)
      now += 1
      expect(await send(1, same)).toBe(1)
    },
  )

  test('a beginning within another one takes from both, and the other one is not used up by it alone', async () => {
    Object.assign(settings, { smsPrefixes: ['+49151', '+49', '+49160'], smsPerPrefix: 3 })
    expect(await send(2, { country: '+49151' })).toBe(2)
    expect(await send(2, { country: '+49160' })).toBe(1)
    expect(await send(1, { country: '+49151' })).toBe(0)
    expect(await send(1, { country: '+49171' })).toBe(0)
  })

  test('an IPv6 household is one address', async () => {
    settings.smsPerAddress = 1
    expect(await send(1, { address: '2001:db8:1:2::a' })).toBe(1)
    expect(await send(1, { address: '2001:db8:1:2:ffff::b' })).toBe(0)
    expect(await send(1, { address: '2001:db8:1:3::a' })).toBe(1)
  })

  test('what a gateway refuses counts too, and premium numbers count for nothing', async () => {
    settings.smsPerNumber = 2
    works = false
    expect(await send(4, { number: '+4915112345678' })).toBe(0)
    expect(sent).toHaveLength(2)
    expect(await send(4, { number: '+19005551234' })).toBe(0)
    expect(sent).toHaveLength(2)
    expect(events.at(-1)).toMatchObject({ type: 'factor.sms_withheld', reason: 'refused_kind' })
  })

  test('no number, code or address is kept or told', async () => {
    expect(await send(1, { number: '+4915112345678', address: '192.0.2.7' })).toBe(1)
    const rows = JSON.stringify(await db.prisma.smsCount.findMany())
    expect(rows).not.toMatch(/15112345678|192\.0\.2\.7|account0/)
    expect(events).toEqual([
      {
        type: 'factor.sms_sent',
        accountId: 'account0',
        username: 'ada',
        number: '…678',
        address: '192.0.2.7',
      },
    ])
  })

  test('counts that are over are deleted', async () => {
    await send(2, {})
    expect(await sms.purge()).toBeGreaterThanOrEqual(0)
    now += 25 * HOUR
    expect(await sms.purge()).toBeGreaterThan(0)
    expect(await db.prisma.smsCount.count()).toBe(0)
  })
})
