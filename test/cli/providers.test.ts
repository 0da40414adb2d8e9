import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { kinds } from '../../src/federation/connectors/kinds.ts'
import { createInstallation, type Installation } from './harness.ts'

const SECRET = 'hunter2-hunter2'
const CALLBACK = 'https://id.example/api/auth/oauth/corp/callback'

describe.each(['sqlite', 'postgresql'] as const)('latchkey providers on %s', (engine) => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({ ISSUER: 'https://id.example' }, { engine })
  })
  afterAll(() => latchkey.remove())

  const add = (id: string, ...options: string[]) =>
    latchkey.run(['providers', 'add', id, ...options, '--secret-stdin'], { stdin: `${SECRET}\n` })
  const openId = ['--kind', 'oidc', '--client-id', 'latchkey', '--issuer', 'https://login.example']

  test('without one, list says how to add one', async () => {
    const { stdout } = await latchkey.run(['providers', 'list'])
    expect(stdout).toMatch(/no provider yet.*npm run -s latchkey -- providers add/)
  })

  test('add, with the secret on standard input: what to enter at the provider, and what comes next', async () => {
    const { status, stdout, stderr } = await add('corp', ...openId)
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^login\.example \(corp\) is added\./)
    expect(stdout).toContain(CALLBACK)
    expect(stdout).toContain('https://id.example/api/auth/oauth/corp/backchannel-logout')
    expect(stdout).toMatch(/\nNext: npm run -s latchkey -- providers test corp\n$/)
    expect(stdout).not.toContain(SECRET)
  })

  test('every option reaches the provider, and the secret is in no answer', async () => {
    const added = await add(
      'full',
      ...openId,
      ...['--name', 'Full Corp', '--auth-method', 'client_secret_post', '--id-token-alg', 'ES256'],
      ...[
        '--scope',
        'openid email',
        '--claim',
        'username=nickname',
        '--claim',
        'email=mail',
        '--trust-email',
      ],
      ...['--email-domain', 'example.com', '--email-domain', 'Example.org', '--keep-tokens', '--json'],
      ...['--membership-rule', 'groups=eng-* group:Engineers', '--membership-mode', 'sync'],
    )
    expect(added.json()).toEqual({
      id: 'full',
      kind: 'oidc',
      name: 'Full Corp',
      client_id: 'latchkey',
      has_secret: true,
      settings: {
        issuer: 'https://login.example',
        auth_method: 'client_secret_post',
        id_token_alg: 'ES256',
        scope: 'openid email',
        claims: { username: 'nickname', email: 'mail' },
        trust_email: true,
      },
      email_domains: ['example.com', 'example.org'],
      keep_tokens: true,
      membership_mode: 'sync',
      organization: null,
      membership_rules: [{ claim: 'groups', value: 'eng-*', group: 'Engineers' }],
      disabled: false,
      source: 'database',
      callback_url: 'https://id.example/api/auth/oauth/full/callback',
      backchannel_logout_url: 'https://id.example/api/auth/oauth/full/backchannel-logout',
    })
    const shown = await latchkey.run(['providers', 'show', 'full', '--json'])
    expect(shown.json()).toEqual(added.json())
    const text = await latchkey.run(['providers', 'show', 'full'])
    expect(text.stdout).toMatch(/client secret +set\n/)
    expect(text.stdout).toMatch(/claims +\{"username":"nickname","email":"mail"\}\n/)
    for (const { stdout } of [added, shown, text]) expect(stdout).not.toContain(SECRET)
  })

  test('GitHub and Google have options of their own', async () => {
    const github = ['--kind', 'github', '--client-id', 'a', '--url', 'https://git.example']
    const enterprise = await add('enterprise', ...github, '--api-url', 'https://git.example/api/v3', '--json')
    expect(enterprise.json()).toMatchObject({
      name: 'GitHub',
      settings: { url: 'https://git.example', api_url: 'https://git.example/api/v3' },
    })
    expect(enterprise.json()).not.toHaveProperty('backchannel_logout_url')
    const google = ['--kind', 'google', '--client-id', 'b', '--hosted-domain', 'example.com', '--json']
    expect((await add('workspace', ...google)).json()).toMatchObject({
      name: 'Google',
      settings: { hosted_domain: 'example.com' },
    })
  })

  test('a public client has no secret', async () => {
    const { status, stdout } = await latchkey.run([
      ...['providers', 'add', 'public', ...openId, '--auth-method', 'none', '--json'],
    ])
    expect([status, JSON.parse(stdout)]).toEqual([0, expect.objectContaining({ has_secret: false })])
  })

  test('says everything that is wrong, by option, and never shows the secret', async () => {
    const { status, stdout, stderr } = await add(
      'X',
      ...['--kind', 'oidc', '--issuer', 'http://login.example', '--auth-method', 'magic', '--scope', 'email'],
      ...['--claim', 'nick=x', '--email-domain', '@', '--name', '', '--url', 'https://git.example', '--json'],
    )
    expect([status, stdout]).toEqual([1, ''])
    for (const option of [
      'id',
      '--client-id',
      '--issuer',
      '--auth-method',
      '--scope',
      '--claim',
      '--email-domain',
      '--name',
      '--url',
    ])
      expect(stderr).toMatch(new RegExp(`^error: ${option}: `, 'm'))
    expect(stderr).not.toContain(SECRET)
  })

  test('an id is taken once; a kind has to exist; a claim has a name; a secret has to come', async () => {
    const again = await add('corp', ...openId)
    expect([again.status, again.stderr]).toEqual([
      1,
      'error: There is a provider with the ID corp already.\n',
    ])
    const kind = await add('other', '--kind', 'carrier-pigeon', '--client-id', 'a')
    expect([kind.status, kind.stderr]).toEqual([
      1,
      `error: --kind: must be one of ${Object.keys(kinds).sort().join(', ')}\n`,
    ])
    const claim = await add('other', ...openId, '--claim', 'nickname')
    expect([claim.status, claim.stderr]).toEqual([
      1,
      expect.stringMatching(/^error: --claim: .*username=nickname\n$/),
    ])
    const empty = await latchkey.run(['providers', 'add', 'other', ...openId, '--secret-stdin'], {
      stdin: '\n',
    })
    expect([empty.status, empty.stderr]).toEqual([
      1,
      'error: --secret-stdin: nothing came on standard input\n',
    ])
  })

  test('disable, enable, remove', async () => {
    await add('passing', ...openId)
    const row = async () =>
      (await latchkey.run(['providers', 'list'])).stdout
        .split('\n')
        .find((line) => line.startsWith('passing'))
    const disabled = await latchkey.run(['providers', 'disable', 'passing'])
    expect([disabled.status, disabled.stdout]).toEqual([0, 'passing is disabled.\n'])
    expect(await row()).toMatch(/^passing +login.example +oidc +disabled +database +latchkey$/)
    await latchkey.run(['providers', 'enable', 'passing'])
    expect(await row()).toMatch(/ enabled /)
    const removed = await latchkey.run(['providers', 'remove', 'passing', '--json'])
    expect(removed.json()).toEqual({ id: 'passing', removed: true })
    expect(await row()).toBeUndefined()
    for (const verb of ['show', 'test', 'disable', 'enable', 'remove']) {
      const { status, stderr } = await latchkey.run(['providers', verb, 'passing'])
      expect([status, stderr]).toEqual([1, 'error: There is no provider with this ID.\n'])
    }
  })

  test('test prints what it found, with the way out; status 1 if something fails', async () => {
    const server = createServer((_request, response) => response.writeHead(404).end('{}'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await add('wrong', '--kind', 'oidc', '--client-id', 'latchkey', '--issuer', issuer)
      const text = await latchkey.run(['providers', 'test', 'wrong'])
      expect(text.status).toBe(1)
      expect(text.stdout).toMatch(/^fail +discovery +.*\n +→ see whether issuer is right/)
      const json = await latchkey.run(['providers', 'test', 'wrong', '--json'])
      expect([json.status, json.json()]).toEqual([
        1,
        { id: 'wrong', status: 'fail', checks: [expect.objectContaining({ name: 'discovery' })] },
      ])
    } finally {
      server.close()
    }
  })
})

describe('providers of the environment', () => {
  let latchkey: Installation
  beforeAll(async () => {
    latchkey = await createInstallation({ GITHUB_CLIENT_ID: 'Iv1.8a61', GITHUB_CLIENT_SECRET: SECRET })
  })
  afterAll(() => latchkey.remove())

  test('are listed, and are not changed here', async () => {
    const { stdout } = await latchkey.run(['providers', 'list'])
    expect(stdout).toMatch(/^github +GitHub +github +enabled +environment +Iv1\.8a61$/m)
    const { status, stderr } = await latchkey.run(['providers', 'disable', 'github'])
    expect([status, stderr]).toEqual([1, expect.stringMatching(/^error: .*Unset GITHUB_CLIENT_ID/)])
  })

  test('doctor names what is on, without asking it', async () => {
    const { stdout } = await latchkey.run(['doctor'])
    expect(stdout).toMatch(/^ok +sign-in providers +GitHub \(github\)$/m)
    const without = await latchkey.run(['doctor'], {
      env: { GITHUB_CLIENT_ID: '', GITHUB_CLIENT_SECRET: '' },
    })
    expect(without.stdout).toMatch(/^ok +sign-in providers +none; people sign in with passwords$/m)
  })
})
