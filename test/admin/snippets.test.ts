import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { renderStack, snippetsFor } from '../../src/admin/console/snippets/all.ts'
import { apiValues, type SnippetClient, snippetValues } from '../../src/admin/console/snippets/snippet.ts'
import { allStacks } from '../../src/admin/console/snippets/stack.ts'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { freePort } from '../support/ports.ts'
import { signedIn } from './console.ts'

const API = { identifier: 'https://api.example', scope: 'photos:read photos:write' }
const web: SnippetClient = {
  client_id: 'lk_1',
  grant_types: ['authorization_code', 'refresh_token'],
  redirect_uris: ['https://app.example/callback'],
  token_endpoint_auth_method: 'client_secret_basic',
  application_type: 'web',
}
const of = (client: Partial<SnippetClient>) =>
  snippetsFor(snippetValues('https://id.example', { ...web, ...client }, [API]))
const names = (client: Partial<SnippetClient>) => of(client).map(({ id }) => id)
const textOf = (client: Partial<SnippetClient>) =>
  of(client)
    .flatMap(({ parts }) => parts.map(({ text }) => text))
    .join('\n')

describe('which snippets', () => {
  test.each([
    ['a web app', {}, ['openid-client', 'auth-js', 'spring', 'go', 'nginx', 'curl'], ['go-machine']],
    [
      'a browser app',
      { token_endpoint_auth_method: 'none' },
      ['openid-client-spa', 'curl'],
      ['openid-client'],
    ],
    [
      'a native app on loopback',
      {
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/cb'],
      },
      ['openid-client-native', 'mcp-client', 'mcp-python-client', 'curl'],
      ['openid-client-spa', 'appauth-ios'],
    ],
    [
      'a phone app',
      {
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['com.example.app:/cb'],
      },
      ['curl', 'appauth-ios', 'appauth-android'],
      ['openid-client-native', 'mcp-client'],
    ],
    [
      'a machine',
      { grant_types: ['client_credentials'], redirect_uris: [], scope: 'photos:read' },
      ['openid-client-machine', 'go-machine', 'curl-machine'],
      ['openid-client', 'curl'],
    ],
    [
      'a device',
      {
        grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
        redirect_uris: [],
        token_endpoint_auth_method: 'none',
      },
      ['openid-client-device', 'curl-device'],
      ['openid-client', 'curl', 'curl-machine'],
    ],
    [
      'a client with a key of its own',
      { token_endpoint_auth_method: 'private_key_jwt' },
      ['openid-client'],
      ['curl', 'auth-js', 'openid-client-fapi'],
    ],
    [
      'a client with FAPI 2.0',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
      },
      ['openid-client-fapi'],
      ['openid-client', 'curl', 'go'],
    ],
    [
      'a client with pushed requests and a secret',
      { require_pushed_authorization_requests: true },
      [],
      ['openid-client-fapi', 'openid-client'],
    ],
    [
      'a client with two grants',
      { grant_types: ['authorization_code', 'client_credentials'] },
      ['go', 'go-machine'],
      [],
    ],
  ])('%s', (_what, client, expected, not) => {
    expect(names(client)).toEqual(expect.arrayContaining(expected))
    for (const name of not) expect(names(client)).not.toContain(name)
  })

  test('a native client that may use an API is shown what an MCP client is, and an API what protects it', () => {
    const native = {
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/cb'],
    }
    const mcp = (client: Partial<SnippetClient>) =>
      of({ ...native, ...client })
        .find(({ id }) => id === 'mcp-client')
        ?.parts.map(({ id, text }) => [id, text] as const)
    expect(mcp({ scope: 'openid photos:read' })?.map(([id]) => id)).not.toContain('api')
    // One that may not call any is told what is missing, by commands with its own values.
    const [first, ...others] = mcp({}) ?? []
    expect(first).toEqual([
      'api',
      expect.stringContaining('clients update lk_1 --scope "openid profile email mcp:use"'),
    ])
    expect(others.join()).toContain("new URL('https://mcp.example/mcp')")
    expect(others.join()).toContain("scope: 'mcp:use'")
    const shown = snippetsFor(apiValues('https://id.example', { ...API, scope: `photos:read a'b` }))
    expect(shown.map(({ id }) => id)).toEqual(
      expect.arrayContaining(['express-jose', 'express-introspection', 'mcp-server-jwt', 'mcp-editors']),
    )
    const text = shown.flatMap(({ parts }) => parts.map((part) => part.text)).join('\n')
    expect(text).toContain("requireScope('photos:read')")
    expect(text).not.toContain("a'b")
  })

  test('an app for phones is filled with its own scheme, also where loopback is registered beside it', () => {
    const text = textOf({
      token_endpoint_auth_method: 'none',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/cb', 'com.example.app:/cb'],
    })
    expect(text).toContain('redirectURL: URL(string: "com.example.app:/cb")!')
    expect(text).toContain('manifestPlaceholders["appAuthRedirectScheme"] = "com.example.app"')
    expect(text).toContain('<string>com.example.app</string>')
  })

  test('the search wants all words, of the name, the language or what it is about', () => {
    const values = snippetValues('https://id.example', web, [])
    const found = (search: string) => snippetsFor(values, search).map(({ id }) => id)
    expect(found('  Apache openidc ')).toEqual(['mod-auth-openidc'])
    expect(found('python django')).toContain('django')
    expect(found('cobol')).toEqual([])
  })

  test('have the real values, and never a secret', () => {
    const text = textOf({})
    expect(text).toContain('https://id.example')
    expect(text).toContain('lk_1')
    expect(text).toContain('https://app.example/callback')
    expect(text).toContain('LATCHKEY_CLIENT_SECRET')
  })

  test('a machine asks for the scopes that it has, at the API that they are of', () => {
    const text = textOf({ grant_types: ['client_credentials'], redirect_uris: [], scope: 'photos:read' })
    expect(text).toContain("scope: 'photos:read'")
    expect(text).toContain("resource: 'https://api.example'")
    expect(text).not.toContain('photos:write')
  })

  test.each([
    "https://a.example/'+alert(1)+'",
    'https://a.example/"$(id)',
    `https://a.example/$${'{x}'}`,
    'https://a.example/`id`',
  ])('a registration cannot put code into what is copied: %s', (uri) => {
    const scope = `openid a'b $${'{c}'} \`d\``
    const text = textOf({
      redirect_uris: [uri],
      post_logout_redirect_uris: [uri],
      backchannel_logout_uri: uri,
      client_id: uri,
      scope,
    })
    expect(text).not.toContain(uri)
    expect(text).not.toContain("a'b")
    expect(text).toContain('https://app.example/callback')
  })

  test('a value that looks like a placeholder stays what it is', () => {
    expect(textOf({ redirect_uris: ['https://a.example/__ISSUER__'] })).toContain(
      'https://a.example/__ISSUER__',
    )
  })

  test('a snippet says what has to be registered beside what is', () => {
    const [shown] = of({ redirect_uris: ['http://localhost:4000/cb'] }).filter(({ id }) => id === 'auth-js')
    expect(shown?.parts.slice(0, 2).map(({ text }) => text)).toEqual([
      'http://localhost:4000/api/auth/callback/latchkey\n',
      'http://localhost:4000/\n',
    ])
    const [registered] = of({
      redirect_uris: ['http://localhost:4000/cb', 'http://localhost:4000/api/auth/callback/latchkey'],
      post_logout_redirect_uris: ['http://localhost:4000/bye'],
    }).filter(({ id }) => id === 'auth-js')
    expect(registered?.parts.map(({ id }) => id)).not.toContain('redirect-uri')
    expect(registered?.parts.map(({ text }) => text).join()).toContain("'http://localhost:4000/bye'")
  })
})

