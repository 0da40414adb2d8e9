import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

const API = 'https://words.example'

let latchkey: Installation
beforeAll(async () => {
  latchkey = await createInstallation()
})
afterAll(() => latchkey.remove())

test('resources add and update say how people read scopes; a file too, and it is exported', async () => {
  const added = await latchkey.run([
    ...['resources', 'add', '--identifier', API, '--scope', 'a a=b', '--json'],
    ...['--scope-title', 'a=See it', '--scope-title', 'a=b=See more', '--scope-sensitive', 'a=yes'],
  ])
  expect(added.json()).toMatchObject({
    scope_descriptions: { a: { title: 'See it', sensitive: true }, 'a=b': { title: 'See more' } },
  })
  const updated = await latchkey.run([
    ...[
      'resources',
      'update',
      API,
      '--scope-title',
      'a=',
      '--scope-description',
      'a=b=All.',
      '--scope-sensitive',
      'a=no',
    ],
    '--json',
  ])
  expect(updated.json()).toMatchObject({
    scope_descriptions: { 'a=b': { title: 'See more', description: 'All.' } },
  })
  expect((updated.json() as { scope_descriptions: object }).scope_descriptions).not.toHaveProperty('a')
  expect((await latchkey.run(['resources', 'show', API])).stdout).toContain('See more · All.')

  const { stdout: file } = await latchkey.run(['export'])
  expect(file).toContain('scope_descriptions:')
  expect((await latchkey.run(['plan', '-'], { stdin: file })).status).toBe(0)
  const changed = file.replace('See more', 'See everything')
  expect((await latchkey.run(['plan', '-'], { stdin: changed })).status).toBe(2)
  expect((await latchkey.run(['apply', '-'], { stdin: changed })).status).toBe(0)
  expect((await latchkey.run(['resources', 'show', API])).stdout).toContain('See everything · All.')
  const wrong = await latchkey.run(['plan', '-'], { stdin: file.replace('title:', 'titel:') })
  expect(wrong.status).not.toBe(0)
  expect(wrong.stderr).toContain('titel is not known')
})

test.each([
  [['--scope-title', 'other=See it'], /--scope-title needs a scope of the API/],
  [['--scope-sensitive', 'a=maybe'], /--scope-sensitive takes yes or no/],
])('what is no scope or no answer is refused: %j', async (options, message) => {
  const refused = await latchkey.run(['resources', 'update', API, ...options])
  expect(refused.status).toBe(2)
  expect(refused.stderr).toMatch(message)
})
