import { afterAll, beforeAll, expect, test } from 'vitest'
import { partsOf } from '../../src/http/address.ts'
import { post } from '../security/attacker.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
beforeAll(async () => {
  latchkey = await startLatchkey()
})
afterAll(() => latchkey.stop())

test.each([
  ['/a', { path: '/a', query: undefined }],
  ['/a?', { path: '/a', query: '' }],
  ['/a?b=c?d&e=?', { path: '/a', query: 'b=c?d&e=?' }],
])('only the first question mark of %s begins the query', (url, parts) => {
  expect(partsOf(url)).toEqual(parts)
})

test.each(['/authorize', '/logout'])('a POST to %s goes on with all of its query', async (path) => {
  const query = 'redirect_uri=https://app.example/cb?tenant=1&state=a?b&scope=openid'
  const { status, headers } = await post(`${latchkey.issuer}${path}?${query}`, { client_id: 'x?y' })
  expect(status).toBe(303)
  const sent = new URL(headers.get('location') ?? '', latchkey.issuer)
  expect(sent.pathname).toBe(path)
  expect(Object.fromEntries(sent.searchParams)).toEqual({
    redirect_uri: 'https://app.example/cb?tenant=1',
    state: 'a?b',
    scope: 'openid',
    client_id: 'x?y',
  })
})

test('the page that a form stands on keeps all of its query', async () => {
  const browser = createHttpBrowser()
  const path = '/login?return_to=/account?a=b?c'
  const page = await browser.open(latchkey.issuer + path)
  const form = browser.prepare(page, { 'Email or username': 'ada', Password: 'wrong' }, { button: 'Sign in' })
  const answer = await browser.send({ ...form, url: new URL(latchkey.issuer + path) })
  expect([answer.status, answer.headers.get('location')]).toEqual([303, path])
})
