import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

const noSecret = () => undefined

const FILE = `version: 1
organizations:
  - name: Acme
    slug: acme
clients:
  - key: web-shop
    client_name: Shop
    redirect_uris: [https://shop.example/cb]
branding:
  - of: server
    name: Harbour Bank
    accent: "#7C3AED"
  - of: organization/acme
    radius: 4
  - of: client/web-shop
    name: Shop
`

test('brands of a file are applied with what they are of, exported, pruned, and no drift', async () => {
  const { configuration, branding } = latchkey.services
  await configuration.apply(FILE, noSecret)
  const said = (await branding.list()).map(({ owner, brand }) => [
    owner.kind,
    brand.name,
    brand.accent,
    brand.radius,
  ])
  expect(said).toEqual([
    ['server', 'Harbour Bank', '#7c3aed', null],
    ['organization', null, null, 4],
    ['client', 'Shop', null, null],
  ])
  expect((await configuration.plan(FILE, noSecret)).changes).toEqual([])
  const exported = (await configuration.export()) ?? ''
  expect(exported).toContain(
    'branding:\n  - of: client/web-shop\n    name: Shop\n  - of: organization/acme\n    radius: 4\n  - of: server\n    name: Harbour Bank\n    accent: "#7c3aed"\n',
  )
  expect((await configuration.plan(exported, noSecret)).changes).toEqual([])
  await configuration.apply(
    'version: 1\nbranding:\n  - of: server\n    accent: "#0f5c73"\nprune:\n  branding: true\n',
    noSecret,
  )
  expect((await branding.list()).map(({ owner, brand }) => [owner.kind, brand.name, brand.accent])).toEqual([
    ['server', null, '#0f5c73'],
  ])
})

test('what is wrong is said with its line and place', async () => {
  const wrong =
    'version: 1\nbranding:\n  - of: everybody\n    accent: "#ffdd00"\n    terms_url: javascript:alert(1)\n'
  await expect(latchkey.services.configuration.plan(wrong, noSecret)).rejects.toMatchObject({
    problems: expect.arrayContaining([
      expect.objectContaining({ line: 3, path: 'branding[0].of' }),
      expect.objectContaining({ line: 4, path: 'branding[0].accent' }),
      expect.objectContaining({ line: 5, path: 'branding[0].terms_url' }),
    ]),
  })
})
