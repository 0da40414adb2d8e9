import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { signedIn } from '../console.ts'

let latchkey: Latchkey
let browser: Awaited<ReturnType<typeof signedIn>>['browser']
beforeAll(async () => {
  latchkey = await startLatchkey()
  browser = (await signedIn(latchkey)).browser
  const { resources } = latchkey.services
  await resources.add({
    identifier: 'https://orders.example',
    name: 'Orders',
    scope: 'orders:read orders:write',
  })
  await resources.add({ identifier: 'https://stock.example', name: 'Stock', scope: 'stock:read' })
})
afterAll(() => latchkey?.stop())

test('scopes of APIs are boxes, a group an API; others are written, and what was not changed keeps its order', async () => {
  const { clients } = latchkey.services
  const { client_id: id } = await latchkey.createClient({ scope: 'openid orders:read profile own:one' })
  const address = `${latchkey.issuer}/admin/clients/${id}/edit`
  const page = await browser.open(address)
  for (const name of ['Orders', 'Stock']) expect(page.body).toContain(`<legend>Scopes of ${name}</legend>`)
  expect(page.body).toMatch(/name="scope" type="text"[^>]*value="openid profile own:one"/)
  expect(page.body).toMatch(/name="scope\.orders:read"[^>]* checked/)
  expect(page.body).not.toMatch(/name="scope\.stock:read"[^>]* checked/)

  await browser.submit(page, {}, { button: 'Save' })
  expect((await clients.get(id)).scope).toBe('openid orders:read profile own:one')

  const again = await browser.open(address)
  await browser.submit(again, { scope: 'openid own:two', 'scope.stock:read': 'on' }, { button: 'Save' })
  expect((await clients.get(id)).scope?.split(' ').toSorted()).toEqual(
    ['openid', 'orders:read', 'own:two', 'stock:read'].toSorted(),
  )

  // Refused, the form keeps what was ticked and what was typed.
  const third = await browser.open(address)
  const refused = await browser.submit(
    third,
    { scope: 'openid bad"scope', 'scope.orders:write': 'on' },
    { button: 'Save' },
  )
  expect(refused.status).toBe(422)
  expect(refused.body).toContain('value="openid bad&quot;scope"')
  expect(refused.body).toMatch(/name="scope\.orders:write"[^>]* checked/)
})
