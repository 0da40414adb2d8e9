import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OWN, RELATED } from '../../src/accounts/personal-data/columns.ts'
import { openPersonalData } from '../../src/wiring/personal-data.ts'
import { createSecurityFixture } from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { png } from '../support/pictures.ts'

interface Column {
  name: string
  type: string
}

const SCALARS = new Set(['String', 'Int', 'Boolean', 'DateTime', 'Bytes'])

/** The models of the database, as they are written: their columns, and the other fields with their model. */
const models = new Map(
  [
    ...readFileSync(new URL('../../prisma/models.prisma', import.meta.url), 'utf8').matchAll(
      /^model (\w+) \{([^}]*)\}/gm,
    ),
  ].map(([, name = '', body = '']) => {
    const fields = [...body.matchAll(/^ {2}(\w+) +(\w+)(\[\]|\?)?/gm)].map(([, field = '', type = '']) => ({
      name: field,
      type,
    }))
    return [
      name,
      {
        columns: fields.filter(({ type }) => SCALARS.has(type)),
        relations: fields.filter(({ type }) => !SCALARS.has(type)),
      },
    ] as const
  }),
)

/** Tables that know an account by something other than a relation, and where their rows are in the document. */
const BY_ID = {
  AuditEntry: 'activity_on_your_account, your_other_activity',
}

describe('what refers to an account', () => {
  test('is named in columns.ts: every table, and every column of it', () => {
    const account = models.get('Account')
    expect(Object.keys(OWN).toSorted()).toEqual(account?.columns.map(({ name }) => name).toSorted())
    expect(Object.keys(RELATED).toSorted()).toEqual(account?.relations.map(({ name }) => name).toSorted())
    for (const { name, type } of account?.relations ?? [])
      expect(Object.keys(RELATED[name as keyof typeof RELATED].columns).toSorted(), type).toEqual(
        models
          .get(type)
          ?.columns.map((column) => column.name)
          .toSorted(),
      )
  })

  test('is a relation of the account, or told of by its id', () => {
    const knows = [...models].filter(([, { columns }]) =>
      columns.some(({ name }) => /account|actorId|userId|subjectId/i.test(name)),
    )
    const named = new Set([
      ...(models.get('Account')?.relations.map(({ type }) => type) ?? []),
      ...Object.keys(BY_ID),
      'Account',
    ])
    expect(knows.map(([name]) => name).filter((name) => !named.has(name))).toEqual([])
  })
})

