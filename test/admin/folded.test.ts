import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

let latchkey: Latchkey
let browser: Awaited<ReturnType<typeof signedIn>>['browser']
beforeAll(async () => {
  latchkey = await startLatchkey()
  browser = (await signedIn(latchkey)).browser
})
afterAll(() => latchkey?.stop())

const at = (path: string) => browser.open(`${latchkey.issuer}${path}`)
/** The anchors of the parts that are unfolded, in their order. */
const open = (body: string): string[] =>
  [...body.matchAll(/<details class="card fold[^"]*" id="([^"]+)" open>/g)].map(([, id = '']) => id)

test('of the form of a client the first section is open, and the one of the field that a link is about', async () => {
  const { client_id: id } = await latchkey.createClient()
  expect(open((await at(`/admin/clients/${id}/edit`)).body)).toEqual(['names'])
  expect(open((await at(`/admin/clients/${id}/edit?field=access`)).body)).toEqual(['names', 'people'])
  expect((await at(`/admin/clients/${id}/access`)).body).toContain('/edit?field=access#field-access"')
  expect(open((await at(`/admin/clients/${id}/edit?field=nothing`)).body)).toEqual(['names'])
})

test('a section with an error is open, and one that another administrator has changed', async () => {
  const { client_id: id } = await latchkey.createClient()
  const page = await at(`/admin/clients/${id}/edit`)
  const refused = await browser.submit(page, { 'Redirect URIs': 'nonsense' }, { button: 'Save' })
  expect(refused.status).toBe(422)
  expect(open(refused.body)).toEqual(['names', 'where'])
  await latchkey.services.clients.update(id, { default_max_age: 120 })
  const stale = await browser.submit(page, {}, { button: 'Save' })
  expect(stale.status).toBe(409)
  expect(open(stale.body)).toEqual(['names', 'tokens'])
})

test('of the page of a person a part is open where an address leads, an act was done or something is wrong', async () => {
  const { id } = await latchkey.createUser()
  const path = `/admin/users/${id}`
  const page = await at(path)
  expect(open(page.body)).toEqual([])
  expect(open((await at(`${path}?section=factors`)).body)).toEqual(['factors'])
  expect(open((await at(`${path}?done=end-session`)).body)).toEqual(['devices'])
  expect(open((await at(`${path}?done=required`)).body)).toEqual(['factors'])
  expect(open((await at(`${path}?section=constructor&done=__proto__`)).body)).toEqual([])
  const refused = await browser.submit(page, { Email: 'nonsense' }, { button: 'Save' })
  expect([refused.status, open(refused.body)]).toEqual([422, ['edit']])
  const kept = await browser.submit(page, {}, { button: 'Delete user' })
  expect([kept.status, open(kept.body)]).toEqual([422, ['delete']])
})

test('of many texts those are open that say something else than shipped', async () => {
  await latchkey.services.texts.change('en', { 'signIn.password': 'Pass phrase' }, { others: 'stay' })
  const count = (body: string) => body.match(/<details class="card fold text" open>/g)?.length ?? 0
  const many = (await at('/admin/languages/en?q=password')).body
  expect([many.match(/<details class="card fold text"/g)?.length, count(many)]).toEqual([20, 1])
  // A few are not folded.
  const few = (await at('/admin/languages/en?q=signIn.password')).body
  expect(count(few)).toBe(few.match(/<details class="card fold text"/g)?.length)
})
