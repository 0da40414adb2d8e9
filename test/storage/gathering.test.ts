import { expect, test } from 'vitest'
import { createGathering } from '../../src/storage/gathering.ts'
import { databaseUnavailable } from '../../src/storage/unavailable.ts'

/** Look-ups that are answered when the test says so. */
function held() {
  const asked: { keys: readonly string[]; answer: (error?: Error) => void }[] = []
  const ask = (keys: readonly string[]) =>
    new Promise<Map<string, string>>((resolve, reject) => {
      const found = new Map(keys.filter((key) => key !== 'none').map((key) => [key, `found ${key}`]))
      asked.push({ keys, answer: (error) => (error ? reject(error) : resolve(found)) })
    })
  const find = createGathering<string>(8, {
    one: async (key) => (await ask([key])).get(key),
    several: ask,
  })
  return { asked, find }
}

const keys = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => `k${from + index}`)

test('what waits is asked for together once more wait than are under way, and each gets its own', async () => {
  const { asked, find } = held()
  const flying = keys(0, 8).map(find)
  const waiting = [...keys(8, 17), 'none'].map(find)
  expect(asked.map((each) => each.keys)).toEqual(keys(0, 8).map((key) => [key]))
  asked[0]?.answer()
  expect(await flying[0]).toBe('found k0')
  // Seven are under way, ten wait.
  expect(asked[8]?.keys).toEqual([...keys(8, 17), 'none'])
  for (const each of asked) each.answer()
  expect(await Promise.all(waiting)).toEqual([...keys(8, 17).map((key) => `found ${key}`), undefined])
  expect(await Promise.all(flying)).toEqual(keys(0, 8).map((key) => `found ${key}`))
})

test('a few that wait go on one by one', async () => {
  const { asked, find } = held()
  const all = keys(0, 10).map(find)
  asked[0]?.answer()
  await all[0]
  expect(asked[8]?.keys).toEqual(['k8'])
  asked[1]?.answer()
  await all[1]
  expect(asked[9]?.keys).toEqual(['k9'])
  for (const each of asked) each.answer()
  expect(await Promise.all(all)).toEqual(keys(0, 10).map((key) => `found ${key}`))
})

test('an outage takes those with it along, and no others', async () => {
  const { asked, find } = held()
  const flying = keys(0, 8).map(find)
  const waiting = keys(8, 17).map((key) => find(key).catch((error: Error) => error.message))
  asked[0]?.answer()
  await flying[0]
  asked[8]?.answer(databaseUnavailable(new Error('gone')))
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['the database is unavailable: gone']))
  const next = find('later')
  expect(asked[9]?.keys).toEqual(['later'])
  for (const each of asked) each.answer()
  expect(await next).toBe('found later')
  await Promise.all(flying)
})

test('where a statement for several fails, each is asked for alone, and one that fails is the only one', async () => {
  const odd = new Error('a row that cannot be read')
  const lots: (readonly string[])[] = []
  const { promise: first, resolve: answer } = Promise.withResolvers<string>()
  const find = createGathering<string>(1, {
    one: async (key) => {
      if (key === 'odd') throw odd
      return key === 'first' ? first : `found ${key}`
    },
    several: async (asked) => {
      lots.push(asked)
      throw odd
    },
  })
  const all = ['first', 'a', 'odd', 'b'].map((key) => find(key).catch((error: Error) => error.message))
  answer('found first')
  expect(await Promise.all(all)).toEqual(['found first', 'found a', odd.message, 'found b'])
  expect(lots).toEqual([['a', 'odd', 'b']])
  expect(await find('later')).toBe('found later')
})
