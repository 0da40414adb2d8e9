/** What programs are answered is English, whatever language they ask for: also what a page of the console says in German. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { signedIn } from '../console.ts'
import { person, type Rest } from './support.ts'

let latchkey: Latchkey
let rest: Rest
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'token' } })
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
  ['/clients', { client_name: 7, x: 1 }, 'must be text'],
  ['/clients', { client_name: 'a', x: 1 }, 'is not known; the fields are '],
  ['/clients', { client_name: 'a', jwks: { keys: [] } }, 'holds no key; put one public key in it'],
  [
    '/clients',
    { client_name: 'a', access: 'me' },
    'must be everyone, or lists of groups and roles by name, for example {\\"groups\\":',
  ],
  ['/clients', { client_name: 'a', groups_filter: {} }, 'must say assigned or a prefix'],
  [
    '/clients',
    { client_name: 'a', profile: 'fapi2', pkce: 'optional' },
    'is always required with the profile fapi2; leave it out',
  ],
  ['/registration/tokens', { name: '' }, 'is missing; say who or what it is for'],
  ['/registration/tokens', { name: 'a', redirect_hosts: ['A'] }, 'must be host names in lower case'],
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

test('a client that registers itself', async () => {
  const { token } = await latchkey.services.registration.tokens.create({ name: 'a', uses: null })
  const answer = await fetch(`${latchkey.issuer}/clients/register`, {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', 'accept-language': 'de' },
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ redirect_uris: ['https://a.example/cb'], jwks: { keys: [{ kty: 'oct' }] } }),
  })
  expect(answer.status).toBe(400)
  expect(await answer.text()).toContain('key 1 is symmetric (kty oct); use an RSA, EC or Ed25519 key')
})

test('a page says the same in German', async () => {
  const { browser } = await signedIn(latchkey, 'admin', { 'accept-language': 'de' })
  const { client_id: id } = await latchkey.createClient({})
  const page = await browser.open(`${latchkey.issuer}/admin/clients/${id}/edit`)
  const refused = await browser.submit(
    page,
    { jwks: '{"keys":[]}', access: 'jemand', groups_filter: 'nichts' },
    { button: 'Speichern' },
  )
  expect(refused.status).toBe(422)
  for (const said of [
    'enthält keinen Schlüssel; geben Sie einen öffentlichen Schlüssel an',
    'müssen Gruppen und Rollen sein, jede mit diesem Wort vor ihrem Namen',
    'muss assigned oder einen prefix nennen',
  ])
    expect(refused.text).toContain(said)
})
