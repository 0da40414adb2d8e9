import { expect, test } from 'vitest'
import { createConcurrencyLimit } from '../../src/accounts/passwords/concurrency-limit.ts'
import { createCap } from '../../src/metrics/cap.ts'
import { openMetrics } from '../../src/metrics/metrics.ts'
import { parseMetrics } from './support.ts'

test('a label whose values come from outside takes a hundred short words; everything else is “other”', () => {
  const cap = createCap()
  for (let each = 0; each < 100; each++) expect(cap(`word_${each}`)).toBe(`word_${each}`)
  expect(cap('one_more')).toBe('other')
  expect(cap('word_7')).toBe('word_7')
  const fresh = createCap()
  for (const odd of ['', 'two words', 'a"b', 'line\nbreak', 'x'.repeat(65), undefined, {}])
    expect(['other', 'undefined']).toContain(fresh(odd))
})

test('while the database does not answer, everything else can be read', async () => {
  const metrics = await openMetrics()
  let answers = true
  metrics.ask({
    now: () => 10_000,
    info: { version: '1', node: 'v24', database: 'sqlite' },
    hashes: () => ({ running: 1, waiting: 2 }),
    pool: () => undefined,
    mailQueue: () => ({ running: 0, waiting: 3 }),
    deliveries: () => [{ kind: 'mail', running: 0, waiting: 3 }],
    jobs: () => [{ name: 'sweep', every: 1000, doneAt: 4000, failures: 2 }],
    keys: async () => {
      if (!answers) throw new Error('gone')
      return [
        { alg: 'RS256', state: 'signing', createdAt: 3000 },
        { alg: 'RS256', state: 'published', createdAt: 2000 },
        { alg: 'RS256', state: 'retired', createdAt: 0 },
      ]
    },
  })
  const read = async () =>
    Object.fromEntries(
      parseMetrics(await metrics.read())
        .filter(({ name }) => /^latchkey_(database_up|hashes|signing|chore)/.test(name))
        .map(({ name, labels, value }) => [[name, ...Object.values(labels)].join(' '), value]),
    )
  const rest = {
    'latchkey_hashes running': 1,
    'latchkey_hashes waiting': 2,
    'latchkey_chore_age_seconds sweep': 6,
    'latchkey_chore_interval_seconds sweep': 1,
    'latchkey_chore_failures_total sweep': 2,
  }
  const both = {
    ...rest,
    latchkey_database_up: 1,
    'latchkey_signing_key_age_seconds RS256 signing': 7,
    'latchkey_signing_key_age_seconds RS256 published': 8,
  }
  expect(await read()).toEqual(both)
  expect(await Promise.all([read(), read()])).toEqual([both, both])
  answers = false
  expect(await read()).toEqual({ ...rest, latchkey_database_up: 0 })
})

test('the gate tells how long each job waited', async () => {
  let now = 0
  const waits: number[] = []
  const gate = createConcurrencyLimit({
    concurrency: 1,
    queueLimit: 5,
    clock: () => now,
    waited: (wait) => waits.push(wait),
  })
  const first = Promise.withResolvers<void>()
  const jobs = [gate.run(() => first.promise), gate.run(async () => {})]
  await Promise.resolve()
  now = 250
  first.resolve()
  await Promise.all(jobs)
  expect(waits).toEqual([0, 250])
})
