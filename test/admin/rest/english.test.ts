/** What programs are answered is English, whatever language they ask for: also what a page of the console says in German. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { person, type Rest } from './support.ts'

let latchkey: Latchkey
let rest: Rest
beforeAll(async () => {
  latchkey = await startLatchkey()
  rest = (await person(latchkey, 'admin')).rest
  await latchkey.services.attributes.create({ name: 'team' })
})
afterAll(() => latchkey?.stop())

test.each<[path: string, body: object, said: string]>([
  ['/resources', { identifier: 'x', scope: 'a' }, 'must be an https or urn: URI (http on loopback only)'],
  ['/resources', { identifier: 'https://a.example', scope: 'a', tokens: 'x' }, 'must be jwt or opaque'],
  ['/attributes', { name: 'team' }, 'There is one with this name already.'],
  ['/attributes', { name: 'list', type: 'one_of' }, 'Say what may be chosen.'],
  ['/claims', { name: 'iss' }, 'This name is reserved by a standard. Choose another one.'],
  ['/providers', { id: 'X', kind: 'oidc' }, 'must be 2 to 32 lower-case letters'],
  ['/providers', { id: 'ab', kind: 'github', client_id: 'a' }, 'is missing; give the secret'],
  ['/webhooks', { url: 'x', events: [] }, 'must name at least one type; * is all of them'],
  ['/scim-tokens', {}, 'Enter text.'],
  ['/hooks', { name: 'X' }, 'Use 1 to 63 small letters, digits and hyphens'],
])('%s %j', async (path, body, said) => {
  const answer = await rest.post(path, body, { 'accept-language': 'de' })
  expect(answer.status).toBe(422)
  expect(answer.text).toContain(said)
  expect(answer.text).not.toMatch(/[äöüß]| muss | ist /)
})

test.each([
  ['/hooks/x', 'There is no hook with this ID.'],
  ['/providers/xx', 'There is no provider with this ID.'],
  ['/webhooks/x', 'There is no webhook with this ID.'],
  ['/claims/x', 'There is no claim with this ID.'],
  ['/attributes/x', 'There is no attribute with this ID.'],
])('%s', async (path, said) => {
  const answer = await rest.call('GET', path, { headers: { 'accept-language': 'de' } })
  expect([answer.status, answer.json.detail]).toEqual([404, said])
})

test.each([
  ['GET', '/audit?from=broken', undefined, 'Give a day or a time, like 2026-11-25 or 2026-11-25T13:00Z.'],
  ['PUT', '/branding', { accent: 'red' }, 'must be a colour as #rrggbb, for example #0f5c73'],
  ['PUT', '/texts/de', { 'no.such': 'x' }, 'There is no text with this key.'],
  ['PATCH', '/settings', { lockout_failures: 0 }, 'must be a whole number from 1 to 100'],
  ['POST', '/keys/nothing/retire', {}, 'There is no key with this ID.'],
])('%s %s', async (method, path, body, said) => {
  const headers = { 'accept-language': 'de', ...(method === 'PUT' && { 'if-match': '*' }) }
  const answer = await rest.call(method, path, { headers, ...(body && { body }) })
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400)
  expect(answer.text).toContain(said)
})
