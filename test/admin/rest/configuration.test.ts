import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { createRest, machine, person, type Rest } from './support.ts'

const SECRET = 'hunter2-hunter2-hunter2'
const FILE = `version: 1
resources:
  - identifier: https://books.example
    name: Books
    scope: books:read books:write
providers:
  - id: okta
    kind: oidc
    name: Okta
    client_id: latchkey
    client_secret_env: OKTA_SECRET
    settings: { issuer: "https://okta.example" }
clients:
  - key: web
    client_name: Web shop
    redirect_uris: [https://shop.example/cb]
    scope: openid books:read
`
const clients = (entries: string) => `version: 1\nclients:\n  - ${entries}\n`

describe.each(engines)('configuration by REST on %s', (engine) => {
  let latchkey: Latchkey
  let admin: Rest
  let token: string
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    const who = await person(latchkey, 'admin')
    admin = who.rest
    token = who.tokens.access_token
  })
  afterAll(() => latchkey?.stop())
  const post = (path: string, yaml: string, also: object = {}, headers: Record<string, string> = {}) =>
    admin.post(`/configuration/${path}`, { yaml, ...also }, headers)
  const changesOf = ({ json }: { json: Record<string, unknown> }, field = 'changes') =>
    (json[field] as { action: string; kind: string; name: string }[]).map(
      ({ action, kind, name }) => `${action} ${kind} ${name}`,
    )

  test('a plan says what would be done, and does nothing; an apply does it once', async () => {
    const secrets = { OKTA_SECRET: SECRET }
    const all = ['create resource https://books.example', 'create provider okta', 'create client web']
    const plan = await post('plan', FILE, { secrets })
    expect(plan.status).toBe(200)
    expect(changesOf(plan)).toEqual(all)
    expect(changesOf(await post('plan', FILE, { secrets }))).toEqual(all)

    const applied = await post('apply', FILE, { secrets })
    expect(applied).toMatchObject({ status: 200, json: { status: 'applied' } })
    expect(changesOf(applied, 'done')).toEqual(all)
    const [secret] = applied.json.secrets as Record<string, string>[]
    expect(secret).toMatchObject({ name: 'web', client_id: expect.stringMatching(/^lk_/) })
    expect(secret?.client_secret).toBeTruthy()

    const again = await post('apply', FILE, { secrets })
    expect(again).toMatchObject({ status: 200, json: { status: 'applied', done: [], secrets: [] } })
    for (const { text } of [
      plan,
      again,
      await admin.get('/configuration'),
      await admin.get('/configuration/drift'),
    ]) {
      expect(text).not.toContain(SECRET)
      expect(text).not.toContain(secret?.client_secret)
    }
    expect(await latchkey.services.providers.secretIs('okta', SECRET)).toBe(true)
  })

  test('what is exported says what there is, and applying it changes nothing', async () => {
    const exported = await admin.get('/configuration')
    expect(exported.headers.get('content-type')).toBe('application/yaml; charset=utf-8')
    expect(exported.headers.get('cache-control')).toBe('no-store')
    expect(exported.text).toMatch(/^version: 1\nresources:\n {2}- identifier: https:\/\/books\.example\n/)
    expect(exported.text).toContain('  - key: web\n    client_name: Web shop\n')
    expect(exported.text).toBe(await latchkey.services.configuration.export())
    const plan = await post('plan', exported.text)
    expect(plan).toMatchObject({ status: 200, json: { changes: [], unnamed: { clients: 0, resources: 0 } } })
  })

  test('the file itself is taken too, as application/yaml', async () => {
    const send = (body: string, type = 'application/yaml') =>
      fetch(`${latchkey.issuer}/api/admin/configuration/plan`, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': type },
        body,
      })
    const answer = await send(FILE)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ changes: [] })
    expect((await send('version: 1\u0000')).status).toBe(400)
    expect((await send(FILE, 'text/html')).status).toBe(415)
    expect((await send(`# ${'x'.repeat(1024 * 1024)}`)).status).toBe(413)
    expect(await (await send('[')).json()).toMatchObject({ status: 422, code: 'invalid_configuration' })
  })

  test('what has drifted from the file that was applied last is told field by field', async () => {
    const plan = await post('plan', FILE)
    expect(changesOf(plan)).toEqual([])
    expect(changesOf(await admin.get('/configuration/drift'))).toEqual([])
    const shop = (await admin.get('/clients?search=Web%20shop')).json.items?.[0]
    await admin.patch(`/clients/${String(shop?.client_id)}`, { client_name: 'Corner shop' })
    const drift = await admin.get('/configuration/drift')
    expect(drift).toMatchObject({
      status: 200,
      json: {
        applied_at: expect.stringMatching(/^\d{4}-.*Z$/),
        applied_by: expect.any(String),
        problem: null,
        changes: [
          {
            action: 'update',
            name: 'web',
            fields: [{ field: 'client_name', before: 'Corner shop', after: 'Web shop' }],
          },
        ],
      },
    })
    expect(changesOf(await post('apply', FILE), 'done')).toEqual(['update client web'])
  })

  test('with If-Match only the plan is applied that was looked at', async () => {
    const renamed = FILE.replace('Web shop', 'Night shop')
    const plan = await post('plan', renamed)
    const etag = String(plan.headers.get('etag'))
    const shop = (await admin.get('/clients?search=Web%20shop')).json.items?.[0]
    await admin.patch(`/clients/${String(shop?.client_id)}`, { logo_uri: 'https://shop.example/l.png' })
    const stale = await post('apply', renamed, {}, { 'if-match': etag })
    expect(stale).toMatchObject({ status: 412, json: { code: 'precondition_failed' } })
    expect((await latchkey.services.clients.get(String(shop?.client_id))).client_name).toBe('Web shop')
    const fresh = String((await post('plan', renamed)).headers.get('etag'))
    expect(fresh).not.toBe(etag)
    expect(await post('apply', renamed, {}, { 'if-match': fresh })).toMatchObject({
      status: 200,
      json: { status: 'applied' },
    })
  })

  test('an Idempotency-Key gives the same answer again, the secrets of new clients included', async () => {
    const file = clients('{ key: once, client_name: Once, redirect_uris: [https://once.example/cb] }')
    const key = { 'idempotency-key': `apply-${engine}` }
    const first = await post('apply', file, {}, key)
    const second = await post('apply', file, {}, key)
    expect((first.json.secrets as unknown[]).length).toBe(1)
    expect(second.json).toEqual(first.json)
    expect(await post('apply', FILE, {}, key)).toMatchObject({
      status: 422,
      json: { code: 'idempotency_key_reused' },
    })
  })

  test('every problem of a file is told by its place and line, and how many there are', async () => {
    const wrong = `version: 1\nclients:\n  - key: BAD KEY\n    client_name: X\n    colour: red\n`
    for (const path of ['plan', 'apply']) {
      const refused = await post(path, wrong)
      expect(refused).toMatchObject({ status: 422, json: { code: 'invalid_configuration' } })
      expect(refused.json.errors).toMatchObject({
        'clients[0].key': [expect.stringMatching(/^line 3: must be 1 to 63/)],
        'clients[0].colour': [expect.stringMatching(/^line 5: is not known/)],
      })
    }
    const many = `version: 1\nclients:\n${'  - { client_name: No key }\n'.repeat(150)}`
    const refused = await post('plan', many)
    expect(refused.status).toBe(422)
    expect(refused.text.length).toBeLessThan(10_000)
    expect(refused.json.errors).toMatchObject({
      'clients[0]': [expect.stringMatching(/^line 3: needs a key/)],
    })
    expect(String(refused.json.detail)).toMatch(/\d{3} problems\.$/)
    const wide = `version: 1\n${Array.from({ length: 50_000 }, (_, each) => `field${each}: 1`).join('\n')}\n`
    expect(await post('plan', wide)).toMatchObject({
      status: 422,
      json: { errors: { yaml: ['line 201: is a map of more than 200 fields'] } },
    })
  })

  test('it stops at the first failure, and the answer says what is done and what is not', async () => {
    const { clients: service } = latchkey.services
    const file = `version: 1\nclients:
  - { key: goes, client_name: Goes, redirect_uris: [https://goes.example/cb] }
  - { key: web, client_name: Other, redirect_uris: [https://shop.example/cb] }\n`
    const shop = (await admin.get('/clients?search=Night%20shop')).json.items?.[0]
    // An administrator changes a client between the plan and its turn.
    const raced = await latchkey.services.configuration.apply(file, () => undefined, {
      check: async () => {
        await service.update(String(shop?.client_id), { client_name: 'Mine' })
      },
    })
    expect(raced.done.map(({ name }) => name)).toEqual(['goes'])
    expect(raced.failed).toMatchObject({ change: { name: 'web' }, error: { code: 'version_conflict' } })
    expect((await service.get(String(shop?.client_id))).client_name).toBe('Mine')
  })

  test('no variable and no file of the server is read for a file that comes by REST', async () => {
    vi.stubEnv('LATCHKEY_TEST_SECRET', SECRET)
    const file = (source: string) =>
      FILE.replace('id: okta', 'id: other').replace('client_secret_env: OKTA_SECRET', source)
    for (const [source, message] of [
      ['client_secret_env: LATCHKEY_TEST_SECRET', 'the secret LATCHKEY_TEST_SECRET was not sent in secrets'],
      ['client_secret_env: constructor', 'the secret constructor was not sent in secrets'],
      ['client_secret_file: /etc/hostname', '/etc/hostname is not read here; name it with client_secret_env'],
    ] as const)
      for (const path of ['plan', 'apply']) {
        const refused = await post(path, file(source))
        expect(refused.status).toBe(422)
        expect(refused.text).toContain(message)
      }
  })

  test('an auditor and a token that only reads may plan and export, and not apply', async () => {
    const auditor = (await person(latchkey, 'auditor')).rest
    const reader = (await machine(latchkey, 'admin:read')).rest
    for (const rest of [auditor, reader]) {
      expect((await rest.get('/configuration')).status).toBe(200)
      expect((await rest.post('/configuration/plan', { yaml: FILE })).status).toBe(200)
      expect((await rest.post('/configuration/apply', { yaml: FILE })).status).toBe(403)
    }
    expect((await createRest(latchkey.issuer).get('/configuration')).status).toBe(401)
  })

  test('a client that acts for itself gets no administration by a file, not even in parts', async () => {
    const { rest, client_id } = await machine(latchkey)
    const apply = (yaml: string) => rest.post('/configuration/apply', { yaml, secrets: { GH: 'x' } })
    const refused = { status: 403, json: { code: 'administration_not_granted' } }
    const names = async () => (await latchkey.services.clients.list({ limit: 100 })).items.length
    const before = await names()
    for (const yaml of [
      // A scope of administration, of a new client and of one that is there.
      clients('{ key: evil, client_name: E, grant_types: [client_credentials], scope: "admin:write" }'),
      clients(
        '{ key: once, client_name: Once, redirect_uris: [https://once.example/cb], scope: "openid admin:read" }',
      ),
      // A client that may administer: its own, or by cutting it off.
      clients(
        `{ client_id: ${client_id}, client_name: Mine, grant_types: [client_credentials], scope: "admin:read" }`,
      ),
      'version: 1\nclients: []\nprune: { clients: true }\n',
      // A name by which a later file finds it.
      clients('{ key: later, client_name: Later, redirect_uris: [https://later.example/cb] }'),
      // A GitHub that is asked elsewhere.
      'version: 1\nproviders:\n  - { id: gh, kind: github, client_id: x, client_secret_env: GH, settings: { url: "https://gh.example", api_url: "https://evil.example" } }\n',
      // Harmless, and something that is not.
      `version: 1\nresources:\n  - { identifier: "https://half.example", scope: half }\nclients:\n  - { key: evil, client_name: E, redirect_uris: [https://e.example/cb] }\n`,
    ])
      expect(await apply(yaml), yaml).toMatchObject(refused)
    expect(await names()).toBe(before)
    expect(await latchkey.services.resources.findForProtocol('https://half.example')).toBeUndefined()
    const fine = await apply(
      clients('{ key: once, client_name: Once and again, redirect_uris: [https://once.example/cb] }'),
    )
    expect(fine).toMatchObject({ status: 200, json: { status: 'applied' } })
  })

  test('applying is in the audit log, by whom', async () => {
    await post('apply', FILE)
    const { items } = (await admin.get('/audit?action=configuration.applied&limit=1')).json
    expect(items).toMatchObject([{ action: 'configuration.applied', actor_kind: 'account' }])
  })
})