describe('what has to be registered first', () => {
  const first = (id: string, client: Partial<SnippetClient>) =>
    of({ redirect_uris: ['https://app.example/callback'], ...client }).find((each) => each.id === id)
      ?.parts ?? []
  const registered = (id: string, client: Partial<SnippetClient>, part: string) =>
    first(id, client).find((each) => each.id === part)?.text

  test('Proxmox: an address with nothing after it', () => {
    const uri = 'https://pve.example:8006'
    expect(registered('proxmox', { redirect_uris: [`${uri}/callback`] }, 'redirect-uri')).toBe(`${uri}\n`)
    // A slash is another address.
    expect(registered('proxmox', { redirect_uris: [`${uri}/`] }, 'redirect-uri')).toBe(`${uri}\n`)
    expect(registered('proxmox', { redirect_uris: [uri] }, 'redirect-uri')).toBeUndefined()
  })

  test('Immich: three addresses, of which one is the phone’s', () => {
    const app = ['https://app.example/user-settings', 'app.immich:///oauth-callback']
    const web = 'https://app.example/auth/login'
    expect(registered('immich', {}, 'redirect-uri')).toBe(`${[web, ...app].join('\n')}\n`)
    expect(registered('immich', { redirect_uris: [app[1] ?? '', web] }, 'redirect-uri')).toBe(`${app[0]}\n`)
    expect(registered('immich', { redirect_uris: [web, ...app] }, 'redirect-uri')).toBeUndefined()
  })

  test.each(['argo-cd', 'nextcloud'])('%s: where people come back to after signing out', (id) => {
    expect(registered(id, {}, 'post-logout-uri')).toBe('https://app.example/\n')
    const known = { post_logout_redirect_uris: ['https://app.example/'] }
    expect(registered(id, known, 'post-logout-uri')).toBeUndefined()
  })

  test('Gitea: first of all that it sends no PKCE, until that is so', () => {
    expect(first('gitea', {})[0]?.text).toBe('npm run -s latchkey -- clients update lk_1 --pkce optional\n')
    expect(
      first('gitea', { pkce: 'optional' })
        .map(({ text }) => text)
        .join(),
    ).not.toContain('--pkce')
  })
})