describe.each(engines)('the document, on %s', (engine) => {
  let latchkey: Latchkey
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
  })
  afterAll(() => latchkey?.stop())

  async function documentOf(accountId: string) {
    const pieces: string[] = []
    for await (const piece of await openPersonalData(latchkey.services).export(accountId)) pieces.push(piece)
    return { text: pieces.join(''), json: JSON.parse(pieces.join('')) as Record<string, unknown> }
  }
  const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

  /** A value that nothing else has. */
  let last = 0
  function valueFor({ name, type }: Column): unknown {
    last++
    if (type === 'Int') return 1_170_000_000 + last
    if (type === 'Boolean') return true
    if (type === 'DateTime') return new Date(Date.UTC(2031, 0, 1) + last * 86_400_000)
    if (type === 'Bytes') return new Uint8Array(Buffer.from(`bytes of ${name} ${last}`))
    return name === 'details' ? JSON.stringify({ said: `marker-${last}` }) : `marker-${name}-${last}`
  }
  /** What a row refers to beside the account. */
  async function parentsOf(columns: readonly Column[]): Promise<Record<string, string>> {
    const { group, organization, role } = latchkey.services.db.prisma
    const row = () => {
      const id = `marker-${++last}`
      return { id, name: id, nameKey: id, createdAt: new Date() }
    }
    const parents: Record<string, () => Promise<{ id: string }>> = {
      groupId: () => group.create({ data: row() }),
      organizationId: () => {
        const data = row()
        return organization.create({ data: { ...data, slug: data.id } })
      },
      roleId: () => role.create({ data: row() }),
    }
    const found: Record<string, string> = {}
    for (const { name } of columns) {
      const parent = await parents[name]?.()
      if (parent) found[name] = parent.id
    }
    return found
  }

  const asShown = (value: unknown): unknown => {
    if (value instanceof Date) return value.toISOString()
    if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
    return typeof value === 'string' && value.startsWith('{') ? JSON.parse(value) : value
  }

  test.each(Object.entries(RELATED))(
    'has the rows of %s, without what is left out',
    async (relation, { member, columns }) => {
      const { id } = await latchkey.createUser()
      const other = await latchkey.createUser()
      const model = models.get('Account')?.relations.find(({ name }) => name === relation)?.type ?? ''
      const made = models.get(model)?.columns.filter(({ name }) => name !== 'accountId') ?? []
      const data = {
        ...Object.fromEntries(made.map((column) => [column.name, valueFor(column)])),
        ...(await parentsOf(made)),
      }
      const table = latchkey.services.db.prisma[
        `${model.charAt(0).toLowerCase()}${model.slice(1)}` as 'passkey'
      ] as unknown as { create(row: object): Promise<unknown> }
      await table.create({ data: { ...data, accountId: id } })
      const { text, json } = await documentOf(id)
      const given = made.filter(({ name }) => (columns as Record<string, unknown>)[name] === true)
      expect(given.length).toBeGreaterThan(0)
      expect(json[member]).toEqual([
        Object.fromEntries(given.map(({ name }) => [snakeCase(name), asShown(data[name])])),
      ])
      for (const { name } of made.filter((column) => !given.includes(column)))
        expect(text, name).not.toContain(String(asShown(data[name])))
      expect((await documentOf(other.id)).json[member]).toEqual([])
    },
  )

  test('has every column of the account that is no secret', async () => {
    const { id } = await latchkey.createUser()
    const { prisma } = latchkey.services.db
    const kept = [
      'id',
      'username',
      'email',
      'role',
      'secondFactors',
      'passwordHash',
      'address',
      'attributes',
      'disabledAt',
      'updatedAt',
    ]
    const changed = models.get('Account')?.columns.filter(({ name }) => !kept.includes(name)) ?? []
    const data = Object.fromEntries(changed.map((column) => [column.name, valueFor(column)]))
    await prisma.account.update({
      where: { id },
      data: {
        ...data,
        address: JSON.stringify({ locality: 'marker-address' }),
        attributes: JSON.stringify({ badge: ['marker-badge'] }),
        secondFactors: 'totp',
      },
    })
    const { text, json } = await documentOf(id)
    const account = json.account as Record<string, unknown>
    for (const { name } of changed) {
      const given =
        OWN[name as keyof typeof OWN] === true || /claim/.test(String(OWN[name as keyof typeof OWN]))
      if (typeof data[name] === 'boolean') continue
      if (given) expect(text, name).toContain(String(asShown(data[name])))
      else expect(Object.values(account), name).not.toContain(asShown(data[name]))
    }
    expect(account).toMatchObject({
      address: { locality: 'marker-address' },
      attributes: { badge: ['marker-badge'] },
      second_factors: 'totp',
      phone_number_verified: true,
      second_factor_required: true,
    })
    expect(text).not.toContain('argon2')
  })

  test('has the bytes of the picture, and what apps hold, without what they could use', async () => {
    const fixture = createSecurityFixture(latchkey)
    const victim = await fixture.victim()
    await latchkey.services.accounts.pictures.upload(victim.user.id, png())
    const client = await fixture.client({ first_party: true, scope: 'openid email' })
    const tokens = await fixture.tokens(victim, client, { scope: 'openid email' })
    const { text, json } = await documentOf(victim.user.id)
    expect(json.picture).toMatchObject([{ media_type: 'image/png', bytes: png().toString('base64') }])
    expect(json.apps_signed_in).toContainEqual(
      expect.objectContaining({ kind: 'refresh', client_id: client.client_id, scope: 'openid email' }),
    )
    for (const value of [tokens.access_token, tokens.refresh_token, tokens.id_token])
      expect(text).not.toContain(String(value))
    const [session] = await latchkey.services.artifacts.listByAccount('Session', victim.user.id)
    expect(text).not.toContain(String(session?.payload.jti))
  })

  test('names every kind of artefact of an account', async () => {
    const fixture = createSecurityFixture(latchkey)
    const victim = await fixture.victim()
    const client = await fixture.client({ first_party: false })
    await victim.browser.allow(await victim.browser.open(fixture.authorizeUrl(client)))
    await fixture.tokens(victim, client)
    await fixture.code(victim, client)
    const rows = await latchkey.services.db.artifacts.all<{ model: string }>(
      'SELECT DISTINCT model FROM artifacts WHERE account_id = ?',
      [victim.user.id],
    )
    const given = [
      'Session',
      'Consent',
      'Grant',
      'RefreshToken',
      'AccessToken',
      'AuthorizationCode',
      'DeviceCode',
    ]
    // A sign-in that is under way: an hour at most, and what it holds is in the session that it ends in.
    const leftOut = ['Interaction']
    expect(rows.map(({ model }) => model).filter((model) => ![...given, ...leftOut].includes(model))).toEqual(
      [],
    )
    expect(rows.length).toBeGreaterThan(3)
  })
})
