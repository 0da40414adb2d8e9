import { afterAll, beforeAll, expect, test } from 'vitest'
import { NAMES } from '../../src/settings/table.ts'
import { machine, person, type Rest } from '../admin/rest/support.ts'
import { documentOf } from '../api/support.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
let rest: Rest
let username: string
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { RATE_LIMIT: '', LOCKOUT_SECONDS: '60' } })
  const admin = await person(latchkey, 'admin')
  rest = admin.rest
  username = admin.username
})
afterAll(() => latchkey.stop())

type Shown = Record<string, Record<string, unknown>>
const shown = (json: Record<string, unknown>) => json.settings as Shown
const etag = ({ headers }: { headers: Headers }) => headers.get('etag') ?? ''

test('all of them are there, each with its value, its default and who changed it when', async () => {
  const before = await rest.get('/settings')
  expect(before.status).toBe(200)
  expect(Object.keys(shown(before.json)).sort()).toEqual([...NAMES].sort())
  expect(shown(before.json).registration).toEqual({
    value: 'open',
    default: 'open',
    pinned_by: null,
    changed_at: null,
    changed_by: null,
    problem: null,
    section: 'Accounts',
    label: expect.any(String),
    description: expect.any(String),
  })
  const changed = await rest.patch('/settings', { registration: 'closed', rate_limit_mail: 3 })
  expect(changed.status).toBe(200)
  const now = { changed_at: expect.stringMatching(/^20.*Z$/), changed_by: username }
  expect(shown(changed.json).registration).toMatchObject({ value: 'closed', default: 'open', ...now })
  expect(shown(changed.json).rate_limit_mail).toMatchObject({ value: 3, default: 30, ...now })
  expect(etag(changed)).not.toBe(etag(before))
  expect((await rest.get('/settings')).json).toEqual(changed.json)

  const reset = await rest.patch('/settings', { registration: null, rate_limit_mail: null })
  expect(shown(reset.json)).toEqual(shown(before.json))
})

test('a change that is meant for a state that has passed is refused', async () => {
  const tag = etag(await rest.get('/settings'))
  const change = (value: number) =>
    rest.patch('/settings', { password_min_length: value }, { 'if-match': tag })
  expect((await change(20)).status).toBe(200)
  expect(await change(21)).toMatchObject({ status: 412, json: { code: 'precondition_failed' } })
  expect(shown((await rest.get('/settings')).json).password_min_length?.value).toBe(20)
})

test('what the environment sets is refused with the name of the variable', async () => {
  expect(shown((await rest.get('/settings')).json).lockout_seconds).toMatchObject({
    value: 60,
    default: 900,
    pinned_by: 'LOCKOUT_SECONDS',
  })
  expect(await rest.patch('/settings', { lockout_seconds: 120 })).toMatchObject({
    status: 409,
    json: { code: 'setting_pinned', detail: expect.stringContaining('LOCKOUT_SECONDS') },
  })
})

test('all that is wrong is answered at once, by name', async () => {
  const wrong = { nothing: 1, registration: 'maybe', access_token_ttl: 1.5, email_domains: [1] }
  expect(await rest.patch('/settings', wrong)).toMatchObject({
    status: 422,
    json: {
      code: 'invalid_settings',
      errors: {
        nothing: ['There is no setting with this name.'],
        registration: [expect.any(String)],
        access_token_ttl: [expect.stringContaining('whole number')],
        email_domains: [expect.any(String)],
      },
    },
  })
  for (const body of [[], 'text', 1, null])
    expect((await rest.patch('/settings', body)).status).toBeGreaterThanOrEqual(400)
})

test('auditors read them, and change nothing', async () => {
  const auditor = await person(latchkey, 'auditor')
  expect((await auditor.rest.get('/settings')).status).toBe(200)
  expect((await auditor.rest.patch('/settings', { registration: 'closed' })).status).toBe(403)
  const reader = await machine(latchkey, 'admin:read')
  expect((await reader.rest.patch('/settings', { registration: 'closed' })).status).toBe(403)
})

test('each is in the document of the interface, with what it may be', async () => {
  const document = await documentOf(latchkey.issuer)
  const schemas = JSON.stringify(document.paths['/api/admin/settings'])
  for (const name of NAMES) expect(schemas).toContain(`"${name}"`)
})

test('the number of a rate limit counts from the next request on', async () => {
  const { headers } = await rest.get('/settings')
  expect(headers.get('ratelimit-limit')).toBe('300')
  await rest.patch('/settings', { rate_limit_admin: 200 })
  expect((await rest.get('/settings')).headers.get('ratelimit-limit')).toBe('200')
  await rest.patch('/settings', { rate_limit_admin: 1 })
  expect((await rest.get('/settings')).status).toBe(429)
  await latchkey.services.settings.change({ rate_limit: 'off' })
  expect((await rest.get('/settings')).status).toBe(200)
})