describe('an editor as an MCP client', () => {
  const native = {
    token_endpoint_auth_method: 'none',
    application_type: 'native',
    scope: 'openid photos:read',
  }
  const found = (redirect_uris: string[], search: string) =>
    snippetsFor(snippetValues('https://id.example', { ...web, ...native, redirect_uris }, [API]), search)

  test.each(['cursor', 'vs code', 'editor', 'claude'])('is found by “%s”', (search) => {
    const shown = found(['http://127.0.0.1/callback'], search).find(({ id }) => id === 'mcp-editors-client')
    const text = shown?.parts.map((part) => part.text).join('\n') ?? ''
    expect(text).toContain('"oauth": { "clientId": "lk_1" }')
    expect(text).toContain('"auth": { "CLIENT_ID": "lk_1", "scopes": ["photos:read"] }')
    // What is registered already, on any port, is not asked for.
    expect(text).toContain('http://localhost/callback\nhttp://127.0.0.1/\nhttps://vscode.dev/redirect\n')
  })

  test.each([
    'cursor://anysphere.cursor-mcp/oauth/callback',
    'vscode://vscode.github-authentication/did-authenticate',
  ])('that registered itself with %s is none of the apps for phones', (uri) => {
    const ids = found([uri], '').map(({ id }) => id)
    expect(ids).toContain('mcp-editors-client')
    expect(ids).not.toContain('appauth-ios')
    expect(ids).not.toContain('appauth-android')
    expect(ids).not.toContain('mcp-client')
  })
})

test('a library that can authenticate in one way only says which to register', () => {
  const shown = (method: string) =>
    of({ token_endpoint_auth_method: method }).find(({ id }) => id === 'express-passport')?.parts ?? []
  expect(shown('client_secret_basic').find(({ id }) => id === 'authentication')?.text).toBe(
    'client_secret_post\n',
  )
  expect(shown('client_secret_post').length).toBeGreaterThan(0)
  expect(shown('client_secret_post').map(({ id }) => id)).not.toContain('authentication')
  expect(shown('private_key_jwt')).toEqual([])
})

