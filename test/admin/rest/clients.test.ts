import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobClient, jobs } from '../../support/job.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { discover } from '../../support/relying-party.ts'
import { machine, type Rest } from './support.ts'

const WEB = { client_name: 'Photo Shop', redirect_uris: ['https://shop.example/callback'] }

describe.each(engines)('clients on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let own: string
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    await latchkey.services.resources.add(jobs)
    const caller = await machine(latchkey)
    rest = caller.rest
    own = caller.client_id
  })
  afterAll(() => latchkey.stop())

  const create = async (metadata: object = {}) => (await rest.post('/clients', { ...WEB, ...metadata })).json
  const tag = async (path: string) => (await rest.get(path)).headers.get('etag') ?? ''

  test('a client that registered itself is marked as checked, as it was looked at', async () => {
    const { services } = latchkey
    const { client_id: id } = await services.clients.create(
      { client_name: 'Itself', redirect_uris: ['https://app.example/cb'] },
      { source: 'open', verified: false },
    )
    const etag = String((await rest.get(`/clients/${id}`)).headers.get('etag'))
    await services.clients.update(id, { client_name: 'Another person' })
    const stale = await rest.post(`/clients/${id}/verify`, undefined, { 'if-match': etag })
    expect(stale).toMatchObject({ status: 412, json: { code: 'precondition_failed' } })
    expect((await services.clients.get(id)).verified).toBe(false)
    const now = String((await rest.get(`/clients/${id}`)).headers.get('etag'))
    const done = await rest.post(`/clients/${id}/verify`, undefined, { 'if-match': now })
    expect(done).toMatchObject({ status: 200, json: { client_id: id, verified: true } })
    expect(await rest.post('/clients/lk_none/verify')).toMatchObject({ status: 404 })
  })

  test('are registered, read, changed and deleted, in RFC 7591 names', async () => {
    const created = await rest.post('/clients', WEB)
    const path = `/clients/${created.json.client_id}`
    expect(created).toMatchObject({
      status: 201,
      json: {
        ...WEB,
        client_secret: expect.stringMatching(/^[\w-]{43}$/),
        grant_types: ['authorization_code'],
      },
    })
    expect(created.headers.get('location')).toBe(`${latchkey.issuer}/api/admin${path}`)
    expect(created.headers.get('cache-control')).toBe('no-store')

    const read = await rest.get(path)
    expect(read.headers.get('etag')).toBe(created.headers.get('etag'))
    expect(read.json).toMatchObject({
      ...WEB,
      disabled: false,
      secrets: [{ expires_at: 0, last_used_at: null }],
    })
    expect(read.json).not.toHaveProperty('version')

    const changed = await rest.patch(path, { client_name: 'Shop', logo_uri: 'https://shop.example/logo.png' })
    expect(changed).toMatchObject({
      status: 200,
      json: { client_name: 'Shop', redirect_uris: WEB.redirect_uris },
    })
    expect((await rest.patch(path, { logo_uri: null })).json).not.toHaveProperty('logo_uri')

    expect(await rest.delete(path)).toMatchObject({ status: 204, text: '' })
    expect(await rest.get(path)).toMatchObject({ status: 404, json: { code: 'client_not_found' } })
    for (const gone of [rest.patch(path, {}), rest.delete(path), rest.post(`${path}/disable`)])
      expect((await gone).status).toBe(404)
  })

  test('a scope that no API has is told, and not refused', async () => {
    const warnings = ['no API has jobs:raed: who asks for it is refused']
    const made = await create({ scope: 'openid jobs:raed' })
    expect(made).toMatchObject({ warnings })
    const path = `/clients/${made.client_id}`
    expect((await rest.patch(path, { client_name: 'Other' })).json).toMatchObject({ warnings })
    expect((await rest.patch(path, { scope: 'openid' })).json).not.toHaveProperty('warnings')
  })

  test('a merge patch may say what it is', async () => {
    const path = `/clients/${(await create()).client_id}`
    const answer = await rest.patch(
      path,
      { client_name: 'Merged' },
      { 'content-type': 'application/merge-patch+json' },
    )
    expect(answer.json).toMatchObject({ client_name: 'Merged' })
  })

  test('every problem of a registration is told at once, by field', async () => {
    const refused = await rest.post('/clients', { redirect_uris: ['http://shop.example/'], colour: 'red' })
    expect(refused).toMatchObject({ status: 422, json: { code: 'invalid_client_metadata' } })
    expect(Object.keys(refused.json.errors as object).sort()).toEqual([
      'client_name',
      'colour',
      'redirect_uris',
    ])
    for (const body of [[], 'text', 1, null])
      expect(await rest.post('/clients', body), String(body)).toMatchObject({ status: 422 })
  })

  test('a secret is rotated without downtime, and the old one ended', async () => {
    const { client_id, client_secret } = await create({
      ...jobClient,
    })
    const works = async (secret: unknown) => {
      const auth = { method: 'client_secret_basic', secret: String(secret) } as const
      const party = await discover({ issuer: latchkey.issuer, clientId: String(client_id), auth })
      return party.clientCredentials({ scope: jobs.scope }).then(
        () => true,
        () => false,
      )
    }
    const rotated = await rest.post(`/clients/${client_id}/secrets`, { keep_old_seconds: 600 })
    expect(rotated).toMatchObject({ status: 201, json: { client_secret_expires_at: 0 } })
    expect(await Promise.all([works(client_secret), works(rotated.json.client_secret)])).toEqual([true, true])
    const { secrets } = (await rest.get(`/clients/${client_id}`)).json as { secrets: { id: string }[] }
    expect(secrets).toHaveLength(2)
    expect(await rest.delete(`/clients/${client_id}/secrets/${secrets[1]?.id}`)).toMatchObject({
      status: 204,
    })
    expect(await works(rotated.json.client_secret)).toBe(true)
    expect(await rest.delete(`/clients/${client_id}/secrets/${secrets[1]?.id}`)).toMatchObject({
      status: 404,
    })
    expect(await rest.delete(`/clients/${client_id}/secrets/${secrets[0]?.id}`)).toMatchObject({
      status: 409,
    })
    expect(await rest.post(`/clients/${client_id}/secrets`, { keep_old_seconds: 'x' })).toMatchObject({
      status: 422,
    })
    expect(await rest.post(`/clients/${client_id}/secrets`)).toMatchObject({ status: 201 })
  })

  test('no secret of one client is ended in the name of another', async () => {
    const [one, other] = await Promise.all([create(), create()])
    const { secrets } = (await rest.get(`/clients/${other.client_id}`)).json as { secrets: { id: string }[] }
    const path = `/clients/${one.client_id}/secrets/${secrets[0]?.id}`
    expect(await rest.delete(path)).toMatchObject({ status: 404 })
    expect((await rest.get(`/clients/${other.client_id}`)).json.secrets).toHaveLength(1)
  })

  test('are cut off and let in again', async () => {
    const { client_id } = await create()
    expect((await rest.post(`/clients/${client_id}/disable`)).json).toMatchObject({ disabled: true })
    expect(await latchkey.services.clients.findForProtocol(String(client_id))).toBeUndefined()
    expect((await rest.post(`/clients/${client_id}/enable`)).json).toMatchObject({ disabled: false })
  })

  test('a lost update is refused: of two changes of one state, one is 412', async () => {
    const path = `/clients/${(await create()).client_id}`
    const etag = await tag(path)
    const names = ['First', 'Second']
    const answers = await Promise.all(
      names.map((client_name) => rest.patch(path, { client_name }, { 'if-match': etag })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
    const winner = answers.findIndex(({ status }) => status === 200)
    expect((await rest.get(path)).json.client_name).toBe(names[winner])
    expect(answers[winner]?.headers.get('etag')).toBe(await tag(path))
    expect(answers[1 - winner]?.json).toMatchObject({ code: 'precondition_failed' })
  })

  test('a stale tag deletes and changes nothing; the present one, one of several, or * does', async () => {
    const path = `/clients/${(await create()).client_id}`
    const stale = await tag(path)
    await rest.patch(path, { client_name: 'Newer' })
    for (const match of [stale, '"x"', `W/${await tag(path)}`, ''])
      expect((await rest.delete(path, { 'if-match': match })).status, match).toBe(412)
    const several = { 'if-match': `${stale}, ${await tag(path)}` }
    expect(await rest.patch(path, { client_name: 'Newest' }, several)).toMatchObject({ status: 200 })
    expect(await rest.delete(path, { 'if-match': '*' })).toMatchObject({ status: 204 })
  })

  test('one Idempotency-Key makes one client, and gives its answer again, secret included', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() }
    const body = { ...WEB, client_name: `Once on ${engine}` }
    const racing = await Promise.all(Array.from({ length: 6 }, () => rest.post('/clients', body, key)))
    for (const { status, json } of racing)
      if (status !== 201)
        expect({ status, json }).toMatchObject({ status: 409, json: { code: 'request_in_progress' } })
    const again = await rest.post('/clients', body, key)
    const first = racing.find(({ status }) => status === 201)
    expect(again).toMatchObject({ status: 201, json: first?.json })
    expect(again.headers.get('location')).toBe(first?.headers.get('location'))
    const found = await rest.get(`/clients?search=${encodeURIComponent(body.client_name)}`)
    expect(found.json.items).toHaveLength(1)

    expect(await rest.post('/clients', { ...body, client_name: 'Other' }, key)).toMatchObject({
      status: 422,
      json: { code: 'idempotency_key_reused' },
    })
    const somebody = await machine(latchkey)
    expect((await somebody.rest.post('/clients', body, key)).json.client_id).not.toBe(first?.json.client_id)
    expect(await rest.post('/clients', body, { 'idempotency-key': 'a b' })).toMatchObject({ status: 400 })
  })

  test('what failed under an Idempotency-Key may be tried again', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() }
    expect(await rest.post('/clients', {}, key)).toMatchObject({ status: 422 })
    expect(await rest.post('/clients', WEB, key)).toMatchObject({ status: 201 })
  })

  test('an answer that is kept is sealed: its secret is not in the database', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() }
    const { json } = await rest.post('/clients', WEB, key)
    const rows = await latchkey.services.db.artifacts.all<{ payload: string }>(
      "SELECT payload FROM artifacts WHERE model = 'AdministrationAnswer'",
    )
    expect(rows.length).toBeGreaterThan(0)
    expect(JSON.stringify(rows)).not.toContain(json.client_secret)
    expect(JSON.stringify(rows)).not.toContain('Photo Shop')
  })

  test('no list and no reading has a secret or a hash in it', async () => {
    await create()
    const list = await rest.get('/clients')
    const hashes = await latchkey.services.db.prisma.clientSecret.findMany()
    for (const { text } of [list, await rest.get(`/clients/${own}`)]) {
      expect(text).not.toMatch(/client_secret"|hash/)
      for (const { hash } of hashes) expect(text).not.toContain(hash)
    }
  })

  test('who did it is in the audit log', async () => {
    const { client_id } = await create()
    const log = await rest.get(`/audit?target=${client_id}`)
    expect(log.json.items).toMatchObject([{ action: 'client.created', actor_kind: 'client', actor_id: own }])
  })

  test('however much is wrong with a client, the answer and its log line are short', async () => {
    const client = { client_name: 'App', redirect_uris: ['https://app.example/cb'] }
    const many = Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`u${n}`, n]))
    const keys = Array.from({ length: 3000 }, () => ({ kty: 'RSA' }))
    for (const wrong of [many, { jwks: { keys } }, { ['n'.repeat(50_000)]: 1 }]) {
      const lines = latchkey.log.length
      const { status, text } = await rest.post('/clients', { ...client, ...wrong })
      expect(status).toBe(422)
      expect(text.length).toBeLessThan(5000)
      expect(latchkey.log.slice(lines).join('').length).toBeLessThan(10_000)
    }
  })
})
