import { expect, test } from 'vitest'
import { rememberRecent } from '../../../src/clients/for-protocol/recent.ts'

function setUp() {
  let now = 0
  const stored = new Map<string, string>()
  const reads: string[] = []
  const recent = rememberRecent(
    async (id: string) => {
      reads.push(id)
      return stored.get(id)
    },
    () => now,
  )
  const pass = (milliseconds: number) => {
    now += milliseconds
  }
  return { stored, reads, recent, pass }
}

test('a client is read once a second, and a change elsewhere is seen after that', async () => {
  const { stored, reads, recent, pass } = setUp()
  stored.set('a', 'one')
  expect([await recent.find('a'), await recent.find('a')]).toEqual(['one', 'one'])
  expect(reads).toHaveLength(1)
  stored.set('a', 'two')
  pass(1001)
  expect(await recent.find('a')).toBe('two')
})

test('a change made here is seen at once', async () => {
  const { stored, recent } = setUp()
  stored.set('a', 'one')
  await recent.find('a')
  stored.delete('a')
  recent.forget('a')
  expect(await recent.find('a')).toBeUndefined()
})

test('what was being read while it changed is not remembered', async () => {
  const { stored, recent } = setUp()
  stored.set('a', 'one')
  const reading = recent.find('a')
  stored.set('a', 'two')
  recent.forget('a')
  await reading
  expect(await recent.find('a')).toBe('two')
})

test('a client that is unknown now may be registered in a moment: absence is not remembered', async () => {
  const { stored, recent } = setUp()
  expect(await recent.find('a')).toBeUndefined()
  stored.set('a', 'one')
  expect(await recent.find('a')).toBe('one')
})

test('memory is bounded, whatever ids are asked for', async () => {
  const { stored, reads, recent } = setUp()
  for (let i = 0; i <= 1000; i++) stored.set(String(i), 'x')
  for (const id of stored.keys()) await recent.find(id)
  await recent.find('1000')
  expect(reads).toHaveLength(1001)
  await recent.find('0')
  expect(reads).toHaveLength(1002)
})
