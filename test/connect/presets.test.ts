import { Readable } from 'node:stream'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import * as oidc from 'openid-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Preset, presetRegistration, presets } from '../../src/admin/console/snippets/preset.ts'
import { openCliServices } from '../../src/cli/open.ts'
import { run } from '../../src/cli/run.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'

/** What the task of connecting a product needs; more may have a preset. */
const PRODUCTS = [
  ...['argo-cd', 'caddy', 'gitea', 'gitlab', 'grafana', 'immich', 'jellyfin', 'jenkins', 'kubernetes'],
  ...['nextcloud', 'nginx', 'oauth2-proxy', 'outline', 'proxmox', 'traefik', 'vault'],
]

interface Created {
  client_id: string
  client_secret?: string
  redirect_uris: string[]
  post_logout_redirect_uris?: string[]
  token_endpoint_auth_method: string
  scope: string
  settings: { label: string; text: string }[]
}

test('there is a preset for each of the products that are named', () => {
  expect(presets().map(({ id }) => id)).toEqual(expect.arrayContaining(PRODUCTS))
})

describe.each(engines)('a program that was registered by its preset, on %s', (engine) => {
  let latchkey: Latchkey
  let person: { id: string; username: string; email: string }
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    person = await latchkey.createUser()
    const { groups } = latchkey.services.access
    for (const name of ['Engineers', 'grafana-admins'])
      await groups.addMember((await groups.create({ name })).id, person.id)
  })
  afterAll(() => latchkey?.stop())

  async function command(...argv: string[]) {
    const output = { stdout: '', stderr: '' }
    const status = await run(['clients', 'create', ...argv], {
      openServices: openCliServices,
      env: latchkey.env,
      stdin: Readable.from([]),
      stdout: { write: (text) => (output.stdout += text) },
      stderr: { write: (text) => (output.stderr += text) },
      fetch: () => Promise.reject(new Error('the network is off')),
      clock: Date.now,
    })
    return { status, ...output }
  }

  async function created(stack: Preset): Promise<Created> {
    const { url } = stack.preset
    const { status, stdout, stderr } = await command(
      ...['--preset', stack.id, ...(url ? ['--url', url] : []), '--json'],
    )
    if (status !== 0) throw new Error(stderr)
    return JSON.parse(stdout) as Created
  }

  const AUTHENTICATION = {
    basic: (secret: string) => oidc.ClientSecretBasic(secret),
    post: (secret: string) => oidc.ClientSecretPost(secret),
    none: () => oidc.None(),
  }

  /** Signs a person in as the program's documentation says that it does. */
  async function signIn(stack: Preset, client: Created, redirect_uri: string, asksForAll = false) {
    const { authentication, protection, scope } = stack.preset
    if (authentication === 'key') throw new Error('no program here has a key of its own')
    const config = await oidc.discovery(
      new URL(latchkey.issuer),
      client.client_id,
      // What these products verify by unless told otherwise.
      { id_token_signed_response_alg: 'RS256' },
      AUTHENTICATION[authentication](client.client_secret ?? ''),
      { execute: [oidc.allowInsecureRequests] },
    )
    const all = config.serverMetadata().scopes_supported?.join(' ') ?? ''
    const verifier = oidc.randomPKCECodeVerifier()
    const state = oidc.randomState()
    const nonce = oidc.randomNonce()
    const url = oidc.buildAuthorizationUrl(config, {
      redirect_uri,
      scope: asksForAll ? all : scope,
      state,
      ...(protection === 'pkce' && {
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
      ...(protection === 'nonce' && { nonce }),
    })
    const browser = createHttpBrowser({ stopAt: [redirect_uri] })
    const asks = await browser.signIn(await browser.open(url.href), {
      identifier: person.username,
      password: PASSWORD,
    })
    // At a further address of the same client the answer is remembered.
    const back = asks.left ? asks : await browser.allow(asks)
    const checks = {
      expectedState: state,
      idTokenExpected: true,
      ...(protection === 'pkce' && { pkceCodeVerifier: verifier }),
      ...(protection === 'nonce' && { expectedNonce: nonce }),
    }
    // Programs repeat the redirect URI as they sent it; this library takes it of a URL, which puts a slash after a bare host.
    config[oidc.customFetch] = (url, { body, ...options }) => {
      if (body instanceof URLSearchParams && body.has('redirect_uri')) body.set('redirect_uri', redirect_uri)
      return fetch(url, { body, ...options } as RequestInit)
    }
    const tokens = await oidc.authorizationCodeGrant(config, back.url, checks)
    return {
      tokens,
      asked: asksForAll ? all : scope,
      id_token: decodeJwt(tokens.id_token ?? ''),
      header: decodeProtectedHeader(tokens.id_token ?? ''),
      userinfo: await oidc.fetchUserInfo(config, tokens.access_token, person.id),
    }
  }

  /** Each claim in the first of the places where the program looks for it. */
  const found = (stack: Preset, places: Record<'id_token' | 'userinfo', Record<string, unknown>>) =>
    Object.fromEntries(
      Object.entries(stack.preset.reads).map(([claim, order]) => [
        claim,
        order.map((place) => places[place][claim]).find((value) => value !== undefined),
      ]),
    )

  const expected = (stack: Preset) => {
    const { id: sub, username, email } = person
    const all = {
      sub,
      name: username,
      preferred_username: username,
      email,
      groups: ['Engineers', 'grafana-admins'],
    }
    return Object.fromEntries(
      Object.entries(all).filter(([claim]) => Object.hasOwn(stack.preset.reads, claim)),
    )
  }

  test.each(presets())('$id: finds what it needs where it looks, at each of its addresses', async (stack) => {
    const client = await created(stack)
    for (const uri of client.redirect_uris) {
      // A port of its own, where it listens on a computer.
      const at = stack.preset.url ? uri : uri.replace('127.0.0.1', '127.0.0.1:8000')
      const signedIn = await signIn(stack, client, at)
      expect(found(stack, signedIn)).toEqual(expected(stack))
      expect(signedIn.header.alg).toBe('RS256')
      expect(signedIn.id_token.aud).toBe(client.client_id)
      expect(signedIn.tokens.refresh_token).toBeDefined()
    }
  })

  test.each(presets().filter(({ preset }) => preset.asksForAll))(
    '$id: may ask for every scope there is, and is given those of its own',
    async (stack) => {
      const client = await created(stack)
      const signedIn = await signIn(stack, client, client.redirect_uris[0] ?? '', true)
      expect(signedIn.asked).toContain('phone')
      expect(signedIn.tokens.scope?.split(' ').sort()).toEqual(stack.preset.scope.split(' ').sort())
      expect(found(stack, signedIn)).toEqual(expected(stack))
    },
  )

  test.each(presets())(
    '$id: its lines have the real values, and nothing is left to be put in',
    async (stack) => {
      const client = await created(stack)
      const text = client.settings.map((part) => part.text).join('\n')
      expect(text).toContain(latchkey.issuer)
      expect(text).toContain(client.client_id)
      // Read from the environment, or written where it is read.
      if (client.client_secret)
        expect(text).toMatch(new RegExp(`LATCHKEY_CLIENT_SECRET|${client.client_secret}`))
      // The id and the secret are random: a secret may have `__H` in it.
      const written = [client.client_id, client.client_secret ?? '']
        .filter(Boolean)
        .reduce((rest, value) => rest.replaceAll(value, ''), text)
      expect(written).not.toMatch(/…|__[A-Z]/)
      // It is registered with all that it needs.
      expect(client.settings.map(({ label }) => label).join()).not.toMatch(/to register|first let it in/)
      expect(text.includes('groups')).toBe(client.scope.split(' ').includes('groups'))
    },
  )

  test('for people, the lines stand below the client', async () => {
    const { stdout } = await command('--preset', 'vault', '--url', 'https://vault.example:8200/')
    const [, secret = 'none'] = /client_secret\s+([\w-]{43})/.exec(stdout) ?? []
    expect(stdout).toContain(`oidc_client_secret='${secret}'`)
    expect(stdout).toContain('https://vault.example:8200/ui/vault/auth/oidc/oidc/callback')
  })

  test('what is said beside the preset counts', async () => {
    const { stdout } = await command(
      ...['--preset', 'grafana', '--url', 'https://example.com/grafana/', '--name', 'Graphs'],
      ...['--scope', 'openid email', '--first-party', '--json'],
    )
    const client = JSON.parse(stdout)
    expect(client).toMatchObject({
      client_name: 'Graphs',
      first_party: true,
      scope: 'openid email',
      redirect_uris: ['https://example.com/grafana/login/generic_oauth'],
      post_logout_redirect_uris: ['https://example.com/grafana/login'],
    })
    const [ini] = client.settings
    expect(ini.text).toContain('root_url = https://example.com/grafana/\n')
    expect(ini.text).toContain('scopes = openid email\n')
    expect(ini.text).not.toContain('groups')
  })

  test.each([
    [['--preset', 'nothing'], /--preset: is none of argo-cd, .*vault/],
    [['--preset', 'grafana'], /--url: is needed: .*https:\/\/grafana\.example/],
    [['--preset', 'grafana', '--url', 'grafana.example'], /--url: is no address; write it in full/],
    [['--preset', 'grafana', '--url', 'javascript:alert(1)'], /--url: is no address/],
    [['--preset', 'grafana', '--url', 'https://u:p@grafana.example'], /--url: may have a host/],
    [['--preset', 'grafana', '--url', 'https://grafana.example/?x=1'], /--url: may have a host/],
    [['--preset', 'grafana', '--url', 'https://grafana.example/#'], /--url: may have a host/],
    [['--preset', 'proxmox', '--url', 'https://pve.example:8006/pve'], /--url: may have no path/],
    [['--preset', 'kubernetes', '--url', 'https://k8s.example'], /--url: .* has none/],
    [['--url', 'https://grafana.example'], /--url: is for --preset alone/],
    [['--preset', 'grafana', '--url', 'http://grafana.example'], /https/],
  ])('is refused with a way out: %j', async (argv, message) => {
    const before = await latchkey.services.clients.list({ limit: 1 })
    const { status, stderr } = await command(...(argv as string[]))
    expect([status, stderr]).toEqual([1, expect.stringMatching(message as RegExp)])
    expect(await latchkey.services.clients.list({ limit: 1 })).toEqual(before)
  })
})

test.each([
  `https://a.example/'$(id)`,
  'https://a.example/`id`',
  'https://a.example/"x',
  'https://a.example/<b>',
  'https://a.example/x\ny',
  "https://a.example'/",
  'https://a.example\\@b.example/',
])('an address cannot put code into what is copied: %j', (typed) => {
  const stack = presets().find(({ id }) => id === 'grafana') as Preset
  const register = () => presetRegistration(stack, typed).redirect_uris.join()
  // Refused, or of plain characters as a browser writes it.
  let uris = ''
  try {
    uris = register()
  } catch (error) {
    expect(String(error)).toContain('url')
  }
  expect(uris).toMatch(/^[\w:./~-]*$/)
})
