import { afterAll, beforeAll, expect, test } from 'vitest'
import { machine, type Rest } from '../admin/rest/support.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { callback, registrar } from './support.ts'

let latchkey: Latchkey
let rest: Rest
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'token' } })
  rest = (await machine(latchkey)).rest
})
afterAll(() => latchkey.stop())

const path = '/registration/tokens'

test('initial access tokens are made, listed and revoked', async () => {
  const made = await rest.post(path, { name: 'Build server', uses: null, redirect_hosts: ['app.example'] })
  expect(made).toMatchObject({
    status: 201,
    json: { name: 'Build server', state: 'active', uses_left: null, redirect_hosts: ['app.example'] },
  })
  const { id, token } = made.json
  const at = registrar(latchkey)
  expect((await at.register({ redirect_uris: [callback] }, String(token))).status).toBe(201)
  const listed = await rest.get(path)
  expect(listed.json.items?.[0]).toMatchObject({ id, last_used_at: expect.any(String) })
  expect(listed.text).not.toContain(String(token))
  expect((await rest.call('DELETE', `${path}/${id}`)).status).toBe(204)
  expect((await rest.call('DELETE', `${path}/${id}`)).status).toBe(404)
  expect((await at.register({ redirect_uris: [callback] }, String(token))).status).toBe(401)
})

test('every problem is told by its field', async () => {
  const { status, json } = await rest.post(path, { uses: 0, more: true })
  expect({ status, errors: json.errors }).toMatchObject({
    status: 422,
    errors: { name: expect.anything(), uses: expect.anything(), more: expect.anything() },
  })
})

test('a machine makes no token whose clients may administer', async () => {
  for (const scope of ['admin:write', 'books:read admin:read', ['admin:write']])
    expect(await rest.post(path, { name: 'x', client_credentials: true, scope })).toMatchObject({
      status: 403,
      json: { code: 'administration_not_granted' },
    })
})
