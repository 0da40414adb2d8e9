import { hash } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Clients, createClients } from '../../src/clients/clients.ts'
import type { ClientEvent } from '../../src/clients/events.ts'
import { secretMatches } from '../../src/clients/secrets.ts'
import type { Sql } from '../../src/storage/sql.ts'
import { engines, type OpenedDatabase, openOn } from './engines.ts'

const web = { client_name: 'Shop', redirect_uris: ['https://app.example/cb'] }
const HOUR = 3_600_000

describe.each(engines)('clients on %s', (engine) => {
  let db: OpenedDatabase
  let clients: Clients
  let now = Date.UTC(2026, 10, 20)
  let events: ClientEvent[] = []
  let revoked: string[] = []
  let statements: string[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    const reads: Sql = {
      ...db.reads,
      all: (text, parameters) => {
        statements.push(text)
        return db.reads.all(text, parameters)
      },
    }
    clients = createClients({
      db: { ...db, reads },
      clock: () => now,
      events: (event) => events.push(event),
      artifacts: { revokeByClient: async (id) => revoked.push(id) - revoked.length },
    })
  })
  afterAll(() => db.close())
  beforeEach(() => {
    events = []
    revoked = []
    statements = []
  })

  const validates = async (clientId: string, secret: string | undefined) => {
    const found = await clients.findForProtocol(clientId)
    return found !== undefined && secret !== undefined && secretMatches(found.secretHashes, secret)
  }

  test('create answers in RFC 7591 names, with a secret of 256 bits', async () => {
    const created = await clients.create({ ...web, scope: 'openid email' })
    expect(created).toEqual({
      client_id: expect.stringMatching(/^lk_[0-9a-f]{32}$/),
      client_id_issued_at: now / 1000,
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      client_name: 'Shop',
      redirect_uris: web.redirect_uris,
      post_logout_redirect_uris: [],
      grant_types: ['authorization_code'],
      response_types: ['code'],
      token_endpoint_auth_method: 'client_secret_basic',
      application_type: 'web',
      id_token_signed_response_alg: 'RS256',
      id_token_identity_claims: true,
      scope: 'openid email',
      pkce: 'auto',
      first_party: false,
      disabled: false,
      source: 'administrator',
      verified: true,
      secrets: [{ id: expect.any(String), issued_at: now / 1000, expires_at: 0, last_used_at: null }],
      version: expect.any(String),
    })
    expect(await validates(created.client_id, created.client_secret)).toBe(true)
    expect(await validates(created.client_id, `${created.client_secret}x`)).toBe(false)
    expect(await validates(created.client_id, '')).toBe(false)
    expect(events).toMatchObject([
      { type: 'client.created', client_id: created.client_id, client_name: 'Shop' },
    ])
    // Nothing of it is secret.
    expect(JSON.stringify(events)).not.toContain(created.client_secret)
  })

  test('a public client has no secret', async () => {
    const created = await clients.create({ ...web, token_endpoint_auth_method: 'none' })
    expect(created).not.toHaveProperty('client_secret')
    expect((await clients.findForProtocol(created.client_id))?.secretHashes).toEqual([])
  })

  test('no secret is stored in clear, nor sent to the events', async () => {
    const created = await clients.create(web)
    const rotated = await clients.rotateSecret(created.client_id)
    const dump = JSON.stringify([await db.prisma.client.findMany(), await db.prisma.clientSecret.findMany()])
    for (const secret of [created.client_secret ?? '', rotated.client_secret]) {
      expect(dump).toContain(hash('sha256', secret, 'base64url'))
      expect(dump).not.toContain(secret)
      expect(JSON.stringify(events)).not.toContain(secret)
    }
  })

  test('the protocol reads a client by one statement', async () => {
    const created = await clients.create({ ...web, pkce: 'optional', first_party: true })
    statements = []
    expect(await clients.findForProtocol(created.client_id)).toEqual({
      version: expect.any(String),
      metadata: {
        client_id: created.client_id,
        client_name: 'Shop',
        redirect_uris: web.redirect_uris,
        post_logout_redirect_uris: [],
        grant_types: ['authorization_code'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
        id_token_signed_response_alg: 'RS256',
        id_token_identity_claims: true,
      },
      secretHashes: [hash('sha256', created.client_secret ?? '', 'base64url')],
      pkce: 'optional',
      firstParty: true,
      verified: true,
    })
    expect(statements).toHaveLength(1)
  })

  test.each(['', 'lk_unknown', 'x'.repeat(5000), 'a\u0000b', '\u{1f600}', "' OR 1=1 --"])(
    'unknown to everything: %j',
    async (id) => {
      const notFound = expect.objectContaining({ code: 'client_not_found', status: 404 })
      expect(await clients.findForProtocol(id)).toBeUndefined()
      await expect(clients.get(id)).rejects.toEqual(notFound)
      await expect(clients.update(id, {})).rejects.toEqual(notFound)
      await expect(clients.disable(id)).rejects.toEqual(notFound)
      await expect(clients.enable(id)).rejects.toEqual(notFound)
      await expect(clients.rotateSecret(id)).rejects.toEqual(notFound)
      await expect(clients.delete(id)).rejects.toEqual(notFound)
      expect([events, revoked]).toEqual([[], []])
    },
  )

  test('a client has the same version until it is changed, and every change gives it another', async () => {
    const { client_id: id } = await clients.create(web)
    const version = async () => (await clients.findForProtocol(id))?.version
    const first = await version()
    now += 1000
    expect(await version()).toBe(first)
    const changes: (() => Promise<unknown>)[] = [
      () => clients.update(id, { client_name: 'Store' }),
      () => clients.update(id, { first_party: true }),
      () => clients.update(id, { pkce: 'required' }),
      () => clients.setVerified(id, false),
      () => clients.rotateSecret(id),
      () => clients.rotateSecret(id, { keepOldSeconds: 0 }),
    ]
    const seen = new Set([first])
    for (const change of changes) {
      await change()
      seen.add(await version())
    }
    expect(seen.size).toBe(changes.length + 1)
    await clients.lendSecret(id, async () => expect(await version()).not.toBe([...seen].at(-1)))
    expect(await version()).toBe([...seen].at(-1))
    await clients.disable(id)
    expect(await version()).toBeUndefined()
  })

  test('an edit changes what it names, null unsets, and other processes see it within a second', async () => {
    const other = createClients({
      db: await db.second(),
      clock: () => now,
      events: () => {},
      artifacts: { revokeByClient: async () => 0 },
    })
    const { client_id: id } = await clients.create({
      ...web,
      logo_uri: 'https://app.example/l.png',
      scope: 'openid',
    })
    await other.update(id, {
      client_name: 'Store',
      logo_uri: null,
      redirect_uris: ['https://app.example/cb2'],
    })
    const seen = await clients.findForProtocol(id)
    expect(seen?.metadata).toMatchObject({
      client_name: 'Store',
      scope: 'openid',
      redirect_uris: ['https://app.example/cb2'],
    })
    expect(seen?.metadata).not.toHaveProperty('logo_uri')
    await other.disable(id)
    now += 1000
    expect(await clients.findForProtocol(id)).toBeUndefined()
  })

  test('an edit cannot make what a registration could not, and leaves all as it was', async () => {
    const { client_id: id } = await clients.create(web)
    await expect(
      clients.update(id, { redirect_uris: ['http://app.example/cb'], client_name: null }),
    ).rejects.toMatchObject({
      code: 'invalid_client_metadata',
      errors: {
        redirect_uris: [expect.stringMatching(/use https/)],
        client_name: [expect.stringMatching(/missing/)],
      },
    })
    expect(await clients.get(id)).toMatchObject(web)
    expect(events.map(({ type }) => type)).toEqual(['client.created'])
  })

  test.each([
    ['open', 'required'],
    ['dynamic', 'required'],
    ['administrator', 'auto'],
    ['configuration', 'auto'],
  ] as const)(
    'the rule of PKCE that is unset is the default again: for a client of %s it is %s',
    async (source, rule) => {
      const { client_id: id } = await clients.create(web, { source, verified: true })
      expect((await clients.update(id, { pkce: 'optional' })).pkce).toBe('optional')
      expect((await clients.update(id, { pkce: null })).pkce).toBe(rule)
      // What an administrator says counts for every client.
      expect((await clients.update(id, { pkce: 'auto' })).pkce).toBe('auto')
      expect((await clients.update(id, { client_name: 'Shop' })).pkce).toBe('auto')
    },
  )

  test('two edits at once both last', async () => {
    const { client_id: id } = await clients.create(web)
    await Promise.all([
      clients.update(id, { logo_uri: 'https://app.example/l.png' }),
      clients.update(id, { tos_uri: 'https://app.example/tos' }),
      clients.update(id, { contacts: ['ops@app.example'] }),
    ])
    expect(await clients.get(id)).toMatchObject({
      logo_uri: 'https://app.example/l.png',
      tos_uri: 'https://app.example/tos',
      contacts: ['ops@app.example'],
    })
  })

  test('a derived application type follows the redirect URIs; a chosen one stays', async () => {
    const none = { client_name: 'App', token_endpoint_auth_method: 'none' }
    const derived = await clients.create({ ...none, redirect_uris: ['https://app.example/cb'] })
    const chosen = await clients.create({
      ...none,
      redirect_uris: ['https://app.example/cb'],
      application_type: 'native',
    })
    const uris = { redirect_uris: ['https://app.example/cb2'] }
    expect(await clients.update(derived.client_id, { redirect_uris: ['com.example.app:/cb'] })).toMatchObject(
      {
        application_type: 'native',
      },
    )
    expect(await clients.update(derived.client_id, uris)).toMatchObject({ application_type: 'web' })
    expect(await clients.update(chosen.client_id, uris)).toMatchObject({ application_type: 'native' })
  })

  test('a client that begins to authenticate by secret gets one, and loses it when it ends', async () => {
    const { client_id: id } = await clients.create({ ...web, token_endpoint_auth_method: 'none' })
    const confidential = await clients.update(id, { token_endpoint_auth_method: 'client_secret_post' })
    expect(await validates(id, confidential.client_secret)).toBe(true)
    expect(await clients.update(id, { client_name: 'x' })).not.toHaveProperty('client_secret')
    const open = await clients.update(id, { token_endpoint_auth_method: 'none' })
    expect(open.secrets).toEqual([])
    expect(await validates(id, confidential.client_secret)).toBe(false)
  })

  test('disabled is unknown to the protocol, and everything it was issued ends', async () => {
    const created = await clients.create(web)
    await clients.disable(created.client_id)
    expect(await clients.findForProtocol(created.client_id)).toBeUndefined()
    expect(await clients.get(created.client_id)).toMatchObject({ disabled: true })
    expect(revoked).toEqual([created.client_id])
    await clients.enable(created.client_id)
    expect(await validates(created.client_id, created.client_secret)).toBe(true)
  })

  test('deleted is gone with its secrets, and everything it was issued ends', async () => {
    const { client_id: id } = await clients.create(web)
    await clients.delete(id)
    expect(revoked).toEqual([id])
    expect(await clients.findForProtocol(id)).toBeUndefined()
    expect(await db.prisma.clientSecret.count({ where: { clientId: id } })).toBe(0)
    await expect(clients.delete(id)).rejects.toMatchObject({ code: 'client_not_found' })
    expect(events.map(({ type }) => type)).toEqual(['client.created', 'client.deleted'])
  })

  describe('rotating a secret', () => {
    test('both are valid for a day, then the new one only', async () => {
      const created = await clients.create(web)
      const rotated = await clients.rotateSecret(created.client_id)
      expect(rotated).toEqual({
        client_id: created.client_id,
        client_secret: expect.stringMatching(/^[\w-]{43}$/),
        client_secret_expires_at: 0,
        previous_secret_expires_at: now / 1000 + 86_400,
      })
      const old = () => validates(created.client_id, created.client_secret)
      expect([await old(), await validates(created.client_id, rotated.client_secret)]).toEqual([true, true])
      now += 24 * HOUR - 1
      expect(await old()).toBe(true)
      now += 1
      expect([await old(), await validates(created.client_id, rotated.client_secret)]).toEqual([false, true])
      expect((await clients.get(created.client_id)).secrets).toHaveLength(1)
    })

    test('a second rotation drops the oldest and does not prolong', async () => {
      const first = await clients.create(web)
      const id = first.client_id
      const second = await clients.rotateSecret(id, { keepOldSeconds: 3600 })
      const third = await clients.rotateSecret(id, { keepOldSeconds: 7200 })
      expect(await validates(id, first.client_secret)).toBe(false)
      expect(await validates(id, second.client_secret)).toBe(true)
      expect(await validates(id, third.client_secret)).toBe(true)
      expect((await clients.findForProtocol(id))?.secretHashes).toHaveLength(2)
    })

    test('with no overlap the old one ends at once', async () => {
      const created = await clients.create(web)
      const rotated = await clients.rotateSecret(created.client_id, { keepOldSeconds: 0 })
      expect(rotated.previous_secret_expires_at).toBe(0)
      expect(await validates(created.client_id, created.client_secret)).toBe(false)
    })

    test('ten at once leave two valid secrets', async () => {
      const { client_id: id } = await clients.create(web)
      // SQLite's driver waits for a lock with the whole process: two writers in one would wait for each other.
      const other = createClients({
        db: engine === 'sqlite' ? db : await db.second(),
        clock: () => now,
        events: () => {},
        artifacts: { revokeByClient: async () => 0 },
      })
      const rotations = await Promise.all(
        Array.from({ length: 10 }, (_, index) => (index % 2 ? other : clients).rotateSecret(id)),
      )
      const valid = await Promise.all(rotations.map(({ client_secret: secret }) => validates(id, secret)))
      expect(valid.filter(Boolean)).toHaveLength(2)
      expect(await db.prisma.clientSecret.count({ where: { clientId: id } })).toBe(2)
    })

    test.each([-1, 1.5, Number.NaN, 7_776_001])('refuses an overlap of %d', async (keepOldSeconds) => {
      const { client_id: id } = await clients.create(web)
      await expect(clients.rotateSecret(id, { keepOldSeconds })).rejects.toMatchObject({
        code: 'invalid_overlap',
      })
    })

    test('a client without secret has none to rotate', async () => {
      const { client_id: id } = await clients.create({ ...web, token_endpoint_auth_method: 'none' })
      await expect(clients.rotateSecret(id)).rejects.toMatchObject({
        code: 'client_has_no_secret',
        status: 409,
      })
    })
  })

  test('pages list every client once, newest first, also while one is deleted', async () => {
    const made: string[] = []
    for (let index = 0; index < 5; index += 1) {
      now += index % 2
      made.push((await clients.create({ ...web, client_name: `Page ${index}` })).client_id)
    }
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await clients.list({ limit: 2, cursor })
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map((client) => client.client_id))
      cursor = page.next_cursor
      const last = page.items.at(-1)
      if (last?.client_name === 'Page 3') await clients.delete(last.client_id)
    } while (cursor !== undefined)
    expect(new Set(seen).size).toBe(seen.length)
    expect(made.every((id) => seen.includes(id))).toBe(true)
    const issued = (await clients.list({ limit: 100 })).items.map((client) => client.client_id_issued_at)
    expect(issued).toEqual(issued.toSorted((a, b) => b - a))
  })

  test.each([
    [{ limit: 0 }],
    [{ limit: 101 }],
    [{ limit: 1.5 }],
    [{ cursor: 'x' }],
    [{ cursor: 'WzEsIlx1MDAwMCJd' }],
  ])('refuses the page %j', async (page) => {
    await expect(clients.list(page)).rejects.toMatchObject({ code: 'invalid_page', status: 400 })
  })
})
