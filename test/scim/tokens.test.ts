import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { machine, person, type Rest } from '../admin/rest/support.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { createScim } from './support.ts'

describe.each(engines)('SCIM tokens on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let later = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + later })
    ;({ rest } = await person(latchkey, 'admin'))
  })
  afterAll(() => latchkey?.stop())

  test('a token is shown once, stored as a hash, noted when it is used, and works no more when it is deleted', async () => {
    const { scimTokens, db, audit } = latchkey.services
    const made = (await rest.post('/scim-tokens', { name: 'Entra' })).json as { id: string; token: string }
    expect(made).toMatchObject({ name: 'Entra', organization: null, last_used_at: null })
    expect(made.token).toMatch(/^lks_[\w-]{43}$/)
    expect(
      (await rest.get('/scim-tokens')).text + (await rest.get(`/scim-tokens/${made.id}`)).text,
    ).not.toContain('lks_')
    expect(JSON.stringify(await db.prisma.scimToken.findMany())).not.toContain(made.token)
    expect(await scimTokens.accept(made.token)).toEqual({
      id: made.id,
      name: 'Entra',
      owner: 'entra',
      organization: null,
    })
    const first = (await scimTokens.get(made.id)).lastUsedAt
    expect(first).toBeGreaterThan(0)
    await scimTokens.accept(made.token)
    expect((await scimTokens.get(made.id)).lastUsedAt).toBe(first)
    later += 61_000
    await scimTokens.accept(made.token)
    expect((await scimTokens.get(made.id)).lastUsedAt).toBeGreaterThan(first ?? 0)
    for (const wrong of ['', 'lks_', `${made.token}x`, `lks_${'A'.repeat(43)}`, '\0'])
      expect(await scimTokens.accept(wrong)).toBeUndefined()
    expect((await rest.delete(`/scim-tokens/${made.id}`)).status).toBe(204)
    expect((await rest.delete(`/scim-tokens/${made.id}`)).status).toBe(404)
    expect(await scimTokens.accept(made.token)).toBeUndefined()
    await audit.idle()
    const { items } = await audit.list({ filters: { action: 'scim_token.' } } as never)
    const actions = items.filter(({ target }) => target?.id === made.id).map(({ action }) => action)
    expect(actions.sort()).toEqual(['scim_token.created', 'scim_token.deleted'])
    expect(JSON.stringify(items)).not.toContain(made.token)
  })

  test('of many at once, two of a name are made', async () => {
    const made = await Promise.all(
      Array.from({ length: 6 }, () => rest.post('/scim-tokens', { name: 'Okta' })),
    )
    expect(made.map(({ status }) => status).sort()).toEqual([201, 201, 422, 422, 422, 422])
    // However it is written.
    expect((await rest.post('/scim-tokens', { name: ' OKTA ' })).status).toBe(422)
    const [one] = made.filter(({ status }) => status === 201)
    await rest.delete(`/scim-tokens/${one?.json.id}`)
    expect((await rest.post('/scim-tokens', { name: 'okta' })).status).toBe(201)
  })

  test('a directory that is renamed keeps its external IDs, and its second token', async () => {
    const { scimTokens, audit } = latchkey.services
    const [one, two] = [
      await scimTokens.create({ name: 'Contoso' }),
      await scimTokens.create({ name: 'Contoso' }),
    ]
    const rename = (id: string, name: unknown) => rest.patch(`/scim-tokens/${id}`, { name })
    const seenBy = async (token: string) => {
      const scim = createScim(latchkey.issuer, token)
      const found = [
        await scim.find('Users', 'externalId eq "c-1"'),
        await scim.find('Groups', 'externalId eq "g-1"'),
      ]
      return found.map(({ json }) => json.totalResults)
    }
    const made = await createScim(latchkey.issuer, one.token).post('/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      externalId: 'c-1',
      userName: 'contoso-1',
      emails: [{ value: 'contoso-1@example.com', primary: true }],
    })
    expect(made.status).toBe(201)
    const crew = await createScim(latchkey.issuer, one.token).post('/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      externalId: 'g-1',
      displayName: 'Contoso crew',
    })
    expect(crew.status).toBe(201)
    const renamed = await rename(one.id, 'Fabrikam')
    expect([renamed.status, renamed.json.name]).toEqual([200, 'Fabrikam'])
    expect((await scimTokens.get(two.id)).name).toBe('Fabrikam')
    expect([await seenBy(one.token), await seenBy(two.token)]).toEqual([
      [1, 1],
      [1, 1],
    ])
    // The name of before is a new directory's, which takes nothing over.
    const other = await scimTokens.create({ name: 'Contoso' })
    expect(await seenBy(other.token)).toEqual([0, 0])
    // Nobody comes to the IDs of another by its name, even when the tokens are gone.
    for (const name of ['fabrikam', ' FABRIKAM ', '', 'a\u202eb', 7])
      expect((await rename(other.id, name)).status, String(name)).toBe(422)
    await scimTokens.remove(two.id)
    await scimTokens.remove(one.id)
    expect((await rename(other.id, 'Fabrikam')).text).toContain('Another directory')
    expect(await seenBy((await scimTokens.create({ name: 'Fabrikam' })).token)).toEqual([1, 1])
    // How it is written is its own.
    expect((await rename(other.id, 'CONTOSO')).json.name).toBe('CONTOSO')
    expect((await rest.patch(`/scim-tokens/${other.id}`, { organization: 'x' })).status).toBe(422)
    expect((await rename(one.id, 'Gone')).status).toBe(404)
    await audit.idle()
    const { items } = await audit.list({} as never)
    const updated = items.filter(({ action }) => action === 'scim_token.updated')
    expect(updated.map(({ target }) => target?.id).sort()).toEqual([one.id, two.id, other.id].sort())
    const { rest: auditor } = await person(latchkey, 'auditor')
    expect((await auditor.patch(`/scim-tokens/${other.id}`, { name: 'Mine' })).status).toBe(403)
  })

  test('what is wrong is said, and a client that acts for itself makes none', async () => {
    for (const body of [
      {},
      { name: '' },
      { name: 'a\u202eb' },
      { name: 'x', organization: 'o' },
      { name: 'x', color: 1 },
    ])
      expect((await rest.post('/scim-tokens', body)).status, JSON.stringify(body)).toBe(422)
    const program = await machine(latchkey)
    const refused = await program.rest.post('/scim-tokens', { name: 'Mine' })
    expect([refused.status, refused.json.code]).toEqual([403, 'administration_not_granted'])
    const { rest: auditor } = await person(latchkey, 'auditor')
    expect((await auditor.post('/scim-tokens', { name: 'Mine' })).status).toBe(403)
  })
})

