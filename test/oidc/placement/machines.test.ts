import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ValidationError } from '../../../src/shared/validation-error.ts'
import { type Desk, openDesk } from '../../rejections/requests.ts'
import { clock, type SecurityFixture, type TestClient } from '../../security/attacker.ts'

const BOOKS = 'https://books.example'
const FILMS = 'https://films.example'
const grant = { grant_type: 'client_credentials' }

let desk: Desk
let fixture: SecurityFixture
beforeAll(async () => {
  desk = await openDesk({ clock })
  fixture = desk.fixture
  const { resources } = desk.latchkey.services
  await resources.add({ identifier: BOOKS, scope: 'books:read books:write' })
  await resources.add({ identifier: FILMS, scope: 'films:read' })
})
afterAll(() => desk.close())

const machine = (scope?: string) =>
  fixture.client({ grant_types: ['client_credentials'], redirect_uris: [], ...(scope && { scope }) })
const ask = (by: TestClient, parameters: Record<string, string> = {}) =>
  fixture.token(by, { ...grant, ...parameters })
const claimsOf = (answer: Awaited<ReturnType<typeof ask>>) => decodeJwt(String(answer.json.access_token))

describe('a machine that sends no scope', () => {
  test('gets what it is registered for, if that is for one API', async () => {
    const answer = await ask(await machine('books:read books:write'))
    expect(answer.json.scope).toBe('books:read books:write')
    expect(claimsOf(answer)).toMatchObject({ aud: BOOKS, scope: 'books:read books:write' })
  })

  test('registered for several APIs: invalid_scope says how to choose, and so does the console', async () => {
    const answer = await ask(await machine('books:read films:read'))
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
    expect(answer.json.error_description).toMatch(/resource parameter, or send a scope/)
    const { explanation } = await desk.kept(answer)
    expect(explanation.rule).toBe('scope_omitted')
    expect(explanation.mistake).toContain(FILMS)
  })

  test('registered for none: invalid_scope says what to register', async () => {
    for (const scope of [undefined, 'gone:read']) {
      const answer = await ask(await machine(scope))
      expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_scope' } })
      expect(answer.json.error_description).toMatch(/^register the client/)
      const { explanation } = await desk.kept(answer)
      expect(explanation.rule).toBe('scope_omitted')
    }
  })

  test.each(['resource', 'audience'])(
    'and names the API by %s: what is registered of that API',
    async (name) => {
      const both = await machine('books:read films:read')
      for (const [api, scope] of [
        [BOOKS, 'books:read'],
        [FILMS, 'films:read'],
      ] as const)
        expect(claimsOf(await ask(both, { [name]: api }))).toMatchObject({ aud: api, scope })
    },
  )
})

describe('a token without a person has no scopes about persons', () => {
  const ABOUT_PEOPLE = [
    'openid',
    'profile',
    'email',
    'phone',
    'address',
    'identity_provider',
    'offline_access',
  ]

  const clients: [string, () => Promise<TestClient>][] = [
    ['registered for no scope', () => machine()],
    [
      'registered for them, and for people too',
      () =>
        fixture.client({
          grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
          scope: `${ABOUT_PEOPLE.join(' ')} books:read`,
        }),
    ],
    [
      'with no scope, and for people too',
      () => fixture.client({ grant_types: ['authorization_code', 'client_credentials'] }),
    ],
  ]
  test.each(clients)('a client %s is told so', async (_what, made) => {
    const client = await made()
    for (const scope of [...ABOUT_PEOPLE, 'books:read openid', ABOUT_PEOPLE.join(' ')]) {
      const answer = await ask(client, { scope })
      expect([scope, answer.status, answer.json.error]).toEqual([scope, 400, 'invalid_scope'])
      expect(answer.json.error_description).toMatch(/^requested scope is about a person/)
      expect(await desk.ruleOf(answer)).toBe('scope_about_person')
      expect((await ask(client, { scope, resource: BOOKS })).status).toBe(400)
    }
  })

  test('its API scopes it gets as ever', async () => {
    const both = await fixture.client({
      grant_types: ['authorization_code', 'client_credentials'],
      scope: 'openid books:read',
    })
    expect((await ask(both, { scope: 'books:read' })).json.scope).toBe('books:read')
    expect((await ask(both)).json.scope).toBe('books:read')
  })

  /** A machine as it could be registered before, in the row. */
  async function ofBefore(scope: string): Promise<TestClient> {
    const client = await machine('books:read')
    const { prisma } = desk.latchkey.services.db
    const { metadata } = await prisma.client.findUniqueOrThrow({ where: { id: client.client_id } })
    await prisma.client.update({
      where: { id: client.client_id },
      data: { metadata: JSON.stringify({ ...JSON.parse(metadata), scope }) },
    })
    return client
  }

  test('a machine that was registered for them before gets its other scopes, and not those', async () => {
    const client = await ofBefore('openid books:read profile')
    expect((await ask(client)).json.scope).toBe('books:read')
    expect((await ask(client, { scope: 'books:read' })).status).toBe(200)
    expect((await ask(client, { scope: 'openid' })).json).toMatchObject({ error: 'invalid_scope' })
    expect((await ask(await ofBefore('openid'))).json).toMatchObject({ error: 'invalid_scope' })
  })

  test('nor does a token have them that was issued before', async () => {
    const client = await ofBefore('openid books:read')
    const { artifacts } = desk.latchkey.services
    const id = 'a'.repeat(43)
    const now = Math.floor(Date.now() / 1000)
    await artifacts.upsert(
      'ClientCredentials',
      id,
      {
        jti: id,
        kind: 'ClientCredentials',
        clientId: client.client_id,
        scope: 'openid books:read',
        iat: now,
        exp: now + 600,
      },
      600,
    )
    expect((await fixture.introspect(client, id)).json).toMatchObject({ active: true, scope: 'books:read' })
  })

  test.each(['openid', 'profile books:read', 'offline_access'])(
    'nobody registers a machine for %s',
    async (scope) => {
      const refused = await machine(scope).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(ValidationError)
      const { problems } = refused as ValidationError
      expect(problems).toEqual([{ field: 'scope', message: expect.stringContaining('about people') }])
    },
  )
})
