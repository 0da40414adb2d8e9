import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createInstallation, type Installation } from '../cli/harness.ts'

const SECRET = 'hunter2-hunter2-hunter2'

const FILE = `version: 1
resources:
  - identifier: https://books.example
    name: Books
    scope: books:read books:write
providers:
  - id: okta
    kind: oidc
    name: Okta
    client_id: latchkey
    client_secret_env: OKTA_SECRET
    settings: { issuer: "https://okta.example" }
clients:
  - key: web
    client_name: Web shop
    redirect_uris: [https://shop.example/cb]
    scope: openid books:read
  - key: spa
    client_name: Page
    token_endpoint_auth_method: none
    redirect_uris: [https://spa.example/cb, https://spa.example/other]
    disabled: true
`

interface Changes {
  changes: {
    kind: string
    action: string
    name: string
    fields: { field: string; before?: unknown; after?: unknown }[]
  }[]
  unnamed: Record<string, number>
}

describe.each(['sqlite', 'postgresql'] as const)('configuration as code on %s', (engine) => {
  let latchkey: Installation
  const outputs: string[] = []
  beforeAll(async () => {
    latchkey = await createInstallation({}, { engine })
  })
  afterAll(() => latchkey.remove())

  const run = async (argv: string[], options: { stdin?: string; secret?: string | undefined } = {}) => {
    const { stdin, secret } = options
    const outcome = await latchkey.run(argv, {
      ...(stdin !== undefined && { stdin }),
      ...(secret !== undefined && { env: { OKTA_SECRET: secret } }),
    })
    outputs.push(outcome.stdout, outcome.stderr)
    return outcome
  }
  const plan = (stdin: string, secret?: string) => run(['plan', '-', '--json'], { stdin, secret })
  const changesOf = async (stdin: string, secret?: string) => {
    const outcome = await plan(stdin, secret)
    expect(outcome.stderr).toBe('')
    const { changes } = outcome.json() as Changes
    expect(outcome.status).toBe(changes.length === 0 ? 0 : 2)
    return changes.map(
      ({ kind, action, name, fields }) => `${action} ${kind} ${name}: ${fields.map(({ field }) => field)}`,
    )
  }

  test('a secret that is nowhere is a problem, with its line; status 1', async () => {
    const outcome = await plan(FILE)
    expect(outcome.status).toBe(1)
    expect(outcome.stderr).toBe(
      'error: standard input, line 7: providers: the environment variable OKTA_SECRET is not set\n',
    )
  })

  test('plan: status 2 and what it would do; nothing is done by it', async () => {
    const { status, stdout } = await run(['plan', '-'], { stdin: FILE, secret: SECRET })
    expect(status).toBe(2)
    expect(stdout).toMatch(/^\+ resource https:\/\/books\.example\n/)
    expect(stdout).toMatch(/\n {4}client_secret: from OKTA_SECRET\n/)
    expect(stdout).toMatch(/\nPlan: 4 to add, 0 to change, 0 to delete\.\n$/)
    expect((await run(['clients', 'list', '--json'])).json()).toMatchObject({ items: [] })
  })

  test('apply: APIs, then providers, then clients; secrets of new clients into a file of their owner', async () => {
    const out = join(latchkey.dataDir, 'secrets.json')
    const outcome = await run(['apply', '-', '--json', '--secrets-out', out], { stdin: FILE, secret: SECRET })
    expect([outcome.status, outcome.stderr]).toEqual([0, ''])
    const { done } = outcome.json() as { done: Changes['changes'] }
    expect(done.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'resource https://books.example',
      'provider okta',
      'client web',
      'client spa',
    ])
    const secrets = JSON.parse(readFileSync(out, 'utf8')) as Record<
      string,
      { client_id: string; client_secret: string }
    >
    expect(Object.keys(secrets)).toEqual(['web'])
    expect(statSync(out).mode & 0o777).toBe(0o600)
    expect(outcome.stdout).not.toContain(secrets.web?.client_secret)
    const shown = await run(['clients', 'show', secrets.web?.client_id ?? '', '--json'])
    expect(shown.json()).toMatchObject({
      client_name: 'Web shop',
      software_id: 'web',
      source: 'configuration',
    })
    expect((await run(['clients', 'list', '--json'])).json()).toMatchObject({
      items: expect.arrayContaining([expect.objectContaining({ software_id: 'spa', disabled: true })]),
    })
    const again = await run(['apply', '-', '--secrets-out', out], { stdin: FILE, secret: SECRET })
    expect(again.status).toBe(1)
    expect(again.stderr).toMatch(/exists already/)
  })

  test('applying it again does nothing, and plan says so with status 0', async () => {
    expect(await changesOf(FILE, SECRET)).toEqual([])
    const outcome = await run(['apply', '-'], { stdin: FILE, secret: SECRET })
    expect([outcome.status, outcome.stdout]).toEqual([0, 'Nothing was changed.\n'])
    // The person who plans need not know the secret: the stored one stays.
    expect(await changesOf(FILE)).toEqual([])
  })

  test('another order of URIs and scopes is no change', async () => {
    const turned = FILE.replace('books:read books:write', 'books:write books:read').replace(
      '[https://spa.example/cb, https://spa.example/other]',
      '[https://spa.example/other, https://spa.example/cb]',
    )
    expect(await changesOf(turned)).toEqual([])
  })

  test('changes: each field with old and new', async () => {
    const changed = FILE.replace('name: Books', 'name: Library')
      .replace('name: Okta', 'name: Corp')
      .replace('client_name: Web shop', 'client_name: Shop\n    logo_uri: https://shop.example/logo.png')
      .replace('    scope: openid books:read\n', '')
      .replace('    disabled: true\n', '    id_token_identity_claims: false\n')
    const { stdout } = await run(['plan', '-'], { stdin: changed, secret: `${SECRET}!` })
    expect(stdout).toMatch(/\n {4}~ name: Books → Library\n/)
    expect(stdout).toMatch(/\n {4}~ client_secret: set → from OKTA_SECRET\n/)
    expect(stdout).toMatch(/\n {4}\+ logo_uri: https:\/\/shop\.example\/logo\.png\n/)
    expect(stdout).toMatch(/\n {4}- scope: openid books:read\n/)
    expect(stdout).toMatch(/\n {4}~ disabled: true → false\n/)
    expect(stdout).toMatch(/\n {4}~ id_token_identity_claims: true → false\n/)
    expect((await run(['apply', '-'], { stdin: changed, secret: `${SECRET}!` })).status).toBe(0)
    expect(await changesOf(changed, `${SECRET}!`)).toEqual([])
    expect(await changesOf(changed, SECRET)).toEqual(['update provider okta: client_secret'])
    expect((await run(['apply', '-'], { stdin: FILE, secret: SECRET })).status).toBe(0)
    expect(await changesOf(FILE, SECRET)).toEqual([])
  })

  test('a file that says nothing of PKCE leaves the rule of a client that exists alone, unless another field decides it', async () => {
    const rule = async () => {
      const { items } = (await run(['clients', 'list', '--search', 'Web shop', '--json'])).json() as {
        items: { client_id: string; pkce: string }[]
      }
      return items[0] ?? { client_id: '', pkce: '' }
    }
    const { client_id: id, pkce } = await rule()
    expect(pkce).toBe('auto')
    for (const other of ['required', 'optional']) {
      await run(['clients', 'update', id, '--pkce', other])
      expect(await changesOf(FILE, SECRET)).toEqual([])
      await run(['apply', '-'], { stdin: FILE.replace('Web shop', 'Web shop!'), secret: SECRET })
      expect((await rule()).pkce).toBe(other)
      await run(['apply', '-'], { stdin: FILE, secret: SECRET })
      expect((await rule()).pkce).toBe(other)
    }
    const withRule = (text: string) => FILE.replace('key: web', `key: web\n    ${text}`)
    expect(await changesOf(withRule('pkce: auto'), SECRET)).toEqual(['update client web: pkce'])
    expect(await changesOf(withRule('token_endpoint_auth_method: none'), SECRET)).toEqual([
      'update client web: pkce,token_endpoint_auth_method',
    ])
    const { stdout } = await run(['export'])
    expect(stdout).toMatch(/key: web\n {4}client_name: Web shop\n {4}pkce: optional\n/)
    expect((await run(['apply', '-'], { stdin: withRule('pkce: auto'), secret: SECRET })).status).toBe(0)
    // Who reads an export knows the rule, whatever the default is where it is applied.
    expect((await run(['export'])).stdout).toMatch(/key: web\n {4}client_name: Web shop\n {4}pkce: auto\n/)
  })

  test('a profile decides the other fields: planned, applied, exported, and what contradicts it is told', async () => {
    const { privateKey: _, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const jwk = JSON.stringify({ ...publicKey.export({ format: 'jwk' }), kid: '1', alg: 'ES256' })
    const bank = (lines = '') => `${FILE}  - key: bank
    client_name: Bank
    profile: fapi2
    redirect_uris: [https://bank.example/cb]
    jwks: { keys: [${jwk}] }
${lines}`
    const decided = {
      profile: 'fapi2',
      token_endpoint_auth_method: 'private_key_jwt',
      require_pushed_authorization_requests: true,
      dpop_bound_access_tokens: true,
      pkce: 'required',
      id_token_signed_response_alg: 'PS256',
    }
    for (const [line, problem] of [
      [
        '    token_endpoint_auth_method: client_secret_basic',
        /always private_key_jwt with the profile fapi2/,
      ],
      ['    id_token_signed_response_alg: RS256', /one of PS256, ES256, EdDSA with the profile fapi2/],
      ['    grant_types: ["urn:ietf:params:oauth:grant-type:device_code"]', /device_code, which the profile/],
      ['    profile: fapi1', /profile/],
    ] as const) {
      const text = line.includes('fapi1') ? bank().replace('profile: fapi2', 'profile: fapi1') : bank(line)
      const refused = await run(['apply', '-'], { stdin: text, secret: SECRET })
      expect([refused.status, refused.stderr]).toEqual([1, expect.stringMatching(problem)])
    }
    expect(await changesOf(bank(), SECRET)).toEqual([expect.stringMatching(/^create client bank: .*profile/)])
    expect((await run(['apply', '-'], { stdin: bank(), secret: SECRET })).status).toBe(0)
    expect(await changesOf(bank(), SECRET)).toEqual([])
    const listed = (await run(['clients', 'list', '--search', 'Bank', '--json'])).json()
    const { items } = listed as { items: { client_id: string }[] }
    const id = String(items[0]?.client_id)
    expect((await run(['clients', 'show', id, '--json'])).json()).toMatchObject(decided)
    expect((await run(['export'])).stdout).toMatch(/key: bank\n(.*\n)*? {4}profile: fapi2\n/)
    expect((await run(['clients', 'delete', id])).status).toBe(0)
    expect(await changesOf(FILE, SECRET)).toEqual([])
  })

  test('export, applied where it comes from, changes nothing; the same state gives the same text', async () => {
    const { stdout } = await run(['export'])
    expect((await run(['export'])).stdout).toBe(stdout)
    expect(stdout).toContain('client_secret_env: PROVIDER_OKTA_SECRET\n')
    expect(stdout).not.toMatch(/response_types|application_type|secrets|callback_url/)
    expect(await changesOf(stdout)).toEqual([])
  })

  test('a client that the console made: exported by its id, and adopted by adding a key', async () => {
    const created = await latchkey.run([
      'clients',
      'create',
      '--name',
      'By hand',
      '--redirect-uri',
      'https://hand.example/cb',
      '--json',
    ])
    const { client_id: id } = created.json() as { client_id: string }
    const { stdout } = await run(['export'])
    expect(stdout).toContain(`- client_id: ${id}\n`)
    expect(await changesOf(stdout)).toEqual([])
    const adopted = stdout.replace(`- client_id: ${id}\n`, `- key: by-hand\n    client_id: ${id}\n`)
    expect(await changesOf(adopted)).toEqual(['update client by-hand: key'])
    expect((await run(['apply', '-'], { stdin: adopted })).status).toBe(0)
    expect(await changesOf(adopted.replace(`    client_id: ${id}\n`, ''))).toEqual([])
    const elsewhere = stdout.replaceAll(id, 'lk_0123')
    expect((await plan(elsewhere)).stderr).toMatch(/there is no client lk_0123 here/)
  })

  test('what the file does not name is left alone and counted; with prune it is deleted', async () => {
    const outcome = await plan(FILE)
    expect((outcome.json() as Changes).unnamed).toEqual({
      settings: 0,
      resources: 0,
      roles: 0,
      groups: 0,
      organizations: 0,
      attributes: 0,
      claims: 0,
      hooks: 0,
      administrator_roles: 0,
      brands: 0,
      texts: 0,
      webhooks: 0,
      providers: 0,
      clients: 1,
    })
    const pruning = `${FILE}prune: { clients: true }\n`
    expect(await changesOf(pruning)).toEqual(['delete client by-hand: '])
    const { stdout } = await run(['apply', '-'], { stdin: pruning })
    expect(stdout).toMatch(/^- client by-hand \(By hand, lk_[0-9a-f]+\), and everything that it was issued\n/)
    expect(await changesOf(pruning)).toEqual([])
  })

  test('it stops at the first failure, and says what is done', async () => {
    const services = `${FILE}  - key: late\n    client_name: Late\n    redirect_uris: [https://late.example/cb]\n`
    const broken = services.replace(
      '  - identifier: https://books.example',
      '  - identifier: http://localhost:3000/api/admin\n    scope: x\n  - identifier: https://books.example',
    )
    const outcome = await run(['apply', '-'], { stdin: broken })
    expect(outcome.status).toBe(1)
    expect(outcome.stdout).toMatch(/^Nothing was changed\.\n$/)
    expect(outcome.stderr).toMatch(
      /resource http:\/\/localhost:3000\/api\/admin: .*already.*\n.*It stopped there/,
    )
    expect(await changesOf(services)).toEqual([expect.stringMatching(/^create client late/)])
  })

  test('no secret is in any output or in the audit log', async () => {
    const audit = await latchkey.run(['audit', 'export'])
    expect(audit.stdout).toMatch(/configuration\.applied/)
    expect(audit.stdout).toMatch(/resource\.updated/)
    for (const text of [...outputs, audit.stdout]) expect(text).not.toContain(SECRET)
  })

  test('a file that is not there', async () => {
    expect((await run(['plan', join(latchkey.dataDir, 'nothing.yaml')])).stderr).toMatch(/cannot be read/)
    const path = join(latchkey.dataDir, 'bad.yaml')
    writeFileSync(path, 'version: 1\nclients: {}\n')
    const outcome = await run(['apply', path, '--secrets-out', join(latchkey.dataDir, 'none.json')])
    expect([outcome.status, outcome.stderr]).toEqual([1, `error: ${path}, line 2: clients: must be a list\n`])
    expect(existsSync(join(latchkey.dataDir, 'none.json'))).toBe(false)
  })
})
