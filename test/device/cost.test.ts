import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Sql } from '../../src/storage/sql.ts'
import { eventually } from '../support/eventually.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { settled } from '../support/settled.ts'
import { approve, confirmPage, type Device, person, registerDevice } from './device-client.ts'

/**
 * What the device flow asks of the database: devices poll all the time, and most of their polls are for nothing. By kind: reads
 * of artefacts, writes of them, and reads of everything else (the account, the API). A token that is a JWT is not written.
 */
describe.each(engines)('statements of the device flow on %s', (engine) => {
  let latchkey: Latchkey
  let device: Device
  beforeAll(async () => {
    const started = Date.now()
    // Time stands still: what is remembered for a second (clients, settings) is not read again.
    latchkey = await startLatchkey({ engine, clock: () => started, background: false })
    await latchkey.services.resources.add({ identifier: API, name: 'Books', scope: 'books:read' })
    device = await registerDevice(latchkey, { scope: 'openid profile email books:read' })
    // The client is at hand from now on, as for a device that asks twice in a moment.
    const asked = await device.ask()
    // That it is in use is written once a day, behind the answer to its first token.
    await approve(latchkey, await person(latchkey), asked.user_code)
    await device.poll(asked.device_code)
    const { db, usage } = latchkey.services
    const active = () => db.prisma.clientActivity.count()
    await eventually(async () => expect(await active()).toBe(1))
    await usage.idle()
  })
  afterAll(() => latchkey.stop())
  afterEach(() => vi.restoreAllMocks())

  const API = 'https://books.example'

  /** How many statements it takes, by kind. */
  async function statements(work: () => Promise<unknown>) {
    const { db } = latchkey.services
    await settled(latchkey)
    const told: string[] = []
    // One and the same on PostgreSQL.
    for (const sql of new Set<Sql>([db.artifacts, db.reads])) {
      for (const name of ['get', 'all', 'run'] as const) {
        const original = sql[name] as (...parameters: unknown[]) => unknown
        vi.spyOn(sql, name).mockImplementation(((statement: string, ...parameters: unknown[]) => {
          // A unit of work is one statement on PostgreSQL, which answers what it did.
          const kind = name === 'run' || /\b(INSERT|UPDATE)\b/.test(statement) ? 'writes' : 'reads'
          told.push(/\bartifacts\b/.test(statement) ? kind : 'others')
          return original.call(sql, statement, ...parameters)
        }) as never)
      }
    }
    const { artifacts } = db
    if (artifacts.dialect === 'sqlite') {
      // And one commit on SQLite.
      const { together } = artifacts
      vi.spyOn(artifacts, 'together').mockImplementation((steps) => {
        told.push('writes')
        return together.call(artifacts, steps)
      })
    }
    await work()
    vi.restoreAllMocks()
    const times = (kind: string) => told.filter((each) => each === kind).length
    return { reads: times('reads'), writes: times('writes'), others: times('others') }
  }

  test('asking for a code is one write', async () => {
    expect(await statements(() => device.ask())).toEqual({ reads: 0, writes: 1, others: 0 })
  })

  test('a poll while nobody has decided is one read, and the write that counts its interval, also when it is too early', async () => {
    const asked = await device.ask()
    const poll = () => device.poll(asked.device_code)
    expect(await statements(poll)).toEqual({ reads: 1, writes: 1, others: 0 })
    expect(await statements(poll)).toEqual({ reads: 1, writes: 1, others: 0 })
  })

  test.each([
    ['for a person', {}, { reads: 2, writes: 1, others: 1 }],
    ['for an API', { scope: 'openid books:read', resource: API }, { reads: 2, writes: 1, others: 1 }],
  ])('what a code is redeemed with, %s', async (_for, parameters, cost) => {
    const asked = await device.ask(parameters)
    await approve(latchkey, await person(latchkey), asked.user_code)
    let status = 0
    const spent = await statements(async () => {
      status = (await device.poll(asked.device_code)).status
    })
    expect(status).toBe(200)
    expect(spent).toEqual(cost)
  })

  test('a refusal, told again and again, is one read', async () => {
    const asked = await device.ask()
    const who = await person(latchkey)
    await who.browser.deny(await confirmPage(latchkey, who, asked.user_code))
    await device.poll(asked.device_code)
    expect(await statements(() => device.poll(asked.device_code))).toEqual({ reads: 1, writes: 0, others: 0 })
  })
})
