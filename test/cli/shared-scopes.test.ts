import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

const BOOKS = 'https://books.example'
const FILMS = 'https://films.example'
const WHAT_IT_MEANS = 'apps that ask for it have to send resource (or audience), and are refused without'
const SHARED = `shared is a scope of ${BOOKS} too: ${WHAT_IT_MEANS}`

let latchkey: Installation
beforeAll(async () => {
  latchkey = await createInstallation()
  await latchkey.run(['resources', 'add', '--identifier', BOOKS, '--scope', 'books:read shared'])
})
afterAll(() => latchkey.remove())

/** A scope that two APIs have leads to neither: whoever adds it is told. */
test('resources add and update say which scopes another API has, in words and in JSON', async () => {
  const scope = ['--scope', 'films:read shared']
  const added = await latchkey.run(['resources', 'add', '--identifier', FILMS, ...scope])
  expect([added.status, added.stdout]).toEqual([0, expect.stringContaining(`\nWarning: ${SHARED}.\n`)])
  const narrowed = await latchkey.run(['resources', 'update', FILMS, '--scope', 'films:read'])
  expect([narrowed.status, narrowed.stdout]).toEqual([0, expect.not.stringContaining('Warning')])
  const updated = await latchkey.run(['resources', 'update', FILMS, ...scope, '--json'])
  expect(updated.json()).toMatchObject({ scope: 'films:read shared', warnings: [SHARED] })
  await latchkey.run(['resources', 'remove', FILMS])
})

test('plan and apply say it of a file, before and while it is done, and no more of what was there before', async () => {
  const file = (scope: string) => ({
    stdin: `version: 1\nresources:\n  - identifier: ${FILMS}\n    scope: ${scope}\n`,
  })
  const warning = `shared is a scope of ${FILMS} and ${BOOKS}: ${WHAT_IT_MEANS}`
  const planned = await latchkey.run(['plan', '-'], file('films:read shared'))
  expect([planned.status, planned.stdout]).toEqual([2, expect.stringContaining(`\n! ${warning}\n`)])
  expect((await latchkey.run(['plan', '-'], file('films:read'))).stdout).not.toContain('! ')
  const applied = await latchkey.run(['apply', '-'], file('films:read shared'))
  expect([applied.status, applied.stdout]).toEqual([0, expect.stringContaining(`\n! ${warning}\n`)])
  const again = await latchkey.run(['plan', '-'], file('films:read shared'))
  expect([again.status, again.stdout]).toEqual([0, expect.not.stringContaining('! ')])
})
