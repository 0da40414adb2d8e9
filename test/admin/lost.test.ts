import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'

let latchkey: Latchkey
let browser: Awaited<ReturnType<typeof signedIn>>['browser']
beforeAll(async () => {
  latchkey = await startLatchkey()
  browser = (await signedIn(latchkey)).browser
})
afterAll(() => latchkey?.stop())

test.each([
  '/admin/nowhere',
  '/admin/users/nobody',
  '/admin/clients/none/edit',
  '/admin/audit/99999999',
  '/admin/settings/x/y?z',
])('what is not there below /admin (%s) leads to the overview and the search', async (path) => {
  const page = await browser.open(`${latchkey.issuer}${path}`)
  expect(page.status).toBe(404)
  expect((await browser.follow(page, 'Overview')).url.pathname).toBe('/admin')
  expect(page.body).toMatch(
    /<form method="get" action="\/admin\/search" role="search"[^>]*>.*name="q".*<button type="submit">Search</s,
  )
})

test('of other addresses, and where a name only begins like it, the start page is offered as ever', async () => {
  for (const path of ['/nowhere', '/administration', '/account/admin']) {
    const page = await createHttpBrowser().open(`${latchkey.issuer}${path}`)
    expect([page.status, page.body.includes('/admin/search')]).toEqual([404, false])
    expect(page.text).toContain('Go to the start page')
  }
})

test('Cancel of the form of a provider leads back to the organization that it was opened from, after a refusal too', async () => {
  const one = await latchkey.services.organizations.create({ name: 'Acme' })
  const own = `/admin/organizations/${one.id}`
  const page = await browser.open(`${latchkey.issuer}${own}`)
  const form = await browser.follow(page, 'Add a sign-in provider')
  expect((await browser.follow(form, 'Cancel')).url.pathname).toBe(own)
  const refused = await browser.submit(form, { Name: 'Corp' }, { button: 'Add provider' })
  expect(refused.status).toBe(422)
  expect((await browser.follow(refused, 'Cancel')).url.pathname).toBe(own)
  const plain = await browser.open(`${latchkey.issuer}/admin/providers/new?from=..%2F..%2Fevil`)
  expect((await browser.follow(plain, 'Cancel')).url.pathname).toBe('/admin/providers')
})
