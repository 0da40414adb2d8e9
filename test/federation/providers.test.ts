import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { Connector, Registration } from '../../src/federation/connector.ts'
import { connectorKind } from '../../src/federation/connector-kind.ts'
import type { EnvironmentProvider } from '../../src/federation/providers/environment.ts'
import { createProviders, type Providers } from '../../src/federation/providers/providers.ts'
import { createSecrets } from '../../src/shared/secrets.ts'
import type { Database } from '../../src/storage/database.ts'
import { engines, type OpenedDatabase, openOn } from '../clients/engines.ts'

const SECRET = 'hunter2-hunter2'
const ISSUER = 'https://id.example'
const now = Date.UTC(2026, 10, 25)

const field = <Schema extends z.ZodType>(schema: Schema) => ({
  schema,
  input: 'text' as const,
  example: 'x',
  option: '--x <x>',
  sentence: 'x',
})
const fields = {
  issuer: field(z.url({ error: 'is missing; give the issuer, like https://login.example' })),
  scope: field(z.string({ error: 'must be text' }).default('openid')),
  claims: field(z.strictObject({ email: z.string({ error: 'must be a claim' }).optional() }).optional()),
}
interface Settings {
  issuer: string
  scope: string
}
const kind = { secret: 'optional' as const, fields }
const about = (name: string) => ({ name, sentence: name, docs: 'https://docs.example' })

/** What the connectors of a test were made of, in order. */
const made: (Registration & Settings)[] = []

const connector = (registration: Registration, given: Settings): Connector => {
  made.push({ ...registration, ...given })
  return {
    authorize: async () => new URL(given.issuer),
    identify: () => Promise.reject(new Error('nobody signs in here')),
    check: async (redirectUri) => [{ name: 'callback', status: 'ok', message: redirectUri }],
  }
}

const acme = connectorKind({
  ...kind,
  about: about('Acme'),
  create: (registration, settings) => connector(registration, settings),
})
/** One that can tell of sign-outs. */
const loud = connectorKind({
  ...kind,
  about: about('Loud'),
  create: (registration, settings) => ({
    ...connector(registration, settings),
    logout: () => Promise.reject(new Error('nobody signs out here')),
  }),
})

const input = (id: string, more: Record<string, unknown> = {}) => ({
  id,
  kind: 'acme',
  client_id: 'latchkey-at-acme',
  client_secret: SECRET,
  settings: { issuer: 'https://login.example' },
  ...more,
})

