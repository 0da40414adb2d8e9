import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { machine, type Rest } from './support.ts'

describe.each(engines)('groups and roles on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey.stop())

  test('groups are created, changed by whom they were read by, and deleted with their memberships', async () => {
    const added = await rest.post('/groups', { name: 'Engineers' })
    const { id } = added.json as { id: string }
    expect(added).toMatchObject({ status: 201, json: { name: 'Engineers', description: '' } })
    expect(added.headers.get('location')).toBe(`${latchkey.issuer}/api/admin/groups/${id}`)
    expect(await rest.post('/groups', { name: 'ENGINEERS' })).toMatchObject({
      status: 422,
      json: { errors: { name: [expect.any(String)] } },
    })
    const path = `/groups/${id}`
    const etag = String((await rest.get(path)).headers.get('etag'))
    expect(etag).toBe(added.headers.get('etag'))
    const changed = await rest.patch(path, { description: 'Who builds it' }, { 'if-match': etag })
    expect(changed).toMatchObject({ status: 200, json: { name: 'Engineers', description: 'Who builds it' } })
    expect(await rest.patch(path, { name: 'Lost' }, { 'if-match': etag })).toMatchObject({ status: 412 })
    expect(await rest.delete(path, { 'if-match': etag })).toMatchObject({ status: 412 })
    expect((await rest.get('/groups?search=engin')).json.items).toMatchObject([{ id }])

    const user = await latchkey.createUser()
    const member = `${path}/members/${user.id}`
    expect(await rest.put(member)).toMatchObject({ status: 204 })
    expect(await rest.put(member)).toMatchObject({ status: 204 })
    expect((await rest.get(`${path}/members`)).json.items).toEqual([
      {
        user_id: user.id,
        username: user.username,
        email: user.email,
        manager: false,
        since: expect.any(String),
      },
    ])
    expect(await rest.put(`${path}/members/nobody`)).toMatchObject({
      status: 404,
      json: { code: 'user_not_found' },
    })
    expect(await rest.delete(member)).toMatchObject({ status: 204 })
    expect(await rest.delete(member)).toMatchObject({ status: 404, json: { code: 'not_a_member' } })
    await rest.put(member)
    expect(await rest.delete(path)).toMatchObject({ status: 204 })
    for (const answer of [await rest.get(path), await rest.get(`${path}/members`), await rest.put(member)])
      expect(answer).toMatchObject({ status: 404, json: { code: 'group_not_found' } })
  })

  test('roles of an API are given to users and groups, and taken away', async () => {
    const resource = 'https://orders.example'
    await rest.post('/resources', { identifier: resource, scope: 'orders:read orders:write' })
    const added = await rest.post('/roles', { name: 'Clerk', resource, scope: 'orders:read' })
    const { id } = added.json as { id: string }
    expect(added).toMatchObject({ status: 201, json: { name: 'Clerk', resource, scope: 'orders:read' } })
    const wrong = await rest.post('/roles', { name: 'Clerk', resource, scope: 'orders:fly' })
    expect(wrong).toMatchObject({ status: 422, json: { errors: { scope: [expect.any(String)] } } })
    expect((await rest.get(`/roles?resource=${encodeURIComponent(resource)}`)).json.items).toMatchObject([
      { id },
    ])
    expect((await rest.get('/roles?resource=none')).json.items).toEqual([])

    const user = await latchkey.createUser()
    const group = (await rest.post('/groups', { name: 'Till' })).json as { id: string }
    for (const holder of [`/users/${user.id}`, `/groups/${group.id}`]) {
      const path = `${holder}/roles/${id}`
      expect(await rest.put(path)).toMatchObject({ status: 204 })
      expect(await rest.put(path)).toMatchObject({ status: 204 })
      expect((await rest.get(`${holder}/roles`)).json.items).toMatchObject([{ id, name: 'Clerk' }])
      expect(await rest.delete(path)).toMatchObject({ status: 204 })
      expect(await rest.delete(path)).toMatchObject({ status: 404, json: { code: 'not_assigned' } })
      expect((await rest.get(`${holder}/roles`)).json.items).toEqual([])
    }
    expect(await rest.put(`/users/nobody/roles/${id}`)).toMatchObject({ status: 404 })
    expect(await rest.get('/users/nobody/roles')).toMatchObject({
      status: 404,
      json: { code: 'user_not_found' },
    })
    expect(await rest.get('/groups/nobody/roles')).toMatchObject({ status: 404 })
    const etag = String((await rest.get(`/roles/${id}`)).headers.get('etag'))
    expect(await rest.patch(`/roles/${id}`, { scope: null }, { 'if-match': etag })).toMatchObject({
      status: 200,
    })
    expect(await rest.patch(`/roles/${id}`, { name: 'Lost' }, { 'if-match': etag })).toMatchObject({
      status: 412,
    })
    expect(await rest.delete(`/roles/${id}`)).toMatchObject({ status: 204 })
  })

  test('what is done is in the audit log, with who it was done to', async () => {
    const group = (await rest.post('/groups', { name: 'Audited' })).json as { id: string }
    const user = await latchkey.createUser()
    await rest.put(`/groups/${group.id}/members/${user.id}`)
    await latchkey.services.audit.idle()
    const { items = [] } = (await rest.get('/audit?action=group.member_added')).json
    expect(items[0]).toMatchObject({
      target_kind: 'group',
      target_id: group.id,
      target_name: 'Audited',
      details: { accountId: user.id },
    })
  })
})
