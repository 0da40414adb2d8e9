import { afterAll, beforeAll, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { machine } from '../admin/rest/support.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

const BOOKS = 'https://books.example'
const FILMS = 'https://films.example'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier: BOOKS, name: 'Books', scope: 'books:read shared' })
})
afterAll(() => latchkey.stop())

/** A scope that two APIs have leads to neither: whoever adds it is told. */
test('by REST, adding and changing an API says which of its scopes another has', async () => {
  const { rest } = await machine(latchkey)
  const added = await rest.post('/resources', { identifier: FILMS, scope: 'films:read shared' })
  expect(added).toMatchObject({
    status: 201,
    json: { warnings: [expect.stringMatching(/^shared is a scope of https:\/\/books\.example too/)] },
  })
  const path = `/resources/${encodeURIComponent(FILMS)}`
  expect((await rest.patch(path, { scope: 'films:read' })).json).not.toHaveProperty('warnings')
  expect((await rest.patch(path, { scope: 'films:read books:read' })).json).toMatchObject({
    warnings: [expect.stringContaining('books:read')],
  })
  await rest.delete(path)
})

test('the console leads to the page of the API, which says it as long as it is so', async () => {
  const { browser } = await signedIn(latchkey)
  const page = await browser.open(`${latchkey.issuer}/admin/resources`)
  const added = await browser.submit(
    page,
    { Identifier: FILMS, Scopes: 'films:read shared' },
    { button: 'Add API' },
  )
  expect(added.url.pathname).toBe('/admin/resources/api')
  expect(added.text).toContain('The API is added.')
  expect(added.text).toContain('shared is a scope of https://books.example too')
  const saved = await browser.submit(added, { Scopes: 'films:read' }, { button: 'Save' })
  expect(saved.text).toContain('Saved.')
  expect(saved.text).not.toContain('too:')
  await latchkey.services.resources.remove(FILMS)
})

test('the plan of a file names a scope that two APIs would have, and not one that was there before', async () => {
  const { rest } = await machine(latchkey)
  const file = (scope: string) =>
    `version: 1\nresources:\n  - identifier: ${BOOKS}\n    name: Books\n    scope: books:read shared\n  - identifier: ${FILMS}\n    scope: ${scope}\n`
  const plan = async (scope: string) => {
    const { json } = await rest.post('/configuration/plan', { yaml: file(scope) })
    return json
  }
  expect(await plan('films:read shared')).toMatchObject({
    warnings: [expect.stringMatching(/^shared is a scope of https:\/\/books\.example and https:\/\/films/)],
  })
  expect(await plan('films:read')).toMatchObject({ warnings: [] })
})