describe.each(engines)('identity providers on %s', (engine) => {
  let db: OpenedDatabase
  let providers: Providers
  const events: unknown[] = []
  const open = (
    database: Database,
    environment: readonly EnvironmentProvider[] = [],
    kinds = { acme, loud },
  ) =>
    createProviders({
      db: database,
      clock: () => now,
      secrets: createSecrets('k'.repeat(40)),
      issuer: ISSUER,
      environment,
      kinds,
      organizationId: async () => undefined,
      guardedFetch: fetch,
      events: (event) => events.push(event),
    })

  beforeAll(async () => {
    db = await openOn(engine, () => now)
    providers = open(db)
  })
  beforeEach(async () => {
    await db.prisma.identityProvider.deleteMany()
    events.length = 0
    made.length = 0
  })
  afterAll(() => db.close())

  test('an added provider is on, and its connector is made of what was given', async () => {
    const view = await providers.add(input('acme'))
    expect(view).toEqual({
      id: 'acme',
      kind: 'acme',
      name: 'Acme',
      client_id: 'latchkey-at-acme',
      has_secret: true,
      settings: { issuer: 'https://login.example' },
      email_domains: [],
      keep_tokens: false,
      membership_mode: 'add',
      membership_rules: [],
      organization: null,
      disabled: false,
      source: 'database',
      callback_url: 'https://id.example/api/auth/oauth/acme/callback',
    })
    expect(await providers.get('acme')).toEqual(view)
    expect(await providers.list()).toEqual([view])
    expect(await providers.enabled.list()).toEqual([
      { id: 'acme', name: 'Acme', kind: 'acme', organizationId: null },
    ])
    expect(await providers.enabled.find('acme')).toEqual({
      id: 'acme',
      name: 'Acme',
      kind: 'acme',
      connector: expect.objectContaining({ check: expect.any(Function) }),
      emailDomains: [],
      keepTokens: false,
      membershipMode: 'add',
      membershipRules: [],
      organizationId: null,
      setup: expect.stringMatching(/^[\w-]{16}$/),
    })
    expect(made).toEqual([
      {
        clientId: 'latchkey-at-acme',
        clientSecret: SECRET,
        issuer: 'https://login.example',
        scope: 'openid',
      },
    ])
    expect(events).toMatchObject([{ type: 'provider.added', provider: 'acme' }])
  })

  test('everything that can be said about one', async () => {
    const view = await providers.add(
      input('loud-corp', {
        kind: 'loud',
        name: '  Loud Corp ',
        client_secret: undefined,
        settings: { issuer: 'https://login.example', scope: 'openid email' },
        email_domains: ['Example.COM', 'bücher.example', 'example.com'],
        keep_tokens: true,
      }),
    )
    expect(view).toMatchObject({
      name: 'Loud Corp',
      has_secret: false,
      settings: { issuer: 'https://login.example', scope: 'openid email' },
      email_domains: ['example.com', 'xn--bcher-kva.example'],
      keep_tokens: true,
      backchannel_logout_url: 'https://id.example/api/auth/oauth/loud-corp/backchannel-logout',
    })
    expect(await providers.enabled.find('loud-corp')).toMatchObject({
      name: 'Loud Corp',
      emailDomains: ['example.com', 'xn--bcher-kva.example'],
      keepTokens: true,
    })
    expect(made[0]).toMatchObject({ clientSecret: undefined, scope: 'openid email' })
  })

  test('a client secret is sealed at rest, under the id of its provider, and in no view, event or error', async () => {
    const shown = [await providers.add(input('acme')), await providers.get('acme'), await providers.list()]
    const row = await db.prisma.identityProvider.findUniqueOrThrow({ where: { id: 'acme' } })
    expect(JSON.stringify(row)).not.toContain(SECRET)
    expect(JSON.stringify([shown, events])).not.toContain(SECRET)
    const refused = await providers
      .add(input('ACME', { client_secret: `${SECRET}${'x'.repeat(20_000)}` }))
      .catch((error: unknown) => `${JSON.stringify(error)} ${String(error)}`)
    expect(refused).toContain('client_secret')
    expect(refused).not.toContain(SECRET)

    // Moved to another row it does not open: nobody who writes to the database redirects it.
    await db.prisma.identityProvider.create({ data: { ...row, id: 'moved' } })
    await expect(providers.enabled.find('moved')).rejects.toMatchObject({ code: 'provider_secret_lost' })
  })

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    ['a short id', { id: 'a' }, 'id', /2 to 32/],
    ['a long id', { id: 'a'.repeat(33) }, 'id', /2 to 32/],
    ['capitals in an id', { id: 'Acme' }, 'id', /lower-case/],
    ['a digit first', { id: '1acme' }, 'id', /start with a letter/],
    ['a path as id', { id: 'a/../b' }, 'id', /lower-case/],
    ['an id that is a path of ours', { id: 'exchange' }, 'id', /reserved/],
    ['an id that is a page of ours', { id: 'finish' }, 'id', /reserved/],
    ['no id', { id: undefined }, 'id', /missing/],
    ['an unknown kind', { kind: 'constructor' }, 'kind', /one of acme, loud/],
    ['no kind', { kind: undefined }, 'kind', /missing/],
    ['two lines as name', { name: 'Acme\nCorp' }, 'name', /one line/],
    ['an empty name', { name: ' ' }, 'name', /one line/],
    ['a long name', { name: 'x'.repeat(61) }, 'name', /60/],
    ['a name that reorders text', { name: 'Acme\u202e' }, 'name', /one line/],
    ['no client ID', { client_id: undefined }, 'client_id', /missing/],
    ['a client ID with NUL', { client_id: 'a\0' }, 'client_id', /client ID/],
    ['an empty secret', { client_secret: '' }, 'client_secret', /empty/],
    ['settings of the kind that are missing', { settings: {} }, 'issuer', /missing; give the issuer/],
    ['settings that are no object', { settings: 'x' }, 'settings', /object/],
    [
      'a setting that the kind does not know',
      { settings: { issuer: 'https://login.example', url: 'x' } },
      'url',
      /not a setting of Acme/,
    ],
    [
      'what a setting does not have inside',
      { settings: { issuer: 'https://login.example', claims: { nick: 'x' } } },
      'claims',
      /^nick is not known$/,
    ],
    [
      'what is wrong inside a setting',
      { settings: { issuer: 'https://login.example', claims: { email: 1 } } },
      'claims',
      /^email must be a claim$/,
    ],
    ['what is no domain', { email_domains: ['ada@example.com', '*'] }, 'email_domains', /domains/],
    ['text as list', { email_domains: 'example.com' }, 'email_domains', /list/],
    ['text as switch', { keep_tokens: 'yes' }, 'keep_tokens', /true or false/],
    ['a field that does not exist', { secret: SECRET }, 'secret', /not known/],
  ])('refuses %s', async (_name, more, field, message) => {
    await expect(providers.add(input('fine', more))).rejects.toMatchObject({
      code: 'invalid_provider',
      status: 422,
      errors: { [field]: [expect.stringMatching(message)] },
    })
    expect(await db.prisma.identityProvider.count()).toBe(0)
  })

  test('reports everything at once, the settings too', async () => {
    const adding = providers.add(input('X', { name: '', client_id: '', settings: { scope: 1 } }))
    await expect(adding).rejects.toMatchObject({
      errors: {
        id: [expect.anything()],
        name: [expect.anything()],
        client_id: [expect.anything()],
        issuer: [expect.anything()],
        scope: ['must be text'],
      },
    })
  })

  test('an id is taken once, however many race', async () => {
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => providers.add(input('race'))))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(providers.add(input('race'))).rejects.toMatchObject({ code: 'provider_exists', status: 409 })
  })

  test('switched off, nobody signs in with it; it can still be tested, and switched on again', async () => {
    await providers.add(input('acme'))
    await providers.disable('acme')
    expect(await providers.enabled.find('acme')).toBeUndefined()
    expect(await providers.enabled.list()).toEqual([])
    expect(await providers.get('acme')).toMatchObject({ disabled: true })
    expect(await providers.test('acme')).toEqual([
      { name: 'callback', status: 'ok', message: 'https://id.example/api/auth/oauth/acme/callback' },
    ])
    await providers.enable('acme')
    expect(await providers.enabled.find('acme')).toMatchObject({ id: 'acme' })
    await providers.remove('acme')
    expect(await providers.enabled.find('acme')).toBeUndefined()
    expect(events).toMatchObject(
      ['added', 'disabled', 'enabled', 'removed'].map((what) => ({
        type: `provider.${what}`,
        provider: 'acme',
      })),
    )
  })

  test.each(['nobody', 'a\0b', '', '__proto__', 'x'.repeat(5000)])('%j is unknown throughout', async (id) => {
    expect(await providers.enabled.find(id)).toBeUndefined()
    const unknown = { code: 'provider_not_found', status: 404 }
    for (const act of ['get', 'disable', 'enable', 'remove', 'test'] as const)
      await expect(providers[act](id)).rejects.toMatchObject(unknown)
    expect(events).toEqual([])
  })

  test('a connector stays the same until its provider changes, also when another process changes it', async () => {
    await providers.add(input('acme'))
    const first = await providers.enabled.find('acme')
    expect((await providers.enabled.find('acme'))?.connector).toBe(first?.connector)
    await providers.disable('acme')
    await providers.enable('acme')
    expect((await providers.enabled.find('acme'))?.connector).toBe(first?.connector)
    expect(made).toHaveLength(1)

    const elsewhere = open(await db.second())
    await elsewhere.remove('acme')
    await elsewhere.add(input('acme', { client_id: 'another' }))
    made.length = 0
    expect((await providers.enabled.find('acme'))?.connector).not.toBe(first?.connector)
    expect(made).toMatchObject([{ clientId: 'another' }])
  })

  test('what another process switches off is off at once', async () => {
    await providers.add(input('acme'))
    await providers.enabled.find('acme')
    await open(await db.second()).disable('acme')
    expect(await providers.enabled.find('acme')).toBeUndefined()
    expect(await providers.enabled.list()).toEqual([])
  })

  test('a kind that this version does not have offers no sign-in, and can be seen and removed', async () => {
    await providers.add(input('loud', { kind: 'loud' }))
    const older = open(db, [], { acme } as never)
    expect(await older.enabled.list()).toEqual([])
    expect(await older.enabled.find('loud')).toBeUndefined()
    expect(await older.list()).toMatchObject([{ id: 'loud', kind: 'loud' }])
    expect(await older.test('loud')).toMatchObject([
      { status: 'fail', remedy: expect.stringContaining('acme') },
    ])
    await older.remove('loud')
    expect(await older.list()).toEqual([])
  })

  describe('of the environment', () => {
    const fixed: EnvironmentProvider = {
      id: 'acme',
      kind: 'acme',
      clientId: 'from-environment',
      clientSecret: SECRET,
      settings: { issuer: 'https://login.example' },
    }

    test('is on, stands before a stored one with its id, and shows no secret', async () => {
      await providers.add(input('acme', { name: 'Stored' }))
      await providers.add(input('other'))
      const both = open(db, [fixed])
      expect(await both.enabled.list()).toEqual([
        { id: 'acme', name: 'Acme', kind: 'acme', organizationId: null },
        { id: 'other', name: 'Acme', kind: 'acme', organizationId: null },
      ])
      expect(await both.enabled.find('acme')).toMatchObject({ name: 'Acme', keepTokens: false })
      const view = await both.get('acme')
      expect(view).toMatchObject({ client_id: 'from-environment', source: 'environment', has_secret: true })
      expect((await both.list()).map(({ id, source }) => `${id} ${source}`)).toEqual([
        'acme environment',
        'other database',
      ])
      expect(JSON.stringify(view)).not.toContain(SECRET)
      expect(await both.test('acme')).toHaveLength(1)
    })

    test('is not changed, removed or added by hand, and says how it is', async () => {
      const both = open(db, [fixed])
      for (const act of ['disable', 'enable', 'remove'] as const)
        await expect(both[act]('acme')).rejects.toMatchObject({
          code: 'provider_of_environment',
          status: 409,
          publicMessage: expect.stringContaining('Unset ACME_CLIENT_ID'),
        })
      await expect(both.add(input('acme'))).rejects.toMatchObject({ code: 'provider_exists' })
      expect(events).toEqual([])
    })

    test('with settings that its kind does not take stops the start, and names them', () => {
      expect(() => open(db, [{ ...fixed, settings: { issuer: 'x' } }])).toThrow(/provider acme: issuer /)
    })
  })
})
