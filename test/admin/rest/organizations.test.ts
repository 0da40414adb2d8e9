import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { readOutbox } from '../../support/mailbox.ts'
import { machine, person, type Rest } from './support.ts'

describe.each(engines)('organizations by the administration API, on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey.stop())

  const audited = async (prefix: string) =>
    (await rest.get(`/audit?action=${prefix}&limit=100`)).json.items?.map(({ action }) => action) ?? []

  test('is created once, read by ETag, changed, found and deleted', async () => {
    const body = { name: 'Acme Ltd', slug: 'acme' }
    const key = { 'idempotency-key': 'once' }
    const created = await rest.post('/organizations', body, key)
    expect(created).toMatchObject({
      status: 201,
      json: { ...body, second_factor_required: false, session_max_age: null, disabled: false },
    })
    expect((await rest.post('/organizations', body, key)).json).toEqual(created.json)
    expect(await rest.post('/organizations', body)).toMatchObject({
      status: 422,
      json: { errors: { slug: [expect.any(String)] } },
    })
    const path = created.headers.get('location')?.replace(`${latchkey.issuer}/api/admin`, '') ?? ''
    const read = await rest.get(path)
    expect(read.json).toEqual(created.json)
    const etag = read.headers.get('etag') ?? ''
    const changed = await rest.patch(path, { session_max_age: 900 }, { 'if-match': etag })
    expect(changed).toMatchObject({ status: 200, json: { slug: 'acme', session_max_age: 900 } })
    expect(await rest.patch(path, { name: 'x' }, { 'if-match': etag })).toMatchObject({ status: 412 })
    expect(await rest.delete(path, { 'if-match': etag })).toMatchObject({ status: 412 })
    expect((await rest.get('/organizations?search=ACME')).json.items).toEqual([changed.json])
    expect(await rest.patch(path, { owner: 'me' })).toMatchObject({ status: 422 })
    expect(await rest.delete(path)).toMatchObject({ status: 204 })
    expect(await rest.get(path)).toMatchObject({ status: 404, json: { code: 'organization_not_found' } })
    expect(await audited('organization.')).toEqual([
      ...['organization.deleted', 'organization.updated', 'organization.created'],
    ])
  })

  test('members are put with roles, listed and removed', async () => {
    const { id } = (await rest.post('/organizations', { name: 'Members' })).json
    const user = await latchkey.createUser()
    const path = `/organizations/${id}/members/${user.id}`
    expect(await rest.put(path)).toMatchObject({ status: 200, json: { user_id: user.id, roles: [] } })
    expect(await rest.put(path, { roles: ['member', 'admin'] })).toMatchObject({
      json: { username: user.username, roles: ['admin', 'member'] },
    })
    expect(await rest.put(path, { roles: ['owner'] })).toMatchObject({ status: 422 })
    expect(await rest.put(path, { role: 'admin' })).toMatchObject({ status: 422 })
    expect((await rest.get(`/organizations/${id}/members`)).json.items).toMatchObject([
      { user_id: user.id, email: user.email, roles: ['admin', 'member'], since: expect.any(String) },
    ])
    expect(await rest.put(`/organizations/${id}/members/nobody`, {})).toMatchObject({ status: 404 })
    expect(await rest.put(`/organizations/none/members/${user.id}`, {})).toMatchObject({ status: 404 })
    expect(await rest.delete(path)).toMatchObject({ status: 204 })
    expect(await rest.delete(path)).toMatchObject({ status: 404, json: { code: 'not_a_member' } })
  })

  test('an invitation is mailed, listed, sent again and revoked', async () => {
    const { id } = (await rest.post('/organizations', { name: 'Ünvited' })).json
    const { id: other } = (await rest.post('/organizations', { name: 'Other' })).json
    const path = `/organizations/${id}/invitations`
    const { status, json } = await rest.post(path, { email: 'Grace@Acme.Example', roles: ['admin'] })
    expect({ status, json }).toMatchObject({
      status: 201,
      json: {
        email: 'grace@acme.example',
        roles: ['admin'],
        expired: false,
        invited_by: 'The administrator',
      },
    })
    expect(await rest.post(path, { email: 'grace@acme.example' })).toMatchObject({ status: 409 })
    expect(await rest.post(`${path}/${json.id}/send`)).toMatchObject({ status: 200, json: { id: json.id } })
    await latchkey.services.mailer.idle()
    const mails = (await readOutbox(join(latchkey.dataDir, 'outbox'))).filter(
      ({ to }) => to === 'grace@acme.example',
    )
    expect(mails).toHaveLength(2)
    const links = mails.map(({ text }) => /https?:\S+\/invitation\/organization\?token=\S+/.exec(text)?.[0])
    expect(new Set(links).size).toBe(2)
    expect(mails[0]?.text).toContain('Ünvited')
    expect((await rest.get(path)).json.items).toMatchObject([{ id: json.id }])
    expect(await rest.delete(`/organizations/${other}/invitations/${json.id}`)).toMatchObject({ status: 404 })
    expect(await rest.delete(`${path}/${json.id}`)).toMatchObject({ status: 204 })
    expect((await rest.get(path)).json.items).toEqual([])
    expect(await rest.post(path, { email: 'x', roles: ['owner'] })).toMatchObject({ status: 422 })
  })

  test('auditors look, and change nothing', async () => {
    const { id } = (await rest.post('/organizations', { name: 'Looked at' })).json
    const { rest: auditor } = await person(latchkey, 'auditor')
    expect(await auditor.get(`/organizations/${id}`)).toMatchObject({ status: 200 })
    expect(await auditor.get(`/organizations/${id}/invitations`)).toMatchObject({ status: 200 })
    expect(await auditor.patch(`/organizations/${id}`, { name: 'x' })).toMatchObject({ status: 403 })
    expect(await auditor.post(`/organizations/${id}/invitations`, { email: 'a@b.example' })).toMatchObject({
      status: 403,
    })
  })
})