test('in the console a token is made, shown once and deleted', async () => {
  const latchkey = await startLatchkey()
  try {
    const { browser } = await signedIn(latchkey)
    const open = () => browser.open(`${latchkey.issuer}/admin/scim`)
    const refused = await browser.submit(await open(), { Directory: 'a\u202eb' }, { button: 'Create token' })
    expect(refused.status).toBe(422)
    const page = await browser.submit(refused, { Directory: 'Entra' }, { button: 'Create token' })
    expect(page.text).toMatch(/lks_[\w-]{43}/)
    expect(page.text).toContain(`${latchkey.issuer}/scim/v2`)
    expect((await browser.open(page.url.href)).text).not.toMatch(/lks_[\w-]{43}/)
    const [token] = await latchkey.services.scimTokens.list()
    const asked = await browser.open(`${latchkey.issuer}/admin/scim/${token?.id}/delete`)
    const gone = await browser.submit(asked, {}, { button: 'Delete token' })
    expect(gone.text).toContain('The token is deleted.')
    expect(await latchkey.services.scimTokens.list()).toEqual([])
    const { browser: auditor } = await signedIn(latchkey, 'auditor')
    expect((await auditor.open(`${latchkey.issuer}/admin/scim`)).text).not.toContain('Create a token')
  } finally {
    await latchkey.stop()
  }
})
