import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { pastMidnight } from '../../support/midnight.ts'
import { machine, type Rest } from './support.ts'

describe.each(engines)('on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  const ahead = pastMidnight()
  const clock = () => Date.now() + ahead
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey.stop())

  test('APIs are added, found by their encoded identifier, and removed', async () => {
    const api = {
      identifier: 'https://orders.example/v1',
      scope: 'orders:read',
      access_token_ttl: 600,
      default_scopes: 'orders:read',
    }
    const added = await rest.post('/resources', api)
    expect(added).toMatchObject({ status: 201, json: { ...api, name: api.identifier } })
    const path = `/resources/${encodeURIComponent(api.identifier)}`
    expect(added.headers.get('location')).toBe(`${latchkey.issuer}/api/admin${path}`)
    expect(await rest.get(path)).toMatchObject({ status: 200, json: api })
    expect((await rest.get('/resources')).json.items).toMatchObject([api])
    expect(await rest.post('/resources', api)).toMatchObject({
      status: 409,
      json: { code: 'resource_exists' },
    })
    const wrong = await rest.post('/resources', { scope: '"', access_token_ttl: 1 })
    expect(Object.keys(wrong.json.errors as object).sort()).toEqual([
      'access_token_ttl',
      'identifier',
      'scope',
    ])
    const first = String((await rest.get(path)).headers.get('etag'))
    const changed = await rest.patch(
      path,
      { scope: 'orders:read orders:write', access_token_ttl: null },
      { 'if-match': first },
    )
    const stale = { status: 412, json: { code: 'precondition_failed' } }
    expect(await rest.patch(path, { name: 'Lost' }, { 'if-match': first })).toMatchObject(stale)
    expect(await rest.delete(path, { 'if-match': first })).toMatchObject(stale)
    const second = String(changed.headers.get('etag'))
    const at = { 'if-match': second }
    const racing = await Promise.all(['One', 'Two', 'Three'].map((name) => rest.patch(path, { name }, at)))
    expect(racing.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    expect(changed).toMatchObject({ status: 200, json: { scope: 'orders:read orders:write' } })
    expect(changed.json).not.toHaveProperty('access_token_ttl')
    const fixed = await rest.patch(path, { identifier: 'https://other.example' })
    expect(fixed).toMatchObject({ status: 422, json: { errors: { identifier: [expect.any(String)] } } })
    const now = { 'if-match': String((await rest.get(path)).headers.get('etag')) }
    const both = await Promise.all([rest.delete(path, now), rest.delete(path, now)])
    expect(both.map(({ status }) => status === 204).sort()).toEqual([false, true])
    for (const answer of [await rest.delete(path), await rest.get(path)])
      expect(answer).toMatchObject({ status: 404, json: { code: 'resource_not_found' } })
  })

  test('an API gets credentials by its encoded identifier: two, shown once, ended one by one or all', async () => {
    const identifier = 'https://credentials.example/v1'
    const path = `/resources/${encodeURIComponent(identifier)}/credentials`
    await rest.post('/resources', { identifier, scope: 'c:read', tokens: 'opaque' })
    const first = await rest.post(path)
    expect(first).toMatchObject({
      status: 201,
      json: {
        client_id: expect.stringMatching(/^api_/),
        client_secret: expect.any(String),
        created_at: expect.stringMatching(/T.*Z$/),
      },
    })
    const key = { 'idempotency-key': 'make-one' }
    const second = await rest.post(path, undefined, key)
    expect((await rest.post(path, undefined, key)).json).toEqual(second.json)
    expect(await rest.post(path)).toMatchObject({ status: 409, json: { code: 'too_many_credentials' } })
    const listed = await rest.get(path)
    expect(listed.json.items).toHaveLength(2)
    expect(JSON.stringify(listed.json)).not.toContain(String(second.json.client_secret))
    expect(await rest.delete(`${path}/${String(first.json.client_id)}`)).toMatchObject({ status: 204 })
    expect(await rest.delete(`${path}/${String(first.json.client_id)}`)).toMatchObject({
      status: 404,
      json: { code: 'credential_not_found' },
    })
    expect(await rest.delete(`${path}?client_id=${String(first.json.client_id)}`)).toMatchObject({
      status: 404,
    })
    expect(await rest.delete(path)).toMatchObject({ status: 204 })
    expect((await rest.get(path)).json).toEqual({ items: [] })
    const unknown = `/resources/${encodeURIComponent('https://none.example')}/credentials`
    for (const answer of [await rest.get(unknown), await rest.post(unknown), await rest.delete(unknown)])
      expect(answer).toMatchObject({ status: 404, json: { code: 'resource_not_found' } })
    const { json } = await rest.get('/audit?action=resource.credential')
    expect(JSON.stringify(json)).toContain('resource.credential_removed')
    expect(JSON.stringify(json)).not.toContain(String(second.json.client_secret))
  })

  test('the audit log is verified, against a head from earlier too; an entry is read by its number', async () => {
    const first = await rest.post('/audit/verify')
    expect(first).toMatchObject({ status: 200, json: { ok: true, problems: [], first: 1 } })
    const { head, entries } = first.json
    const again = await rest.post('/audit/verify', { head })
    expect(again).toMatchObject({ status: 200, json: { ok: true } })
    expect(Number(again.json.entries)).toBeGreaterThan(Number(entries))
    const other = await rest.post('/audit/verify', { head: `1:${'A'.repeat(43)}` })
    expect(other).toMatchObject({
      status: 200,
      json: { ok: false, problems: [{ kind: 'not_as_kept', seq: 1 }] },
    })
    expect((other.json.problems as { values?: object }[])[0]?.values).toEqual(expect.any(Object))
    const wrong = await rest.post('/audit/verify', { head: 'nothing' })
    expect([400, 422]).toContain(wrong.status)
    expect((await rest.get('/audit?action=audit.verified')).json.items?.length).toBe(3)
    expect(await rest.get('/audit/1')).toMatchObject({
      status: 200,
      json: { seq: 1, hash: expect.any(String) },
    })
    for (const seq of ['0', '-1', '1e3', '999999', 'x'])
      expect(await rest.get(`/audit/${seq}`), seq).toMatchObject({
        status: 404,
        json: { code: 'entry_not_found' },
      })
  })

  test('the figures of the overview are those of the console: thirty days, and what is still missing', async () => {
    const { email } = await latchkey.createUser()
    const signIn = (password: string) =>
      latchkey.services.accounts.authenticate({ identifier: email, password })
    await signIn('wrong')
    await signIn(PASSWORD)
    await latchkey.services.audit.idle()
    const { status, json } = await rest.get('/overview')
    expect(status).toBe(200)
    expect(json).toMatchObject({ has_clients: true, sends_mail: false, public_issuer: false })
    const days = json.days as Record<string, unknown>[]
    expect(days).toHaveLength(30)
    expect(days[29]).toMatchObject({
      day: new Date(clock()).toISOString().slice(0, 10),
      sign_ins: 1,
      failed_sign_ins: 1,
      lockouts: 0,
      active_clients: 1,
    })
    expect(days[0]).toMatchObject({ sign_ins: 0, failed_sign_ins: 0 })
  })

  test('sign-in providers are added, switched, tested and removed; their secret never comes back', async () => {
    const provider = {
      id: 'corp',
      kind: 'github',
      name: 'Corp',
      client_id: 'latchkey',
      client_secret: 'a secret of the provider',
    }
    const added = await rest.post('/providers', provider)
    expect(added).toMatchObject({
      status: 201,
      json: { id: 'corp', has_secret: true, callback_url: expect.stringContaining('/corp/callback') },
    })
    const answers = [added, await rest.get('/providers'), await rest.get('/providers/corp')]
    for (const { text } of answers) expect(text).not.toContain(provider.client_secret)
    expect((await rest.post('/providers/corp/disable')).json).toMatchObject({ disabled: true })
    expect((await rest.post('/providers/corp/enable')).json).toMatchObject({ disabled: false })
    expect(await rest.post('/providers', provider)).toMatchObject({ status: 409 })
    const wrong = await rest.post('/providers', { kind: 'github', settings: { colour: 'red' } })
    expect(Object.keys(wrong.json.errors as object)).toEqual(expect.arrayContaining(['id', 'client_id']))
    const changed = await rest.patch('/providers/corp', { name: 'Corporation' })
    expect(changed).toMatchObject({ status: 200, json: { name: 'Corporation', has_secret: true } })
    expect(changed.text).not.toContain(provider.client_secret)
    expect(await rest.delete('/providers/corp')).toMatchObject({ status: 204 })
    for (const answer of [
      await rest.get('/providers/corp'),
      await rest.delete('/providers/corp'),
      await rest.post('/providers/corp/test'),
    ])
      expect(answer).toMatchObject({ status: 404, json: { code: 'provider_not_found' } })
  })

  test('a provider changed since it was read is not changed or removed; changes at once are not lost', async () => {
    const path = '/providers/shared'
    await rest.post('/providers', {
      id: 'shared',
      kind: 'github',
      client_id: 'one',
      client_secret: 'a secret',
    })
    const tag = async () => String((await rest.get(path)).headers.get('etag'))
    const first = await tag()
    const changed = await rest.patch(path, { name: 'Shared' }, { 'if-match': first })
    expect(changed).toMatchObject({ status: 200, json: { name: 'Shared' } })
    expect(changed.headers.get('etag')).toBe(await tag())
    const stale = { status: 412, json: { code: 'precondition_failed' } }
    expect(await rest.patch(path, { name: 'Lost' }, { 'if-match': first })).toMatchObject(stale)
    expect(await rest.delete(path, { 'if-match': first })).toMatchObject(stale)

    for (const another of [
      () => rest.patch(path, { client_secret: 'another secret' }),
      () => rest.post(`${path}/disable`),
    ]) {
      const before = await tag()
      await another()
      expect(await rest.patch(path, { name: 'Lost' }, { 'if-match': before })).toMatchObject(stale)
    }

    const at = { 'if-match': await tag() }
    const racing = await Promise.all(['One', 'Two', 'Three'].map((name) => rest.patch(path, { name }, at)))
    expect(racing.map(({ status }) => status).sort()).toEqual([200, 412, 412])
    const fields = { name: 'All', client_id: 'two', keep_tokens: true, email_domains: ['corp.example'] }
    const atOnce = Object.entries(fields).map(([name, value]) => rest.patch(path, { [name]: value }))
    expect((await Promise.all(atOnce)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
    expect((await rest.get(path)).json).toMatchObject({ ...fields, disabled: true, has_secret: true })
    expect(await rest.delete(path, { 'if-match': await tag() })).toMatchObject({ status: 204 })
  })

  test('a provider is asked whether it is set up right', async () => {
    await rest.post('/providers', {
      id: 'nowhere',
      kind: 'oidc',
      client_id: 'x',
      client_secret: 'y',
      settings: { issuer: 'https://login.invalid' },
    })
    const tested = await rest.post('/providers/nowhere/test')
    expect(tested.json.items).toMatchObject([{ status: 'fail', message: expect.any(String) }])
  })

  test('keys are rotated and retired; no private half is ever in an answer', async () => {
    const keys = await rest.get('/keys')
    expect(keys.json.items).toHaveLength(4)
    const rotated = await rest.post('/keys/rotate', { alg: 'ES256' })
    expect(rotated.json.items).toHaveLength(5)
    const signing = rotated.json.items?.find(({ alg, state }) => alg === 'ES256' && state === 'signing')
    expect(await rest.post(`/keys/${signing?.kid}/retire`)).toMatchObject({ status: 409 })
    const replaced = await rest.post('/keys/rotate', { alg: 'ES256', now: true })
    expect(replaced.json.items?.find(({ kid }) => kid === signing?.kid)).toMatchObject({ state: 'withdrawn' })
    expect(await rest.post('/keys/none/retire')).toMatchObject({ status: 404 })
    expect(await rest.post('/keys/rotate', { alg: 'HS256' })).toMatchObject({
      status: 422,
      json: { errors: { alg: [expect.any(String)] } },
    })
    for (const { text } of [keys, rotated, replaced]) expect(text).not.toMatch(/sealed|"d"|v1\./)
  })

  test('the audit log is searched and exported, and knows that it was', async () => {
    await rest.post('/resources', { identifier: 'https://audited.example', scope: 'a' })
    const found = await rest.get('/audit?action=resource.added&target=https://audited.example')
    expect(found.json.items).toMatchObject([
      { action: 'resource.added', actor_kind: 'client', target_id: 'https://audited.example' },
    ])
    const lines = await rest.get('/audit/export?action=resource.added')
    expect(lines.headers.get('content-type')).toContain('application/jsonl')
    expect(lines.headers.get('content-disposition')).toContain('audit.jsonl')
    const entries = lines.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(entries[0]).toMatchObject({ target_id: 'https://audited.example' })
    const csv = await rest.get('/audit/export?format=csv')
    expect(csv.text).toMatch(/^seq,time,action/)
    expect((await rest.get('/audit?action=audit.exported')).json.items).toHaveLength(2)
    expect(await rest.get('/audit?from=yesterday')).toMatchObject({ status: 400 })
    expect(await rest.get('/audit?colour=red')).toMatchObject({
      status: 422,
      json: { errors: { colour: [expect.any(String)] } },
    })
    expect(await rest.get('/audit/export?format=xml')).toMatchObject({ status: 422 })
  })

  test('a refused request is listed and explained', async () => {
    const app = await latchkey.createClient()
    const query = new URLSearchParams({
      client_id: app.client_id,
      response_type: 'code',
      redirect_uri: `${app.redirect_uri}/`,
    })
    expect((await fetch(`${latchkey.issuer}/authorize?${query}`)).status).toBe(400)
    const list = await rest.get(`/rejections?client_id=${app.client_id}`)
    expect(list.json.items).toMatchObject([
      { client_id: app.client_id, facts: { redirect_uri: `${app.redirect_uri}/` } },
    ])
    const explained = await rest.get(`/rejections/${list.json.items?.[0]?.id}`)
    expect(explained.json).toMatchObject({
      explanation: { mistake: expect.any(String), in_app: expect.any(String) },
    })
    expect(await rest.get('/rejections/0b8f3a52-7a0c-4c5e-8f8e-2f7d4d1b9a11')).toMatchObject({ status: 404 })
  })

  test('a page that is none, and a limit that is none', async () => {
    for (const path of ['/clients', '/users', '/resources', '/rejections', '/audit']) {
      expect(await rest.get(`${path}?cursor=x`), path).toMatchObject({ json: { code: 'invalid_page' } })
      for (const limit of ['0', '101', 'x', '1.5', ''])
        expect((await rest.get(`${path}?limit=${limit}`)).status, `${path} ${limit}`).toBe(422)
    }
  })

  test('ids that are nobody’s, too long, or hold a NUL are not found', async () => {
    for (const id of ['x', '..', '%00', 'a%00b', '%27%20OR%201=1--', 'x'.repeat(400), '__proto__']) {
      for (const path of ['clients', 'users', 'resources', 'providers', 'rejections'])
        expect(
          (await rest.get(`/${path}/${id === '..' ? '%2e%2e' : id}`)).status,
          `${path}/${id}`,
        ).toBeGreaterThanOrEqual(400)
    }
  })
})

test('a body that is too large, no JSON, or holds a NUL', async () => {
  const latchkey = await startLatchkey()
  try {
    const { token } = await machine(latchkey)
    const post = (body: string, type = 'application/json') =>
      fetch(`${latchkey.issuer}/api/admin/users`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body,
      }).then(({ status }) => status)
    expect(await post(JSON.stringify('x'.repeat(70_000)))).toBe(413)
    expect(await post('{')).toBe(400)
    expect(await post('{"username":"a\\u0000b"}')).toBe(400)
    expect(await post('{"__proto__":{"role":"admin"}}')).toBe(400)
    expect(await post('username=ada', 'application/x-www-form-urlencoded')).toBe(415)
  } finally {
    await latchkey.stop()
  }
})

test('the rate limit of administration counts before the token is looked at', async () => {
  const latchkey = await startLatchkey({ env: { RATE_LIMIT: 'on' } })
  try {
    const send = () => fetch(`${latchkey.issuer}/api/admin/clients`)
    for (let sent = 0; sent < 300; sent += 50) await Promise.all(Array.from({ length: 50 }, send))
    const refused = await send()
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  } finally {
    await latchkey.stop()
  }
})
