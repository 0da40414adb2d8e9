import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { snippetsFor } from '../../src/admin/console/snippets/all.ts'
import { type SnippetClient, snippetValues } from '../../src/admin/console/snippets/snippet.ts'
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
    [
      'a web app: all',
      {},
      [
        'openid-client',
        'auth-js',
        'spring',
        'django',
        'go',
        'oauth2-proxy',
        'mod-auth-openidc',
        'nginx',
        'curl',
      ],
    ],
    ['a browser app', { token_endpoint_auth_method: 'none' }, ['openid-client', 'curl']],
    [
      'a native app on loopback',
      {
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['http://127.0.0.1/cb'],
      },
      ['openid-client', 'curl'],
    ],
    [
      'a phone app',
      {
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        redirect_uris: ['com.example.app:/cb'],
      },
      ['curl'],
    ],
    [
      'a machine',
      { grant_types: ['client_credentials'], redirect_uris: [], scope: 'photos:read' },
      ['openid-client', 'go', 'curl'],
    ],
    ['a client with a key of its own', { token_endpoint_auth_method: 'private_key_jwt' }, ['curl']],
  ])('%s', (_what, client, expected) => {
    expect(names(client)).toEqual(expected)
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
    const text = textOf({ redirect_uris: [uri], scope })
    expect(text).not.toContain(uri)
    expect(text).not.toContain("a'b")
    expect(text).toContain('https://app.example/callback')
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
    await rm(folder, { recursive: true, force: true })
  })

  /** Starts what the client's page shows under `app.mjs`; gives its output line by line. */
  async function start(clientId: string, secret: string | undefined) {
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/clients/${clientId}`)
    const [, shown = ''] = /<pre id="openid-client-0"[^>]*><code>([\s\S]*?)<\/code>/.exec(page.body) ?? []
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
      const lines = await start(client.client_id, client.client_secret)
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
    const lines = await start(client.client_id, undefined)
    await lines.next()
    const url = (await lines.next()).value ?? ''
    const user = await latchkey.createUser()
    const browser = createHttpBrowser()
    const consent = await browser.signIn(await browser.open(url), {
      identifier: user.username,
      password: PASSWORD,
    })
    expect((await browser.allow(consent)).body).toContain('Done.')
    expect((await lines.next()).value).toContain('Signed in')
  })

  test('a machine gets a token', async () => {
    const client = await latchkey.createClient({
      redirect_uris: [],
      grant_types: ['client_credentials'],
      scope: 'photos:read',
    })
    const lines = await start(client.client_id, client.client_secret)
    expect((await lines.next()).value).toBe('a token for 3600 seconds')
  })
})