/** Every stack with every way to authenticate, on http and https, with and without an API. */
const everyVariant = () =>
  allStacks().flatMap((stack) =>
    (stack.authentication.length > 0 ? stack.authentication : (['basic'] as const)).flatMap(
      (authentication) =>
        ['http://localhost:3000', 'https://id.example'].flatMap((issuer) =>
          [undefined, { identifier: 'https://books.example', scope: 'books:read books:write' }].map(
            (api) => ({
              what: `${stack.id}, ${authentication}, ${issuer}, ${api ? 'an API' : 'no API'}`,
              rendered: renderStack(stack, {
                kinds: stack.kinds,
                hardened: stack.hardened,
                signed: api !== undefined,
                signingAlgorithm: 'PS256',
                issuer,
                clientId: 'lk_1',
                authentication,
                redirectUri: issuer.startsWith('https')
                  ? 'https://app.example/cb'
                  : 'http://localhost:4000/cb',
                redirectUris: [],
                postLogoutUris: [],
                backchannelUri: api && 'https://app.example/backchannel',
                scope: 'openid profile email',
                // An API is protected only where there is one.
                api:
                  api ??
                  (stack.kinds.includes('api') ? { identifier: 'https://a.example', scope: 'a' } : undefined),
              }),
            }),
          ),
        ),
    ),
  )

