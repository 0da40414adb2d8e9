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
  expect([added.status, added.stderr]).toEqual([0, `warning: ${SHARED}\n`])
  const narrowed = await latchkey.run(['resources', 'update', FILMS, '--scope', 'films:read'])
  expect([narrowed.status, narrowed.stderr]).toEqual([0, ''])
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
  expect([planned.status, planned.stderr]).toEqual([2, `warning: ${warning}\n`])
  expect((await latchkey.run(['plan', '-'], file('films:read'))).stderr).toBe('')
  const applied = await latchkey.run(['apply', '-'], file('films:read shared'))
  expect([applied.status, applied.stderr]).toEqual([0, `warning: ${warning}\n`])
  const again = await latchkey.run(['plan', '-'], file('films:read shared'))
  expect([again.status, again.stderr]).toEqual([0, ''])
})

const unknown = (scope: string) => `no API has ${scope}: who asks for it is refused`

test('clients create, update and show say which scopes no API has, and which two have', async () => {
  const scope = ['--scope', 'openid books:raed groups admin:read']
  const argv = ['clients', 'create', '--name', 'Shop', '--redirect-uri', 'https://shop.example/cb', ...scope]
  const inWords = await latchkey.run(argv)
  expect([inWords.status, inWords.stderr]).toEqual([0, `warning: ${unknown('books:raed')}\n`])
  const created = await latchkey.run([...argv, '--json'])
  expect(created.stderr).toBe('')
  const { client_id: id, warnings } = created.json() as { client_id: string; warnings: string[] }
  expect(warnings).toEqual([unknown('books:raed')])
  const mended = await latchkey.run(['clients', 'update', id, '--scope', 'openid books:read', '--json'])
  expect(mended.json()).not.toHaveProperty('warnings')
  const shared = await latchkey.run(['clients', 'update', id, '--scope', 'shared nothing'])
  expect(shared.stderr).toBe(
    `warning: ${unknown('nothing')}\nwarning: shared is a scope of ${BOOKS} and ${FILMS}: ${WHAT_IT_MEANS}\n`,
  )
  expect((await latchkey.run(['clients', 'show', id])).stderr).toBe(shared.stderr)
})

test('plan and apply say it of the clients of a file, and of those whose API the file takes away', async () => {
  const file = (api: string, client: string) => ({
    stdin: `version: 1
resources:
  - identifier: https://songs.example
    scope: ${api}
clients:
  - key: radio
    client_name: Radio
    redirect_uris: [https://radio.example/cb]
    scope: openid ${client}
`,
  })
  const mistyped = `client radio: ${unknown('songs:raed')}`
  const planned = await latchkey.run(['plan', '-'], file('songs:read', 'songs:raed'))
  expect([planned.status, planned.stderr]).toEqual([2, `warning: ${mistyped}\n`])
  const applied = await latchkey.run(['apply', '-', '--json'], file('songs:read', 'songs:raed'))
  expect(applied.json()).toMatchObject({ warnings: [mistyped] })
  const right = await latchkey.run(['apply', '-', '--json'], file('songs:read', 'songs:read'))
  expect(right.json()).toMatchObject({ warnings: [] })
  const renamed = await latchkey.run(['plan', '-'], file('songs:hear', 'songs:read'))
  expect(renamed.stderr).toBe(`warning: client radio: ${unknown('songs:read')}\n`)
})
