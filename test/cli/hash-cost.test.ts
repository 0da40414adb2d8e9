import { expect, test, vi } from 'vitest'
import { latchkey } from '../operations/server-process.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Document {
  at_most: number
  measured: { memory: number; passes: number; milliseconds: number; hashes_per_second: number }[]
  settings: Record<string, number> | null
}

const env = () => ({ DATA_DIR: temporaryFolder() })

/** By the clock the five hashes of the first cost take so long each, those of the second twice as long, and so on. In milliseconds. */
function hashesTake(first: number): void {
  let now = 0
  let looks = 0
  vi.spyOn(performance, 'now').mockImplementation(() => {
    const look = looks++
    if (look % 2 === 1) now += first * (Math.floor(look / 10) + 1)
    return now
  })
}

test('hash-cost measures from the floor on, and advises the dearest hash within the time', async () => {
  hashesTake(8)
  const { stdout, stderr, database, code } = await latchkey(['hash-cost', '--at-most', '20', '--json'], env())
  expect([stderr, database, code]).toEqual(['', '', 0])
  const { at_most, measured, settings } = JSON.parse(stdout) as Document
  expect(at_most).toBe(20)
  expect(measured[0]).toMatchObject({ memory: 19, passes: 2, milliseconds: 8 })
  // What takes too long ends the search.
  expect(measured.map(({ milliseconds }) => milliseconds)).toEqual([8, 16, 24])
  expect(settings?.argon2_memory).toBe(measured[1]?.memory)
})

test('hash-cost says it in words, with the command that sets it', async () => {
  hashesTake(700)
  const { stdout, code } = await latchkey(['hash-cost', '--at-most', '2000'], env())
  expect(code).toBe(0)
  expect(stdout).toMatch(/^MEMORY +PASSES +ONE HASH/)
  expect(stdout).toMatch(/settings set argon2_memory \d+$/)
})

test.each(['5', '3000', '1e3', ''])('hash-cost refuses %j milliseconds', async (time) => {
  const { stderr, code } = await latchkey(['hash-cost', '--at-most', time], env())
  expect(code).toBe(1)
  expect(stderr).toContain('--at-most: must be a whole number from 20 to 2000')
})
