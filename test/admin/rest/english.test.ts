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
