import { afterAll, beforeAll, expect, test } from 'vitest'
import { basic, post } from '../security/attacker.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

const identifier = 'https://orders.example/v1'
const path = `/admin/resources/api?${new URLSearchParams({ identifier })}`

let latchkey: Latchkey
let admin: Awaited<ReturnType<typeof signedIn>>
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier, name: 'Orders', scope: 'orders:read' })
  admin = await signedIn(latchkey)
})
afterAll(() => latchkey.stop())

const at = (where = path) => admin.browser.open(`${latchkey.issuer}${where}`)
const introspect = (id: string, secret: string) =>
  post(`${latchkey.issuer}/introspect`, { token: 'x' }, basic(id, secret))
const press = (page: Awaited<ReturnType<typeof at>>, button: string) =>
  admin.browser.submit(page, {}, { button })

test('an API gets a credential, whose secret is shown once; a second; not a third; and loses one', async () => {
  const made = await press(await at(), 'New credential')
  expect(made.text).toContain('The API has a new credential.')
  const [, id = ''] = /(api_[0-9a-f]{32})/.exec(made.text) ?? []
  const [, secret = ''] = /Client secret\s+([\w-]{43})/.exec(made.text) ?? []
  expect(made.text).toContain(`LATCHKEY_API_CLIENT_ID=${id} LATCHKEY_API_CLIENT_SECRET=${secret}`)
  expect((await introspect(id, secret)).status).toBe(200)
  const again = await at()
  expect(again.text).toContain(id)
  expect(again.text).not.toContain(secret)

  const tab = await at()
  const two = await press(again, 'New credential')
  expect(two.text).toContain('Two are the most.')
  const refused = await press(tab, 'New credential')
  expect(refused.status).toBe(409)
  expect(refused.text).toContain('This API has two credentials already.')
  expect(await latchkey.services.resourceCredentials.list(identifier)).toHaveLength(2)

  await latchkey.services.resourceCredentials.idle()
  const left = (await latchkey.services.resourceCredentials.list(identifier)).find(
    ({ client_id }) => client_id !== id,
  )
  const asks = async () => admin.browser.follow(await at(), `Remove … the credential ${id}`)
  const page = await asks()
  const stale = await asks()
  for (const said of ['Orders', id, /Last used \d+ \w+ \d{4}, \d\d:\d\d UTC/]) expect(page.text).toMatch(said)
  expect((await introspect(id, secret)).status).toBe(200)
  const ended = await press(page, 'Remove credential')
  expect(ended.text).toContain('The credential is removed')
  expect((await introspect(id, secret)).status).toBe(401)
  // Pressed in another tab too: what was wanted is so.
  const twice = await press(stale, 'Remove credential')
  expect(twice.status).toBe(200)
  expect(await latchkey.services.resourceCredentials.list(identifier)).toEqual([left])
})

test('what tokens of an API are is chosen in words, and kept when only another field is changed', async () => {
  const saved = await admin.browser.submit(await at(), { Tokens: 'opaque' }, { button: 'Save' })
  expect(saved.text).toContain('Saved.')
  expect((await at('/admin/resources')).text).toContain('revocable at once')
  await admin.browser.submit(await at(), { Name: 'Orders of all' }, { button: 'Save' })
  expect(await latchkey.services.resources.findForProtocol(identifier)).toMatchObject({
    name: 'Orders of all',
    tokens: 'opaque',
  })
})

test('an auditor sees which credentials there are, and makes none', async () => {
  const auditor = await signedIn(latchkey, 'auditor')
  const page = await auditor.browser.open(`${latchkey.issuer}${path}`)
  expect(page.text).toMatch(/api_[0-9a-f]{32}/)
  expect(page.text).not.toContain('New credential')
  const remove = await auditor.browser.open(
    `${latchkey.issuer}/admin/resources/remove?${new URLSearchParams({ identifier })}`,
  )
  expect(remove.text).toContain('What ends with it')
  expect(remove.text).not.toContain('Remove API')
})
