import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { machine, person, type Rest } from './support.ts'

let latchkey: Latchkey
let rest: Rest
let own: string
beforeAll(async () => {
  latchkey = await startLatchkey()
  const caller = await machine(latchkey)
  rest = caller.rest
  own = caller.client_id
})
afterAll(() => latchkey.stop())

const refused = { status: 403, json: { code: 'administration_not_granted' } }
const JOB = { client_name: 'Job', grant_types: ['client_credentials'] }

describe('a client that acts for itself cannot grant administration', () => {
  test('by a client that it registers or changes', async () => {
    for (const scope of ['admin:read', 'admin:write', 'openid admin:read', 'admin:everything'])
      expect(await rest.post('/clients', { ...JOB, scope })).toMatchObject(refused)
    const { json } = await rest.post('/clients', JOB)
    expect(await rest.patch(`/clients/${json.client_id}`, { scope: 'openid admin:read' })).toMatchObject(
      refused,
    )
    expect(await rest.patch(`/clients/${own}`, { scope: 'admin:write openid' })).toMatchObject(refused)
  })

  test('nor spare people the consent page, by a client that it registers or changes, or by a file', async () => {
    const app = { client_name: 'App', redirect_uris: ['https://app.example/cb'] }
    expect(await rest.post('/clients', { ...app, first_party: true })).toMatchObject(refused)
    const { json } = await rest.post('/clients', { ...app, first_party: false })
    expect(json.first_party).toBe(false)
    const path = `/clients/${json.client_id}`
    expect(await rest.patch(path, { first_party: true })).toMatchObject(refused)
    const file = (firstParty: boolean) => ({
      yaml: `version: 1\nclients:\n  - client_id: ${json.client_id}\n    client_name: App\n    redirect_uris: [https://app.example/cb]\n    first_party: ${firstParty}\n`,
    })
    expect(await rest.post('/configuration/apply', file(true))).toMatchObject(refused)
    expect((await rest.get(path)).json.first_party).toBe(false)

    // One that an administrator made its own: its redirect URIs are where codes go without a question.
    await latchkey.services.clients.update(String(json.client_id), { first_party: true })
    const elsewhere = { redirect_uris: ['https://elsewhere.example/cb'] }
    expect(await rest.patch(path, elsewhere)).toMatchObject(refused)
    expect((await rest.patch(path, { client_name: 'Renamed' })).status).toBe(200)
    // Taking it away closes a door.
    expect((await rest.patch(path, { first_party: false })).json.first_party).toBe(false)
  })

  test('by a scope with other white space around it, which is no scope at all', async () => {
    const { json } = await rest.post('/clients', JOB)
    for (const space of ['\t', '\n', '\u00a0', '\u2028', '\ufeff', '  ']) {
      for (const scope of [`${space}admin:write`, `admin:write${space}`, `openid${space}admin:write`]) {
        const tries = [
          await rest.post('/clients', { ...JOB, scope }),
          await rest.patch(`/clients/${json.client_id}`, { scope }),
        ]
        for (const { status } of tries) expect([403, 422]).toContain(status)
      }
    }
  })

  test('by a client that takes the place of one that a configuration file describes', async () => {
    const { json } = await rest.post('/clients', JOB)
    expect(await rest.post('/clients', { ...JOB, software_id: 'deployer' })).toMatchObject(refused)
    for (const software_id of ['deployer', null])
      expect(await rest.patch(`/clients/${json.client_id}`, { software_id })).toMatchObject(refused)
  })

  test('by taking over a client that has it: its redirect URIs, its secrets, its state', async () => {
    const console = await latchkey.createClient({ scope: 'openid admin:write', first_party: true })
    const path = `/clients/${console.client_id}`
    const { secrets } = (await rest.get(path)).json as { secrets: { id: string }[] }
    const tries = [
      rest.patch(path, { redirect_uris: ['https://elsewhere.example/'] }),
      rest.post(`${path}/secrets`),
      rest.delete(`${path}/secrets/${secrets[0]?.id}`),
      rest.post(`${path}/disable`),
      rest.post(`${path}/enable`),
      rest.delete(path),
    ]
    for (const answer of await Promise.all(tries)) expect(answer).toMatchObject(refused)
    expect((await rest.get(path)).json).toMatchObject({
      redirect_uris: [console.redirect_uri],
      disabled: false,
    })
  })

  test('it may rotate its own secret', async () => {
    expect(await rest.post(`/clients/${own}/secrets`)).toMatchObject({ status: 201 })
  })

  test('by a role', async () => {
    for (const role of ['admin', 'auditor', 'root', null])
      expect(
        await rest.post('/users', { username: `made${role}`, email: 'made@example.com', role }),
      ).toMatchObject(refused)
    const { id } = await latchkey.createUser()
    for (const role of ['admin', 'auditor'])
      expect(await rest.patch(`/users/${id}`, { role })).toMatchObject(refused)
    expect(await rest.patch(`/users/${id}`, { role: 'user', first_name: 'Ada' })).toMatchObject({
      status: 200,
    })
  })

  describe.each(['admin', 'auditor'] as const)('by the account of an %s', (role) => {
    let path: string
    beforeEach(async () => {
      const { id } = await latchkey.createUser()
      await latchkey.services.accounts.setRole(id, role)
      path = `/users/${id}`
    })

    test('whose address, role or state it cannot change', async () => {
      const before = (await rest.get(path)).json
      const tries = [
        rest.patch(path, { email: 'mine@example.com' }),
        rest.patch(path, { role: 'user' }),
        rest.patch(path, { first_name: 'x' }),
        rest.post(`${path}/disable`),
        rest.post(`${path}/enable`),
        rest.post(`${path}/unlock`),
        rest.delete(path),
      ]
      for (const answer of await Promise.all(tries)) expect(answer).toMatchObject(refused)
      expect((await rest.get(path)).json).toEqual(before)
    })

    test('who it may sign out, and send a link', async () => {
      expect(await rest.post(`${path}/end-sessions`)).toMatchObject({ status: 200 })
      expect(await rest.post(`${path}/send-reset`)).toMatchObject({ status: 200 })
    })
  })

  test('by a provider that names itself by one address and is asked at another than its API', async () => {
    const settings = { url: 'https://ghe.example', api_url: 'https://elsewhere.example/api/v3' }
    const provider = { id: 'ghe', kind: 'github', client_id: 'x', client_secret: 'y', settings }
    expect(await rest.post('/providers', provider)).toMatchObject(refused)
    // What anybody may store at that host would pass for the API.
    const elsewhere = { ...settings, api_url: 'https://ghe.example/raw/somebody/repository/main' }
    expect(await rest.post('/providers', { ...provider, settings: elsewhere })).toMatchObject(refused)
    // One address alone leaves the other at github.com.
    for (const alone of [
      { url: 'https://github.com/' },
      { url: 'https://ghe.example' },
      { api_url: settings.api_url },
    ])
      expect(await rest.post('/providers', { ...provider, settings: alone })).toMatchObject(refused)
    const own = { ...settings, api_url: 'https://ghe.example/api/v3' }
    expect(await rest.post('/providers', { ...provider, settings: own })).toMatchObject({ status: 201 })
  })

  test('by changing what was an ordinary client when it looked, and is one with it now', async () => {
    const { json } = await rest.post('/clients', JOB)
    const path = `/clients/${json.client_id}`
    const { update } = latchkey.services.clients
    const racing = Array.from({ length: 8 }, (_, round) => rest.patch(path, { client_name: `Job ${round}` }))
    const promoted = update(String(json.client_id), { scope: 'admin:write' })
    const answers = await Promise.all(racing)
    await promoted
    for (const { status } of answers) expect([200, 403, 412]).toContain(status)
    expect((await rest.get(path)).json.scope).toBe('admin:write')
    expect(await rest.patch(path, { client_name: 'x' })).toMatchObject(refused)
  })
})

test('an administrator can do all of it, by REST too', async () => {
  const { rest: admin } = await person(latchkey, 'admin')
  const made = await admin.post('/clients', { ...JOB, scope: 'admin:read' })
  expect(made).toMatchObject({ status: 201, json: { scope: 'admin:read' } })
  expect(await admin.post(`/clients/${made.json.client_id}/secrets`)).toMatchObject({ status: 201 })
  const { id } = await latchkey.createUser()
  expect(await admin.patch(`/users/${id}`, { role: 'admin' })).toMatchObject({ json: { role: 'admin' } })
  expect(await admin.patch(`/users/${id}`, { email: 'other@example.com' })).toMatchObject({ status: 200 })
  const log = await admin.get(`/audit?target=${id}&action=account.role_changed`)
  expect(log.json.items).toMatchObject([
    { actor_kind: 'account', details: { before: { role: 'user' }, after: { role: 'admin' } } },
  ])
})