describe('every file of every stack', () => {
  test.each(everyVariant())('is filled and whole: $what', ({ rendered }) => {
    for (const { id, label, text } of rendered.parts) {
      if (/-ya?ml$/.test(id)) expect(parseAllDocuments(text).flatMap(({ errors }) => errors)).toEqual([])
      if (/-json$/.test(id)) expect(() => JSON.parse(text), label).not.toThrow()
      expect(text, label).not.toMatch(/[#/;-] \? !?\w+$/m)
      expect(text, label).toMatch(/\S\n$/)
      // It parses what it strips; there are no types in plain JavaScript.
      if (/\.(m?js|ts)(:|$)/.test(label)) expect(() => stripTypeScriptTypes(text), label).not.toThrow()
    }
  })
})

describe('the snippets of openid-client run as they stand', () => {
  let latchkey: Latchkey
  let folder: string
  let program: ChildProcess | undefined
  beforeAll(async () => {
    latchkey = await startLatchkey()
    await latchkey.services.resources.add({ ...API, name: 'Photos API' })
  })
  afterAll(() => latchkey?.stop())
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-snippet-'))
    await symlink(resolve('node_modules'), join(folder, 'node_modules'))
  })
  afterEach(async () => {
    if (program && program.exitCode === null) {
      const ended = once(program, 'exit')
      program.kill()
      await ended
    }
    // One that was killed has no exit code: the next test would wait for it once more.
    program = undefined
    await rm(folder, { recursive: true, force: true })
  })

  /** Starts what the client's page shows under `app.mjs`; gives its output line by line. */
  async function start(stack: string, clientId: string, secret: string | undefined) {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/clients/${clientId}/connect`)
    const [, shown = ''] =
      new RegExp(`<pre id="${stack}-app-mjs"[^>]*><code>([\\s\\S]*?)</code>`).exec(page.body) ?? []
    const code = shown
      .replaceAll('&lt;', '<')
      .replaceAll('&gt;', '>')
      .replaceAll('&quot;', '"')
      .replaceAll('&#39;', "'")
      .replaceAll('&amp;', '&')
    await writeFile(join(folder, 'app.mjs'), code)
    program = spawn(process.execPath, ['app.mjs'], {
      cwd: folder,
      env: { PATH: process.env.PATH, ...(secret && { LATCHKEY_CLIENT_SECRET: secret }) },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    if (program.stdout === null) throw new Error('no output')
    return createInterface({ input: program.stdout })[Symbol.asyncIterator]()
  }

  test.each(['client_secret_basic', 'client_secret_post'])(
    'a web app with %s signs a user in',
    async (method) => {
      const origin = `http://localhost:${await freePort()}`
      const client = await latchkey.createClient({
        redirect_uris: [`${origin}/callback`],
        token_endpoint_auth_method: method,
      })
      const lines = await start('openid-client', client.client_id, client.client_secret)
      expect((await lines.next()).value).toContain('listening')
      const user = await latchkey.createUser()
      const browser = createHttpBrowser()
      const signIn = await browser.follow(await browser.open(`${origin}/`), 'Sign in')
      const consent = await browser.signIn(signIn, { identifier: user.username, password: PASSWORD })
      const home = await browser.allow(consent)
      expect(home.url.href).toBe(`${origin}/`)
      expect(home.body).toContain(`"email": "${user.email}"`)
      // A callback without its beginning is nobody's.
      expect((await createHttpBrowser().open(`${origin}/callback?code=x&state=y`)).status).toBe(400)
    },
  )

  test('a native app signs a user in on a port of its own', async () => {
    const client = await latchkey.createClient({
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
    })
    const lines = await start('openid-client-native', client.client_id, undefined)
    await lines.next()
    const url = (await lines.next()).value ?? ''
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    const consent = await browser.signIn(await browser.open(url), {
      identifier: user.username,
      password: PASSWORD,
    })
    expect((await browser.allow(consent)).body).toContain('Done.')
    expect((await lines.next()).value).toContain(user.email)
    expect((await lines.next()).value).toContain('Refreshed: valid for 3600 seconds')
    expect((await lines.next()).value).toBe('Signed out')
  })

  test('without JavaScript the search of a client’s page and of an API’s page leaves what has the words', async () => {
    const client = await latchkey.createClient()
    const { browser } = await signedIn(latchkey)
    const shown = async (path: string) => {
      const { body } = await browser.open(`${latchkey.issuer}${path}`)
      const names = [...body.matchAll(/<summary>([^<]*) <small>/g)].map(([, name]) => name)
      return { names, body }
    }
    const page = `/admin/clients/${client.client_id}/connect`
    expect((await shown(page)).names.length).toBeGreaterThan(10)
    expect((await shown(`${page}?find=express+passport`)).names).toEqual([
      'Express with passport-openidconnect',
    ])
    const none = await shown(`${page}?find=%3Cb%3Ecobol`)
    expect(none.names).toEqual([])
    expect(none.body).toContain('“&lt;b&gt;cobol”')
    expect(none.body).toContain('Show all')
    const api = `/admin/resources/api?identifier=${encodeURIComponent(API.identifier)}`
    expect((await shown(api)).names).toContain('Express with jose, JWTs')
    expect((await shown(`${api}&find=mcp+introspection`)).names).toEqual([
      'MCP server (TypeScript SDK), introspection',
    ])
  })

  test('a device shows a code, and signs in whoever enters it', async () => {
    const client = await latchkey.createClient({
      client_name: 'Terminal',
      redirect_uris: [],
      token_endpoint_auth_method: 'none',
      grant_types: [DEVICE_CODE_GRANT, 'refresh_token'],
    })
    const lines = await start('openid-client-device', client.client_id, undefined)
    const [, url = '', code = ''] =
      /open (\S+) and enter the code (\S+)$/.exec((await lines.next()).value ?? '') ?? []
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    const signIn = await browser.submit(await browser.open(url), { Code: code }, { button: 'Continue' })
    const asks = await browser.signIn(signIn, { identifier: user.username, password: PASSWORD })
    expect((await browser.allow(asks)).text).toContain('Go back to your device')
    let line: string
    // The QR code is read by test/connect.
    do line = (await lines.next()).value ?? 'ended'
    while (!/^Signed|ended/.test(line))
    expect(line).toBe(`Signed in as ${user.username}, ${user.email}`)
  })

  test('a machine gets a token', async () => {
    const client = await latchkey.createClient({
      redirect_uris: [],
      grant_types: ['client_credentials'],
      scope: 'photos:read',
    })
    const lines = await start('openid-client-machine', client.client_id, client.client_secret)
    expect((await lines.next()).value).toBe('a token for 3600 seconds')
  })
})