test('while everything is exported, other requests are answered', async () => {
  const seen: string[] = []
  const begun = Promise.withResolvers<void>()
  const listen = (message: unknown) => {
    const { fastify } = message as { fastify: FastifyInstance }
    fastify.addHook('onRequest', async ({ url }) => {
      if (url === '/api/admin/configuration') begun.resolve()
    })
    fastify.addHook('onSend', async ({ url }, _reply, payload) => {
      seen.push(url)
      return payload
    })
  }
  subscribe('fastify.initialization', listen)
  const latchkey = await startLatchkey()
  unsubscribe('fastify.initialization', listen)
  try {
    const at = new Date()
    await latchkey.services.db.prisma.client.createMany({
      data: Array.from({ length: 2000 }, (_, each) => ({
        id: `lk_many_${each}`,
        name: `Client ${each}`,
        metadata: JSON.stringify({
          client_name: `Client ${each}`,
          redirect_uris: ['https://app.example/cb'],
          post_logout_redirect_uris: [],
          grant_types: ['authorization_code'],
          response_types: ['code'],
          token_endpoint_auth_method: 'client_secret_basic',
          application_type: 'web',
          id_token_signed_response_alg: 'RS256',
        }),
        pkce: 'required',
        firstParty: false,
        createdAt: at,
        updatedAt: at,
      })),
    })
    const { rest } = await machine(latchkey, 'admin:read')
    await rest.get('/overview')
    const exporting = rest.get('/configuration')
    await begun.promise
    expect((await fetch(`${latchkey.issuer}/health/live`)).status).toBe(200)
    const { status, text } = await exporting
    expect([status, text.match(/client_id: lk_many_/g)?.length]).toEqual([200, 2000])
    expect(seen.indexOf('/health/live')).toBeGreaterThan(-1)
    expect(seen.indexOf('/health/live')).toBeLessThan(seen.indexOf('/api/admin/configuration'))
  } finally {
    await latchkey.stop()
  }
})
