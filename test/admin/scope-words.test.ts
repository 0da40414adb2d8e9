import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const identifier = 'https://orders.example/v1'

let latchkey: Latchkey
let admin: Awaited<ReturnType<typeof signedIn>>
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier, name: 'Orders', scope: 'orders:read orders:write' })
  admin = await signedIn(latchkey)
})
afterAll(() => latchkey.stop())

const api = () =>
  admin.browser.open(`${latchkey.issuer}/admin/resources/api?${new URLSearchParams({ identifier })}`)
const words = async () => (await latchkey.services.resources.get(identifier))?.scope_descriptions
const editPage = async () => admin.browser.follow(await api(), 'Edit the words of orders:write')

test('the words of a scope are edited on a page of its own, and shown on that of the API', async () => {
  const page = await api()
  expect(page.text).toContain('Use Orders for what it calls “orders:write”')
  const typed = { Title: 'Change your orders', Description: 'Cancel them too.', Sensitive: true }
  const saved = await admin.browser.submit(await editPage(), typed, { button: 'Save' })
  expect([saved.status, saved.url.pathname]).toEqual([200, '/admin/resources/api'])
  expect(saved.text).toMatch(/Change your orders Sensitive ?orders:write ?Cancel them too\./)
  const stored = { title: 'Change your orders', description: 'Cancel them too.', sensitive: true }
  expect(await words()).toEqual({ 'orders:write': stored })

  const none = { Title: '', Description: '', Sensitive: false }
  await admin.browser.submit(await editPage(), none, { button: 'Save' })
  expect(await words()).toBeUndefined()
})

test('what is refused stands beside its field, with what was typed', async () => {
  const refused = await admin.browser.submit(
    await editPage(),
    { Title: 'Fine', Description: 'x\u202ey', Sensitive: true },
    { button: 'Save' },
  )
  expect([refused.status, refused.url.pathname]).toEqual([422, '/admin/resources/scope'])
  expect(refused.body).toMatch(/id="field-description-error">must be one line/)
  const { fields = [] } =
    refused.forms.find(({ buttons }) => buttons.some(({ label }) => label === 'Save')) ?? {}
  expect(fields.find(({ name }) => name === 'title')?.value).toBe('Fine')
  expect(fields.find(({ name }) => name === 'sensitive')?.checked).toBe(true)
})

test('a stale tab overwrites nothing unseen; a scope that is gone has no page', async () => {
  const [one, two] = [await editPage(), await editPage()]
  await admin.browser.submit(one, { Title: 'From one tab' }, { button: 'Save' })
  const stale = await admin.browser.submit(two, { Title: 'From the other' }, { button: 'Save' })
  expect([stale.status, stale.text.includes('Another person has changed this API')]).toEqual([409, true])
  expect(await words()).toEqual({ 'orders:write': { title: 'From one tab' } })
  await admin.browser.submit(stale, {}, { button: 'Save' })
  expect(await words()).toEqual({ 'orders:write': { title: 'From the other' } })

  const left = await editPage()
  await latchkey.services.resources.update(identifier, { scope: 'orders:read' })
  const gone = await admin.browser.submit(left, { Title: 'Too late' }, { button: 'Save' })
  expect([gone.status, gone.text.includes('no API with this scope')]).toEqual([404, true])
})
