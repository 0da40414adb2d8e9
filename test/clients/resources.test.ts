import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { resourceVersion } from '../../src/clients/resources/resource.ts'
import { createResources, type Resources } from '../../src/clients/resources/resources.ts'
import { engines, type OpenedDatabase, openOn } from './engines.ts'

describe.each(engines)('resources on %s', (engine) => {
  let db: OpenedDatabase
  let resources: Resources
  const events: unknown[] = []

  beforeAll(async () => {
    db = await openOn(engine, () => Date.UTC(2026, 10, 20))
    resources = createResources({
      db,
      clock: () => Date.UTC(2026, 10, 20),
      events: (event) => events.push(event),
      reserved: ['https://id.example/api/admin'],
    })
  })
  afterAll(() => db.close())

  test.each([
    'https://api.example',
    'https://api.example/',
    'https://api.example:8443/v1/orders',
    'http://localhost:4000/api',
    'urn:example:api',
  ])('adds and finds %s', async (identifier) => {
    const added = await resources.add({ identifier, scope: 'orders:read  orders:write', name: 'Orders' })
    expect(added).toEqual({ identifier, name: 'Orders', scope: 'orders:read orders:write', tokens: 'jwt' })
    expect(await resources.findForProtocol(identifier)).toEqual({
      identifier,
      name: 'Orders',
      scope: 'orders:read orders:write',
      accessTokenTtl: null,
      tokens: 'jwt',
      defaultScopes: '',
      scopeDescriptions: {},
      scopesByRole: false,
      tokenClaims: '',
    })
  })

  test('keeps a lifetime; its name defaults to its identifier', async () => {
    const identifier = 'https://ttl.example'
    expect(await resources.add({ identifier, scope: 'a', access_token_ttl: 300 })).toEqual({
      identifier,
      name: identifier,
      scope: 'a',
      access_token_ttl: 300,
      tokens: 'jwt',
    })
    expect(await resources.findForProtocol(identifier)).toMatchObject({ accessTokenTtl: 300 })
  })

  test('its tokens are verified by itself, or looked up here; null takes that back', async () => {
    const identifier = 'https://looked-up.example'
    await resources.add({ identifier, scope: 'a', tokens: 'opaque' })
    expect(await resources.findForProtocol(identifier)).toMatchObject({ tokens: 'opaque' })
    expect(await resources.findByScope('a')).toContainEqual(
      expect.objectContaining({ identifier, tokens: 'opaque' }),
    )
    expect(await resources.update(identifier, { name: 'A' })).toMatchObject({ tokens: 'opaque' })
    expect(await resources.update(identifier, { tokens: null })).toMatchObject({ tokens: 'jwt' })
    expect((await resources.list()).items).toContainEqual(
      expect.objectContaining({ identifier, tokens: 'jwt' }),
    )
    await resources.remove(identifier)
  })

  test.each<[string, Record<string, unknown>, string, RegExp]>([
    [
      'tokens of a third kind',
      { identifier: 'https://a.example', scope: 'a', tokens: 'saml' },
      'tokens',
      /jwt or opaque/,
    ],
    ['nothing', {}, 'identifier', /missing/],
    ['a relative URI', { identifier: '/api' }, 'identifier', /https or urn/],
    ['http on the net', { identifier: 'http://api.example' }, 'identifier', /https or urn/],
    ['a fragment', { identifier: 'https://api.example#x' }, 'identifier', /fragment/],
    ['a query', { identifier: 'https://api.example?x' }, 'identifier', /query/],
    ['userinfo', { identifier: 'https://u@api.example' }, 'identifier', /user name/],
    [
      'another spelling',
      { identifier: 'https://API.example' },
      'identifier',
      /write https:\/\/api\.example\//,
    ],
    ['white space', { identifier: 'https://api.example/ ' }, 'identifier', /ASCII/],
    ['a script', { identifier: 'javascript:alert(1)' }, 'identifier', /https or urn/],
    ['no scope', { identifier: 'https://a.example' }, 'scope', /scope values/],
    ['a scope of administration', { identifier: 'https://a.example', scope: 'a admin:x' }, 'scope', /admin:/],
    ['identity scopes', { identifier: 'https://a.example', scope: 'openid read' }, 'scope', /OpenID Connect/],
    [
      'a short life',
      { identifier: 'https://a.example', scope: 'a', access_token_ttl: 1 },
      'access_token_ttl',
      /60/,
    ],
    ['a typing mistake', { identifier: 'https://a.example', scope: 'a', ttl: 1 }, 'ttl', /not known/],
  ])('refuses %s', async (_name, input, field, message) => {
    await expect(resources.add(input)).rejects.toMatchObject({
      code: 'invalid_resource',
      status: 422,
      errors: { [field]: [expect.stringMatching(message)] },
    })
  })

  test.each(['\tadmin:write', 'a\nadmin:read', '\u00a0openid'])('refuses the scope %j', async (scope) => {
    await expect(resources.add({ identifier: 'https://a.example', scope })).rejects.toMatchObject({
      code: 'invalid_resource',
    })
  })

  test('default scopes are some of its own, in any order; another set of them is another version', async () => {
    const identifier = 'https://defaults.example'
    const given = { identifier, scope: 'd:a d:b d:c', default_scopes: 'd:b d:a' }
    expect(await resources.add(given)).toMatchObject(given)
    expect(await resources.defaultsAmong(['d:c', 'd:a', 'nobody:s', 'd:b'])).toEqual(['d:a', 'd:b'])
    const refused = {
      errors: { default_scopes: [expect.stringMatching(/has d:x, which the API does not have/)] },
    }
    await expect(resources.update(identifier, { default_scopes: 'd:a d:x' })).rejects.toMatchObject(refused)
    await expect(resources.update(identifier, { scope: 'd:a d:c' })).rejects.toMatchObject({
      errors: { default_scopes: [expect.stringMatching(/^has d:b/)] },
    })
    const fewer = await resources.update(identifier, { scope: 'd:a d:c', default_scopes: 'd:a' })
    expect(fewer).toMatchObject({ default_scopes: 'd:a' })
    const none = await resources.update(identifier, { default_scopes: null })
    expect(none).not.toHaveProperty('default_scopes')
    expect(resourceVersion(none)).not.toBe(resourceVersion(fewer))
  })

  test('its scopes have words; those of a scope that goes go with it', async () => {
    const identifier = 'https://words.example'
    const words = {
      'w:b': { title: 'Change it', description: 'All of it.', sensitive: true },
      'w:a': { title: ' See it ', sensitive: false },
      'w:c': {},
      __proto__x: { title: 'An odd name' },
    }
    const added = await resources.add({
      ...{ identifier, scope: 'w:a w:b w:c __proto__x', scope_descriptions: words },
    })
    expect(added.scope_descriptions).toEqual({
      ...{ 'w:a': { title: 'See it' }, 'w:b': words['w:b'], __proto__x: words.__proto__x },
    })
    expect(await resources.get(identifier)).toEqual(added)
    expect((await resources.findForProtocol(identifier))?.scopeDescriptions).toEqual(added.scope_descriptions)
    expect((await resources.findByScope('w:b'))[0]?.scopeDescriptions).toEqual(added.scope_descriptions)
    const same = await resources.update(identifier, { scope_descriptions: words })
    expect(resourceVersion(same)).toBe(resourceVersion(added))
    const fewer = await resources.update(identifier, { scope: 'w:b' })
    expect(fewer.scope_descriptions).toEqual({ 'w:b': words['w:b'] })
    expect(resourceVersion(fewer)).not.toBe(resourceVersion(added))
    const none = await resources.update(identifier, { scope_descriptions: null })
    expect(none).not.toHaveProperty('scope_descriptions')
  })

  test.each([
    ['text', /must be an object by scope/],
    [{ other: { title: 'x' } }, /describes other, which the API does not have/],
    [{ 'w:a': 'See it' }, /of w:a: must be an object/],
    [{ 'w:a': { title: '' } }, /of w:a: title must not be empty/],
    [{ 'w:a': { title: 'x'.repeat(121) } }, /of w:a: title must have 120 characters at most/],
    [{ 'w:a': { title: 'See\nit' } }, /of w:a: title must be one line/],
    [{ 'w:a': { description: '\u202egnihton' } }, /of w:a: description must be one line/],
    [{ 'w:a': { sensitive: 'yes' } }, /of w:a: sensitive must be true or false/],
    [{ 'w:a': { name: 'x' } }, /of w:a: name is not known/],
    [JSON.parse('{"__proto__": {"title": "x"}}'), /describes __proto__, which the API does not have/],
  ])('words that cannot be shown are refused: %j', async (scope_descriptions, message) => {
    await expect(
      resources.add({ identifier: 'https://no-words.example', scope: 'w:a', scope_descriptions }),
    ).rejects.toMatchObject({ errors: { scope_descriptions: [expect.stringMatching(message)] } })
  })

  test('reports everything at once', async () => {
    await expect(
      resources.add({ identifier: 'x', scope: 'openid', access_token_ttl: 'x' }),
    ).rejects.toMatchObject({
      errors: {
        identifier: [expect.anything()],
        scope: [expect.anything()],
        access_token_ttl: [expect.anything()],
      },
    })
  })

  test('an identifier is added once, however many race; a reserved one never', async () => {
    const identifier = 'https://race.example'
    const results = await Promise.allSettled(
      Array.from({ length: 5 }, () => resources.add({ identifier, scope: 'a' })),
    )
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    await expect(resources.add({ identifier, scope: 'a' })).rejects.toMatchObject({
      code: 'resource_exists',
      status: 409,
    })
    for (const reserved of ['https://id.example/api/admin', 'https://id.example/api/admin/']) {
      const adding = resources.add({ identifier: reserved, scope: 'a' })
      await expect(adding).rejects.toMatchObject({ code: 'resource_exists' })
    }
  })

  test('a scope is found in every resource that has it, exactly as it is spelt', async () => {
    await resources.add({ identifier: 'https://one.example', scope: 'find:one find:both 100%' })
    await resources.add({ identifier: 'https://two.example', scope: 'find:both find:two' })
    const found = async (scope: string) =>
      (await resources.findByScope(scope)).map(({ identifier }) => identifier)
    expect(await found('find:one')).toEqual(['https://one.example'])
    expect(await found('find:two')).toEqual(['https://two.example'])
    expect(await found('100%')).toEqual(['https://one.example'])
    expect(await found('find:both')).toEqual(['https://one.example', 'https://two.example'])
    for (const scope of [
      'find:on',
      'ind:one',
      'FIND:ONE',
      'find_one',
      '%',
      '',
      ' ',
      'a\0b',
      "'",
      '\u{1f600}',
    ])
      expect(await found(scope)).toEqual([])
  })

  test('removed is unknown', async () => {
    const identifier = 'https://gone.example'
    await resources.add({ identifier, scope: 'a' })
    await resources.remove(identifier)
    expect(await resources.findForProtocol(identifier)).toBeUndefined()
    await expect(resources.remove(identifier)).rejects.toMatchObject({
      code: 'resource_not_found',
      status: 404,
    })
    expect(events).toContainEqual(expect.objectContaining({ type: 'resource.removed', identifier }))
  })

  test.each(['', 'a\u0000b', 'x'.repeat(5000), '\u{1f600}'])('unknown: %j', async (identifier) => {
    expect(await resources.findForProtocol(identifier)).toBeUndefined()
    await expect(resources.remove(identifier)).rejects.toMatchObject({ code: 'resource_not_found' })
  })

  test('pages list every resource once', async () => {
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = await resources.list({ limit: 3, cursor })
      seen.push(...page.items.map((resource) => resource.identifier))
      cursor = page.next_cursor
    } while (cursor !== undefined)
    expect(seen.toSorted()).toEqual([...new Set(seen)].sort())
    expect(seen.length).toBe(await db.prisma.resource.count())
  })
})
