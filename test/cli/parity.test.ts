import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

interface Secret {
  id: string
  issued_at: number
  expires_at: number
  last_used_at: number | null
}

describe.each(['sqlite', 'postgresql'] as const)('on the command line on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({ ISSUER: 'https://id.example' }, { engine })
  })
  afterAll(() => latchkey.remove())
  const json = async <Document>(...argv: string[]): Promise<Document> => {
    const outcome = await latchkey.run([...argv, '--json'])
    expect(outcome.stderr).toBe('')
    return outcome.json() as Document
  }

  test('an API is shown and changed: what is not named stays, "" takes the default', async () => {
    const api = 'https://api.example'
    await json(
      'resources',
      'add',
      '--identifier',
      api,
      '--scope',
      'a:read',
      '--name',
      'A',
      '--access-token-ttl',
      '600',
    )
    const changed = await json('resources', 'update', api, '--scope', 'a:read a:write')
    const shown = { identifier: api, scope: 'a:read a:write', tokens: 'jwt' }
    expect(changed).toEqual({ ...shown, name: 'A', access_token_ttl: 600 })
    expect(await json('resources', 'show', api)).toEqual(changed)
    const marked = await json('resources', 'update', api, '--default-scopes', 'a:read')
    expect(marked).toEqual({ ...(changed as object), default_scopes: 'a:read' })
    const refused = await latchkey.run(['resources', 'update', api, '--default-scopes', 'a:raed'])
    expect(refused.stderr).toMatch(/--default-scopes: has a:raed, which the API does not have/)
    await json('resources', 'update', api, '--default-scopes', '')
    const plain = await json('resources', 'update', api, '--name', '', '--access-token-ttl', '')
    expect(plain).toEqual({ ...shown, name: api })
    expect(await json('resources', 'update', api, '--tokens', 'opaque')).toMatchObject({ tokens: 'opaque' })
    expect(await json('resources', 'update', api, '--tokens', '')).toMatchObject({ tokens: 'jwt' })
    const text = await latchkey.run(['resources', 'update', api, '--name', 'Again'])
    expect(text.stdout).toMatch(/The API is changed.*\n\n.*identifier +https:\/\/api\.example\n +name +Again/)
  })

  test('an API gets credentials, two at most, and loses one or all of them', async () => {
    const api = 'https://credentials.example'
    await json('resources', 'add', '--identifier', api, '--scope', 'c:read')
    const add = () => json<{ client_id: string; client_secret: string }>('resources', 'add-credential', api)
    const [first, second] = [await add(), await add()]
    expect(first).toMatchObject({
      client_id: expect.stringMatching(/^api_[0-9a-f]{32}$/),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
    })
    const third = await latchkey.run(['resources', 'add-credential', api])
    expect([third.status, third.stderr]).toEqual([1, expect.stringContaining('two credentials')])
    const list = async () =>
      (await json<{ items: { client_id: string }[] }>('resources', 'credentials', api)).items
    expect((await list()).map(({ client_id }) => client_id).sort()).toEqual(
      [first.client_id, second.client_id].sort(),
    )
    expect(JSON.stringify(await list())).not.toContain(first.client_secret)
    await json('resources', 'remove-credential', first.client_id)
    expect(await list()).toMatchObject([{ client_id: second.client_id }])
    const text = await latchkey.run(['resources', 'add-credential', api])
    expect(text.stdout).toContain('shown this once')
    await json('resources', 'remove-credential', api)
    expect(await list()).toEqual([])
    for (const id of [first.client_id, api, 'https://none.example']) {
      const gone = await latchkey.run(['resources', 'remove-credential', id])
      expect([gone.status, gone.stderr]).toEqual([1, expect.stringMatching(/no (such )?(credential|API)/)])
    }
    const log = await latchkey.run(['audit', 'list', '--json'])
    expect(log.stdout).toContain('resource.credential_added')
    expect(log.stdout).toContain('resource.credential_removed')
    expect(log.stdout).not.toContain(second.client_secret)
  })

  test('what is wrong with a change of an API is told by its option, and nothing is changed', async () => {
    const wrong = await latchkey.run([
      ...['resources', 'update', 'https://api.example', '--scope', 'openid', '--access-token-ttl', '1e3'],
    ])
    expect(wrong.status).toBe(1)
    expect(wrong.stderr).toMatch(/--scope: has openid/)
    expect(wrong.stderr).toMatch(/--access-token-ttl: /)
    expect(await json('resources', 'show', 'https://api.example')).toMatchObject({ scope: 'a:read a:write' })
    const nothing = await latchkey.run(['resources', 'update', 'https://api.example'])
    expect([nothing.status, nothing.stderr]).toEqual([2, expect.stringContaining('nothing to change')])
    for (const verb of ['show', 'update', 'delete']) {
      const unknown = await latchkey.run([
        ...['resources', verb, 'https://none.example', ...(verb === 'update' ? ['--name', 'X'] : [])],
      ])
      expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringContaining('no API')])
    }
  })

  test('the secrets of a client are listed without their values, and one is ended while the other works', async () => {
    const made = await json<{ client_id: string; client_secret: string }>(
      ...['clients', 'create', '--name', 'Job', '--grant', 'client_credentials'],
    )
    const id = made.client_id
    const rotated = await json<{ client_secret: string }>('clients', 'rotate-secret', id)
    const listed = await latchkey.run(['clients', 'secrets', id, '--json'])
    for (const secret of [made.client_secret, rotated.client_secret])
      expect(listed.stdout).not.toContain(secret)
    const { secrets } = listed.json() as { secrets: [Secret, Secret] }
    expect(secrets).toEqual([
      { id: expect.any(String), issued_at: expect.any(Number), expires_at: 0, last_used_at: null },
      {
        id: expect.any(String),
        issued_at: expect.any(Number),
        expires_at: expect.any(Number),
        last_used_at: null,
      },
    ])
    const [newest, old] = secrets
    expect(old.expires_at).toBeGreaterThan(old.issued_at)
    const table = await latchkey.run(['clients', 'secrets', id])
    expect(table.stdout).toMatch(/^SECRET ID +CREATED +VALID UNTIL +LAST USED\n/)
    expect(table.stdout).toMatch(new RegExp(`${newest.id} .*it is replaced +never`))
    expect((await latchkey.run(['clients', 'show', id])).stdout).toContain(old.id)

    expect(await json('clients', 'remove-secret', id, old.id)).toEqual({
      client_id: id,
      secret_id: old.id,
      removed: true,
    })
    const left = await json<{ secrets: Secret[] }>('clients', 'secrets', id)
    expect(left.secrets.map((each) => each.id)).toEqual([newest.id])
    const again = await latchkey.run(['clients', 'remove-secret', id, old.id])
    expect([again.status, again.stdout]).toEqual([1, ''])
    const last = await latchkey.run(['clients', 'remove-secret', id, newest.id])
    expect([last.status, last.stderr]).toEqual([1, expect.stringMatching(/^error: /)])
    expect((await json<{ secrets: Secret[] }>('clients', 'secrets', id)).secrets).toHaveLength(1)
  })

  test('the secret of another client is not ended', async () => {
    const create = (name: string) =>
      json<{ client_id: string }>('clients', 'create', '--name', name, '--grant', 'client_credentials')
    const [one, other] = [await create('One'), await create('Other')]
    await json('clients', 'rotate-secret', other.client_id)
    const { secrets } = await json<{ secrets: Secret[] }>('clients', 'secrets', other.client_id)
    const refused = await latchkey.run(['clients', 'remove-secret', one.client_id, secrets[1]?.id ?? ''])
    expect(refused.status).toBe(1)
    expect((await json<{ secrets: Secret[] }>('clients', 'secrets', other.client_id)).secrets).toHaveLength(2)
  })

  test('clients are searched, and marked as checked', async () => {
    const { items } = await json<{ items: { client_name: string; client_id: string }[] }>(
      ...['clients', 'list', '--search', 'OTHER'],
    )
    expect(items.map(({ client_name: name }) => name)).toEqual(['Other'])
    expect((await latchkey.run(['clients', 'list', '--search', 'zzz'])).stdout).toBe(
      'There is no such client.\n',
    )
    const id = items[0]?.client_id ?? ''
    expect(await json('clients', 'verify', id)).toEqual({ client_id: id, verified: true })
    expect((await latchkey.run(['clients', 'verify', 'lk_none'])).status).toBe(1)
    const log = await json<{ items: { action: string }[] }>('audit', 'list', '--action', 'client.verified')
    expect(log.items).toHaveLength(1)
  })
})
