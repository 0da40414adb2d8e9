import { expect, test } from 'vitest'
import { latchkey } from '../operations/server-process.ts'
import { temporaryFolder } from '../support/folder.ts'

interface Document {
  at_most: number
  measured: { memory: number; passes: number; milliseconds: number; hashes_per_second: number }[]
  settings: Record<string, number> | null
}

const env = () => ({ DATA_DIR: temporaryFolder() })

test('hash-cost measures from the floor on, and advises the dearest hash within the time', async () => {
  const { stdout, stderr, database, code } = await latchkey(['hash-cost', '--at-most', '20', '--json'], env())
  expect([stderr, database, code]).toEqual(['', '', 0])
  const { at_most, measured, settings } = JSON.parse(stdout) as Document
  expect(at_most).toBe(20)
  expect(measured[0]).toMatchObject({ memory: 19, passes: 2 })
  const within = measured.filter(({ milliseconds }) => milliseconds <= at_most)
  // What takes too long ends the search.
  expect(measured.length - within.length).toBeLessThanOrEqual(1)
  expect(settings?.argon2_memory).toBe(within.at(-1)?.memory)
})

test('hash-cost says it in words, with the command that sets it', async () => {
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
