import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { startHousekeeping } from '../../src/housekeeping.ts'
import { eventually } from '../support/eventually.ts'
import { jobClient, jobs } from '../support/job.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { relyingParty } from './load.ts'

const HOUR = 3_600_000

describe('the timetable', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('batches follow each other until nothing is left, and never overlap', async () => {
    let left = 5
    let inside = 0
    let worst = 0
    const run = vi.fn(async () => {
      worst = Math.max(worst, ++inside)
      await new Promise((resolve) => setImmediate(resolve))
      inside--
      return left > 0 ? left-- : 0
    })
    const housekeeping = startHousekeeping([{ name: 'sweep', every: 1000, run }], () => undefined)
    vi.advanceTimersByTime(999)
    expect(run).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10_000)
    await eventually(() => expect(run).toHaveBeenCalledTimes(6))
    // The next run is timed once the last batch has settled; the timers of other files are no measure of that.
    await eventually(() => {
      if (run.mock.calls.length < 7) vi.advanceTimersByTime(1000)
      expect(run).toHaveBeenCalledTimes(7)
    })
    expect(worst).toBe(1)
    await housekeeping.close()
  })

  test('closing waits for the batch under way and starts no other', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    const run = vi.fn(() => promise)
    const housekeeping = startHousekeeping([{ name: 'sweep', every: 10, run }], () => undefined)
    vi.advanceTimersByTime(10)
    let closed = false
    const closing = housekeeping.close().then(() => {
      closed = true
    })
    await new Promise((settle) => setImmediate(settle))
    expect(closed).toBe(false)
    resolve(500)
    await closing
    vi.advanceTimersByTime(100)
    expect(run).toHaveBeenCalledTimes(1)
  })

  test('an error is told, and the chore comes round again', async () => {
    const told: unknown[] = []
    const failure = new Error('database away')
    const run = vi.fn(() => Promise.reject(failure))
    const housekeeping = startHousekeeping([{ name: 'sweep', every: 100_000, run }], (...error) =>
      told.push(error),
    )
    vi.advanceTimersByTime(100_000)
    await eventually(() => {
      if (told.length < 2) vi.advanceTimersByTime(100_000)
      expect(told).toEqual([
        ['sweep', failure],
        ['sweep', failure],
      ])
    })
    await housekeeping.close()
  })
})

describe.each(engines)('what has expired, on %s', (engine) => {
  let latchkey: Latchkey
  let offset = 0
  beforeEach(async () => {
    offset = 0
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + offset })
    await latchkey.services.resources.add(jobs)
  })
  afterEach(() => latchkey.stop())

  const rows = async (table: 'artifacts' | 'accounts' | 'one_time_tokens'): Promise<number> => {
    const { artifacts, reads } = latchkey.services.db
    const sql = table === 'artifacts' ? artifacts : reads
    return (await sql.get<{ rows: number }>(`SELECT COUNT(*) AS rows FROM ${table}`))?.rows ?? 0
  }

  test('tables stay bounded while tokens are issued and expire', async () => {
    const { artifacts } = latchkey.services
    const client = await latchkey.createClient(jobClient)
    const party = await relyingParty(latchkey.issuer, client)
    let most = 0
    for (let hour = 0; hour < 5; hour++) {
      await Promise.all(Array.from({ length: 30 }, () => party.clientCredentials({ scope: jobs.scope })))
      most = Math.max(most, await rows('artifacts'))
      offset += HOUR + 61_000
      for (let swept = 1; swept > 0; ) {
        swept = await artifacts.sweep(7)
        expect(swept).toBeLessThanOrEqual(7)
      }
    }
    expect(most).toBe(30)
    expect(await rows('artifacts')).toBe(0)
  })

  test('links nobody used and accounts nobody proved go, and what is in use stays', async () => {
    const { accounts, mailer } = latchkey.services
    await latchkey.createUser()
    for (let count = 0; count < 5; count++) {
      const username = `ghost${count}`
      await accounts.register({
        username,
        email: `${username}@example.com`,
        password: 'glass-otter-72-harbour',
      })
    }
    await mailer.idle()
    expect(await rows('accounts')).toBe(6)
    const before = await rows('one_time_tokens')
    offset += 8 * 24 * HOUR
    for (let purged = 1; purged > 0; ) purged = await accounts.purge()
    expect(await rows('accounts')).toBe(1)
    expect(await rows('one_time_tokens')).toBe(before - 5)
  })
})
