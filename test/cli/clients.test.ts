import { generateKeyPairSync } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInstallation, type Installation } from './harness.ts'

const { publicKey, privateKey } = generateKeyPairSync('ed25519')

describe.each(['sqlite', 'postgresql'] as const)('latchkey clients on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({ ISSUER: 'https://id.example' }, { engine })
  })
  afterAll(() => latchkey.remove())

  const create = async (...options: string[]) => {
    const outcome = await latchkey.run(['clients', 'create', ...options, '--json'])
    expect(outcome.stderr).toBe('')
    expect(outcome.status).toBe(0)
    return outcome.json() as { client_id: string; client_secret?: string }
  }
  const web = ['--name', 'Shop', '--redirect-uri', 'https://app.example/cb']

  test('create --json prints one document in RFC 7591 names', async () => {
    expect(
      await create(
        ...web,
        ...[
          '--redirect-uri',
          'http://localhost:4000/cb',
          '--post-logout-redirect-uri',
          'https://app.example/bye',
        ],
        ...['--grant', 'authorization_code', '--grant', 'refresh_token', '--scope', 'openid email'],
        ...['--auth-method', 'client_secret_post', '--pkce', 'optional', '--first-party'],
        '--no-id-token-identity-claims',
      ),
    ).toMatchObject({
      client_id: expect.stringMatching(/^lk_/),
      client_secret: expect.stringMatching(/^[\w-]{43}$/),
      client_secret_expires_at: 0,
      client_name: 'Shop',
      redirect_uris: ['https://app.example/cb', 'http://localhost:4000/cb'],
      post_logout_redirect_uris: ['https://app.example/bye'],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid email',
      token_endpoint_auth_method: 'client_secret_post',
      application_type: 'web',
      pkce: 'optional',
      first_party: true,
      id_token_identity_claims: false,
    })
  })

  test('the claims of a person are in its ID Tokens, until it says otherwise', async () => {
    const { client_id: id } = await create(...web)
    const update = async (flag: string) => {
      const outcome = await latchkey.run(['clients', 'update', id, flag, '--json'])
      return (outcome.json() as { id_token_identity_claims: boolean }).id_token_identity_claims
    }
    expect(await update('--no-id-token-identity-claims')).toBe(false)
    expect(await update('--id-token-identity-claims')).toBe(true)
  })

  test('create --public', async () => {
    const client = await create('--name', 'App', '--redirect-uri', 'com.example.app:/cb', '--public')
    expect(client).toMatchObject({ token_endpoint_auth_method: 'none', application_type: 'native' })
    expect(client).not.toHaveProperty('client_secret')
  })

  test('create for people shows what to copy and what comes next', async () => {
    const { stdout, stderr, status } = await latchkey.run(['clients', 'create', ...web])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/client_id +lk_[0-9a-f]{32}\n/)
    expect(stdout).toMatch(/client_secret +[\w-]{43} +\(shown once/)
    expect(stdout).toContain('https://id.example/.well-known/openid-configuration')
    expect(stdout).toMatch(/Next: .*PKCE/)
  })

  describe('--jwks', () => {
    const machine = ['--name', 'Job', '--grant', 'client_credentials']
    const file = async (name: string, content: unknown) => {
      const path = join(latchkey.dataDir, name)
      await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
      return path
    }
    const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one' }

    test('of a client that has a secret: it keeps it, since its keys may be for signed requests', async () => {
      const { client_id: id } = await create('--name', 'Signs', '--redirect-uri', 'https://app.example/cb')
      const keys = await file('signs.json', publicKey.export({ format: 'jwk' }))
      const alone = await latchkey.run(['clients', 'update', id, '--jwks', keys])
      expect([alone.status, alone.stdout]).toEqual([1, ''])
      expect(alone.stderr).toMatch(/--jwks: is used with .*private_key_jwt only, or for signed requests/)
      const signed = ['--jwks', keys, '--request-object-alg', 'EdDSA', '--json']
      expect((await latchkey.run(['clients', 'update', id, ...signed])).json()).toMatchObject({
        token_endpoint_auth_method: 'client_secret_basic',
        jwks: { keys: [{ kty: 'OKP' }] },
        secrets: [{ expires_at: 0 }],
      })
      const change = ['--auth-method', 'private_key_jwt', '--json']
      const changed = await latchkey.run(['clients', 'update', id, ...change])
      expect(changed.json()).toMatchObject({ token_endpoint_auth_method: 'private_key_jwt', secrets: [] })
    })

    test.each([['--request-object-alg', 'EdDSA'], ['--require-signed-request']])(
      'create with %s: the keys are for its requests, and it gets a secret',
      async (...options) => {
        const keys = await file('requests.json', publicKey.export({ format: 'jwk' }))
        const client = await create(...web, '--jwks', keys, ...options)
        expect(client).toMatchObject({
          token_endpoint_auth_method: 'client_secret_basic',
          client_secret: expect.any(String),
        })
      },
    )

    test.each([
      ['a JWK Set', { keys: [publicJwk] }],
      ['a single JWK', publicJwk],
    ])('takes %s', async (_name, content) => {
      const client = await create(...machine, '--jwks', await file('good.json', content))
      expect(client).toMatchObject({
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [publicJwk] },
      })
      expect(client).not.toHaveProperty('client_secret')
    })

    test.each([
      ['a private key', privateKey.export({ format: 'jwk' }), /--jwks: key 1 contains the private key/],
      ['something else', { hello: 1 }, /--jwks: must be/],
      ['no JSON', '-----BEGIN PUBLIC KEY-----', /--jwks: .* is not JSON/],
    ])('refuses %s', async (_name, content, message) => {
      const outcome = await latchkey.run([
        'clients',
        'create',
        ...machine,
        '--jwks',
        await file('bad.json', content),
      ])
      expect([outcome.status, outcome.stdout]).toEqual([1, ''])
      expect(outcome.stderr).toMatch(message)
    })
  })

  test('everything that is wrong is said at once, by the name of the option', async () => {
    const { status, stdout, stderr } = await latchkey.run([
      ...['clients', 'create', '--redirect-uri', 'http://app.example/cb', '--public', '--json'],
      ...[
        '--grant',
        'client_credentials',
        '--auth-method',
        'client_secret_post',
        '--pkce',
        'never',
        '--jwks',
        '/nowhere',
      ],
    ])
    expect([status, stdout]).toEqual([1, ''])
    for (const option of ['--name', '--redirect-uri', '--grant', '--auth-method', '--pkce', '--jwks']) {
      expect(stderr).toMatch(new RegExp(`^error: ${option}: `, 'm'))
    }
    expect(stderr).not.toMatch(/redirect_uris|grant_types|at .*\.ts/)
  })

  test('show, update, unset, list, disable, enable, delete', async () => {
    const { client_id: id } = await create(...web, '--logo-uri', 'https://app.example/l.png', '--first-party')
    const json = async (...argv: string[]) => {
      const outcome = await latchkey.run([...argv, '--json'])
      expect([outcome.status, outcome.stderr]).toEqual([0, ''])
      return outcome.json()
    }
    const before = await json('clients', 'show', id)
    expect(before).toMatchObject({ client_id: id, logo_uri: 'https://app.example/l.png', first_party: true })
    expect(before).not.toHaveProperty('client_secret')

    expect(
      await json('clients', 'update', id, '--name', 'Store', '--logo-uri', '', '--no-first-party'),
    ).toMatchObject({ client_name: 'Store', first_party: false, redirect_uris: ['https://app.example/cb'] })
    expect(await json('clients', 'show', id)).not.toHaveProperty('logo_uri')

    expect(await json('clients', 'disable', id)).toEqual({ client_id: id, disabled: true })
    const { stdout } = await latchkey.run(['clients', 'list'])
    expect(stdout).toMatch(new RegExp(`${id} +Store +client_secret_basic +authorization_code +disabled`))
    expect(await json('clients', 'enable', id)).toEqual({ client_id: id, disabled: false })

    expect(await json('clients', 'delete', id)).toEqual({ client_id: id, deleted: true })
    const gone = await latchkey.run(['clients', 'show', id])
    expect([gone.status, gone.stdout, gone.stderr]).toEqual([
      1,
      '',
      'error: There is no client with this ID.\n',
    ])
  })

  test('rotate-secret', async () => {
    const { client_id: id, client_secret: old } = await create(...web)
    const people = await latchkey.run(['clients', 'rotate-secret', id])
    expect(people.stdout).toMatch(/shown once:\n\n {2}[\w-]{43}\n\nThe old secret is valid until \d{4}-/)
    const programs = await latchkey.run(['clients', 'rotate-secret', id, '--keep-old', '0', '--json'])
    expect(programs.json()).toEqual({
      client_id: id,
      client_secret: expect.not.stringMatching(`^${old}$`),
      client_secret_expires_at: 0,
      previous_secret_expires_at: 0,
    })
    for (const typed of ['soon', '', '1e3', '-1']) {
      const wrong = await latchkey.run(['clients', 'rotate-secret', id, `--keep-old=${typed}`])
      expect([wrong.status, wrong.stdout], typed).toEqual([1, ''])
      expect(wrong.stderr).toMatch(/whole number of seconds/)
    }
  })

  test('long lists come in pages', async () => {
    const seen: string[] = []
    let cursor: string[] = []
    do {
      const outcome = await latchkey.run(['clients', 'list', '--limit', '2', ...cursor, '--json'])
      const page = outcome.json() as { items: { client_id: string }[]; next_cursor?: string }
      expect(page.items.length).toBeLessThanOrEqual(2)
      seen.push(...page.items.map((client) => client.client_id))
      cursor = page.next_cursor === undefined ? [] : ['--cursor', page.next_cursor]
    } while (cursor.length > 0)
    expect(new Set(seen).size).toBe(seen.length)
    const people = await latchkey.run(['clients', 'list', '--limit', '1'])
    expect(people.stdout).toMatch(/More: npm run -s latchkey -- clients list --limit 1 --cursor \S+\n$/)
    for (const name of ["It's $HOME", "It's $HOME, too"])
      await latchkey.run([
        'clients',
        'create',
        '--name',
        name,
        '--redirect-uri',
        'https://app.example/callback',
      ])
    const searched = await latchkey.run(['clients', 'list', '--limit', '1', '--search', "It's $"])
    expect(searched.stdout).toMatch(/clients list --limit 1 --search 'It'\\''s \$' --cursor \S+\n$/)
    const wrong = await latchkey.run(['clients', 'list', '--limit', 'many'])
    expect([wrong.status, wrong.stderr]).toEqual([
      1,
      'error: --limit: must be a whole number from 1 to 100, for example 50\n',
    ])
  })

  test.each([
    [['clients', 'create', '--redirect-url', 'https://app.example/cb'], /Did you mean --redirect-uri\?/],
    [['clients', 'crate'], /Did you mean create\?/],
    [['client', 'list'], /Did you mean clients\?/],
    [['clients', 'show'], /missing required argument 'id'/],
    [['clients', 'update', 'lk_x'], /nothing to change/],
    [['clients', 'show', 'a', 'b'], /too many arguments/],
  ])('%j ends with status 2 and a hint', async (argv, message) => {
    const { status, stdout, stderr } = await latchkey.run(argv)
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(message)
  })

  test('--help', async () => {
    const { status, stdout, stderr } = await latchkey.run(['clients', 'create', '--help'])
    expect([status, stderr]).toEqual([0, ''])
    for (const option of ['--redirect-uri', '--public', '--jwks', '--pkce', '--first-party', '--json']) {
      expect(stdout).toContain(option)
    }
  })
})
