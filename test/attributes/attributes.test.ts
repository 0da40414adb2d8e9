import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { machine, type Rest } from '../admin/rest/support.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'

const refused = (fields: Record<string, unknown>) => ({ code: 'invalid_fields', errors: fields })

describe.each(engines)('attributes of people on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  let next = 0
  let later = 0
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: () => Date.now() + later })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey?.stop())

  /** Defines one with a name of its own. */
  async function define(input: Record<string, unknown> = {}) {
    return latchkey.services.attributes.create({ name: `attribute_${++next}`, ...input })
  }
  const valuesOf = async (id: string) => (await latchkey.services.accounts.byId(id))?.attributes
  const listed = async (query: string) =>
    ((await rest.get(`/users?${query}`)).json.items ?? []).map(({ id }) => id)

  test('a definition is checked with every problem at once, and is there once', async () => {
    const { attributes } = latchkey.services
    await expect(
      attributes.create({ name: 'Über', type: 'blob', editable_by: 'me', more: 1 }),
    ).rejects.toMatchObject(
      refused({
        name: [expect.any(String)],
        type: [expect.any(String)],
        editable_by: [expect.any(String)],
        more: ['is not known'],
      }),
    )
    await expect(define({ type: 'one_of' })).rejects.toMatchObject(refused({ options: [expect.any(String)] }))
    await expect(define({ options: ['a'] })).rejects.toMatchObject(refused({ options: [expect.any(String)] }))
    await expect(define({ editable_by: 'user' })).rejects.toMatchObject(
      refused({ visible_to: [expect.any(String)] }),
    )
    const both = await Promise.allSettled([1, 2].map(() => attributes.create({ name: 'twin' })))
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    const twin = await attributes.find('twin')
    await expect(attributes.update(twin.id, { type: 'number' })).rejects.toMatchObject(
      refused({ type: ['This cannot be changed later.'] }),
    )
    const many = await Promise.all([1, 2, 3, 4].map(() => define()))
    expect((await attributes.list()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(many.map(({ name }) => name)),
    )
  })

  test('by REST, with the state that a change is meant for', async () => {
    const created = await rest.post('/attributes', { name: 'shirt', type: 'one_of', options: ['S', 'M'] })
    expect(created).toMatchObject({
      status: 201,
      json: { editable_by: 'administrators', options: ['S', 'M'] },
    })
    const path = `/attributes/${created.json.id}`
    const etag = (await rest.get(path)).headers.get('etag') ?? ''
    const changed = await rest.patch(path, { options: ['S', 'M', 'L'] }, { 'if-match': etag })
    expect(changed).toMatchObject({ status: 200, json: { options: ['S', 'M', 'L'], type: 'one_of' } })
    expect((await rest.patch(path, { label: 'Shirt' }, { 'if-match': etag })).status).toBe(412)
    expect((await rest.delete(path, { 'if-match': etag })).status).toBe(412)
    expect((await rest.delete(path)).status).toBe(204)
    expect((await rest.get(path)).status).toBe(404)
  })

  test('values have the type that is defined, and each problem stands under its name', async () => {
    const types = ['string', 'number', 'boolean', 'date', 'strings'] as const
    const [text, number, truth, date, list] = await Promise.all(types.map((type) => define({ type })))
    const one = await define({ type: 'one_of', options: ['R&D', 'Sales'] })
    const name = (each: { name: string } | undefined) => each?.name ?? ''
    const { id } = await latchkey.createUser()
    const good = {
      [name(text)]: ' Zoë ',
      [name(number)]: 3.5,
      [name(truth)]: false,
      [name(date)]: '2024-02-29',
      [name(list)]: ['a', 'b', 'a'],
      [one.name]: 'R&D',
    }
    const answer = await rest.patch(`/users/${id}`, { attributes: good })
    expect(answer).toMatchObject({
      status: 200,
      json: { attributes: { ...good, [name(text)]: 'Zoë', [name(list)]: ['a', 'b'] } },
    })
    const bad = {
      [name(text)]: 'x'.repeat(501),
      [name(number)]: 'many',
      [name(truth)]: 'perhaps',
      [name(date)]: '2023-02-29',
      [name(list)]: 'a',
      [one.name]: 'HR',
      constructor: 'x',
      none: 'x',
    }
    const wrong = await rest.patch(`/users/${id}`, { attributes: bad, first_name: 'Never' })
    expect(wrong.status).toBe(422)
    expect(Object.keys(wrong.json.errors as object).sort()).toEqual(
      Object.keys(bad)
        .map((each) => `attributes.${each}`)
        .sort(),
    )
    expect(await latchkey.services.accounts.byId(id)).toMatchObject({ givenName: null })
    const emptied = await rest.patch(`/users/${id}`, { attributes: { [name(text)]: null, [name(list)]: [] } })
    expect(Object.keys(emptied.json.attributes as object)).not.toContain(name(text))
    expect(Object.keys(emptied.json.attributes as object)).toContain(name(number))
  })

  test('changes of several at the same moment are all kept, and a conditional one is not late', async () => {
    const attributes = await Promise.all([1, 2, 3, 4].map(() => define()))
    const { id } = await latchkey.createUser()
    const etag = (await rest.get(`/users/${id}`)).headers.get('etag') ?? ''
    await Promise.all(
      attributes.map(({ name }) =>
        latchkey.services.accounts.updateByAdmin(id, { attributes: { [name]: 'x' } }),
      ),
    )
    expect(await valuesOf(id)).toEqual(Object.fromEntries(attributes.map(({ name }) => [name, ['x']])))
    const late = await rest.patch(
      `/users/${id}`,
      { attributes: { [attributes[0]?.name ?? '']: 'y' } },
      { 'if-match': etag },
    )
    expect(late.status).toBe(412)
  })

  test('people change what they may, see what they may, and get all of it in their data', async () => {
    const [own, seen, hidden] = await Promise.all([
      define({ editable_by: 'user', visible_to: 'user' }),
      define({ visible_to: 'user' }),
      define(),
    ])
    const { accounts } = latchkey.services
    const { id } = await latchkey.createUser()
    await accounts.updateProfile(id, { attributes: { [own.name]: 'mine' } })
    for (const { name } of [seen, hidden])
      await expect(accounts.updateProfile(id, { attributes: { [name]: 'x' } })).rejects.toMatchObject(
        refused({ [`attributes.${name}`]: [expect.any(String)] }),
      )
    await accounts.updateByAdmin(id, { attributes: { [hidden.name]: 'secret note' } })
    expect(await valuesOf(id)).toEqual({ [own.name]: ['mine'], [hidden.name]: ['secret note'] })
  })

  test('people are found by a value, newest first, page by page, and no more once it is another', async () => {
    const { name } = await define({ type: 'strings' })
    const people = []
    for (let i = 0; i < 5; i++) {
      later++
      people.push(await latchkey.createUser())
    }
    for (const { id } of people) await rest.patch(`/users/${id}`, { attributes: { [name]: ['Blue', 'Red'] } })
    const newest = people.map(({ id }) => id).reverse()
    expect(await listed(`attribute=${name}%3Dblue`)).toEqual(newest)
    const page = await rest.get(`/users?limit=2&attribute=${name}%3Dred`)
    const after = `cursor=${page.json.next_cursor}`
    expect((page.json.items ?? []).map(({ id }) => id)).toEqual(newest.slice(0, 2))
    expect(await listed(`limit=2&attribute=${name}%3Dred&${after}`)).toEqual(newest.slice(2, 4))
    expect(await listed(`attribute=${name}%3Dred&search=${people[1]?.username}`)).toEqual([people[1]?.id])
    expect(await listed(`attribute=${name}%3Dre`)).toEqual([])
    expect(await listed(`attribute=${name}%3D%25`)).toEqual([])
    await rest.patch(`/users/${people[4]?.id}`, { attributes: { [name]: ['Green'] } })
    expect(await listed(`attribute=${name}%3Dred`)).toEqual(newest.slice(1))
    await latchkey.services.accounts.delete(people[3]?.id ?? '')
    expect(await listed(`attribute=${name}%3Dred`)).toEqual(newest.slice(2))
  })

  test('a definition that is deleted takes the values with it, and another one of its name begins anew', async () => {
    const { attributes } = latchkey.services
    const [gone, kept] = [await define(), await define()]
    const people = await Promise.all([1, 2, 3].map(() => latchkey.createUser()))
    for (const { id } of people)
      await rest.patch(`/users/${id}`, { attributes: { [gone.name]: 'x', [kept.name]: 'y' } })
    await rest.patch(`/users/${people[2]?.id}`, { attributes: { [kept.name]: null } })
    expect(await attributes.countPeople(gone.name)).toBe(3)
    await attributes.remove(gone.id)
    // From now on nobody is told of a value; a job takes them, once every process knows.
    expect((await rest.get(`/users/${people[0]?.id}`)).json.attributes).toEqual({ [kept.name]: 'y' })
    const again = attributes.create({ name: gone.name })
    await expect(again).rejects.toMatchObject(refused({ name: [expect.stringContaining('being deleted')] }))
    expect([await attributes.purge(), await attributes.countPeople(gone.name)]).toEqual([0, 3])
    later += 5_000
    expect([await attributes.purge(), await attributes.purge()]).toEqual([3, 0])
    expect(await attributes.countPeople(gone.name)).toBe(0)
    await attributes.create({ name: gone.name })
    // Who defined the wrong type does it again at once: nobody had a value.
    const wrong = await define({ type: 'number' })
    await attributes.remove(wrong.id)
    await attributes.create({ name: wrong.name })
    expect(await Promise.all(people.map(({ id }) => valuesOf(id)))).toEqual([
      { [kept.name]: ['y'] },
      { [kept.name]: ['y'] },
      {},
    ])
  })

  test('values of many people go batch by batch', async () => {
    const { accounts, attributes } = latchkey.services
    const gone = await define()
    const rows = Array.from({ length: 1_200 }, (_, at) =>
      JSON.stringify({
        username: `many${at}`,
        email: `many${at}@example.com`,
        attributes: { [gone.name]: 'x' },
      }),
    )
    await accounts.importUsers(Readable.from([rows.join('\n')]), { format: 'jsonl', tell: () => {} })
    expect(await attributes.countPeople(gone.name)).toBe(1_001)
    await attributes.remove(gone.id)
    later += 5_000
    const batches: number[] = []
    while (batches.at(-1) !== 0) batches.push(await attributes.purge())
    expect(batches).toEqual([500, 500, 200, 0])
    expect(await valuesOf((await accounts.find('many7'))?.id ?? '')).toEqual({})
  })

  test('what was done is in the audit log', async () => {
    const { name } = await define({ type: 'number' })
    const { id } = await latchkey.createUser()
    await rest.patch(`/users/${id}`, { attributes: { [name]: 7 } })
    await latchkey.services.audit.idle()
    const { items } = await latchkey.services.audit.list()
    expect(items.map(({ action }) => action)).toContain('attribute.created')
    const change = items.find(
      ({ action, target }) => action === 'account.profile_changed' && target?.id === id,
    )
    expect(JSON.stringify(change?.details)).toContain(name)
  })
})
