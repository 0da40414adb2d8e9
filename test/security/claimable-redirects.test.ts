import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registrar } from '../registration/support.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  pkce,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

// Where another program than the client may receive the code: an app's own scheme, a host by plain http.
const APP = 'app.immich:///oauth-callback'
const LAN = 'http://192.168.0.200:2283/auth/login'
const EDITOR = 'cursor://anysphere.cursor-mcp/oauth/callback'
let latchkey: Latchkey
let fixture: SecurityFixture
let victim: Victim
const stopAt = [redirectUri, APP, LAN, EDITOR]

beforeAll(async () => {
  const env = {
    DYNAMIC_REGISTRATION: 'open',
    REDIRECT_HOSTS: '192.168.0.200, nas.lan',
    REDIRECT_SCHEMES: 'cursor vscode',
  }
  latchkey = await startLatchkey({ env })
  fixture = createSecurityFixture(latchkey)
  victim = await fixture.victim(stopAt)
})
afterAll(() => latchkey.stop())

const create = (metadata: Record<string, unknown>) =>
  latchkey.services.clients.create({ client_name: 'App', ...metadata })
const refusal = (metadata: Record<string, unknown>) =>
  create(metadata).then(
    () => 'registered',
    (error: { problems: { message: string }[] }) => error.problems.map(({ message }) => message).join('\n'),
  )

async function photos(metadata: Record<string, unknown> = {}): Promise<TestClient> {
  const client = await fixture.client({ redirect_uris: [redirectUri, APP, LAN], ...metadata })
  return { ...client, redirect_uri: APP }
}

function request(client: TestClient, changes: Record<string, string>): URL {
  const url = new URL(fixture.authorizeUrl(client, changes))
  for (const [name, value] of Object.entries(changes)) if (value === '') url.searchParams.delete(name)
  return url
}
const withoutPkce = { code_challenge: '', code_challenge_method: '', nonce: 'n-0S6_WzA2Mj' }

describe('what may be registered', () => {
  test('a scheme of its own beside the web one, on a client with a secret; alone, only on a public one', async () => {
    expect(await refusal({ redirect_uris: ['https://photos.example/auth', APP] })).toBe('registered')
    expect(await refusal({ redirect_uris: [LAN, APP] })).toBe('registered')
    expect(await refusal({ redirect_uris: [APP] })).toMatch(
      /keeps no secret: register it as one .* none.*, or add the https URI/,
    )
    expect(await refusal({ redirect_uris: [APP], token_endpoint_auth_method: 'none' })).toBe('registered')
  })

  test('plain http to hosts that the operator has named, and no others', async () => {
    expect(await refusal({ redirect_uris: [LAN, 'http://nas.lan/cb'] })).toBe('registered')
    for (const uri of ['http://192.168.0.201/cb', 'http://evil.nas.lan/cb', 'http://nas.lan.evil.example/cb'])
      expect(await refusal({ redirect_uris: [uri] })).toMatch(/uses http on/)
    expect(await refusal({ redirect_uris: ['http://10.0.0.9/cb'] })).toContain('redirect_hosts')
    expect(await refusal({ redirect_uris: ['http://app.example/cb'] })).not.toContain('redirect_hosts')
    const native = { application_type: 'native', token_endpoint_auth_method: 'none' }
    expect(await refusal({ ...native, redirect_uris: ['http://nas.lan/cb'] })).toMatch(/native client cannot/)
  })

  test('schemes without a dot that the operator has named, and no others', async () => {
    const open = { token_endpoint_auth_method: 'none' }
    expect(await refusal({ ...open, redirect_uris: [EDITOR, 'vscode://x/cb'] })).toBe('registered')
    expect(await refusal({ ...open, redirect_uris: ['zed://x/cb'] })).toContain('redirect_schemes')
    expect(await refusal({ ...open, redirect_uris: ['vscode-insiders://x/cb'] })).toContain('no dot')
  })

  test('an editor registers itself with such a scheme; nobody registers itself by plain http', async () => {
    const at = registrar(latchkey)
    const editor = { redirect_uris: [EDITOR], token_endpoint_auth_method: 'none' }
    expect((await at.register(editor)).json).toMatchObject({ redirect_uris: [EDITOR] })
    const lan = await at.register({ redirect_uris: [LAN] }, await at.token())
    expect(lan.json).toMatchObject({
      error: 'invalid_redirect_uri',
      error_description: expect.stringContaining('only an administrator'),
    })
    const agent = await at.register({
      redirect_uris: ['http://localhost:8080', 'http://localhost:4242', 'edu.kit.data.oidc-agent:/redirect'],
      grant_types: ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code'],
      response_types: ['code'],
    })
    expect(agent.status).toBe(201)
  })
})

describe('the authority of an app’s scheme is whatever its maker wrote, and no host', () => {
  const names = {
    'com.evil.app:': 'com.evil.app://accounts.google.com/cb',
    'cursor:': 'cursor://mybank.example/cb',
  }
  test.each(Object.entries(names))('people read that they go on to %s', async (scheme, uri) => {
    const host = new URL(uri).host
    const app = { redirect_uris: [uri], token_endpoint_auth_method: 'none' }
    const { json } = await registrar(latchkey).register({ ...app, client_name: ' ' })
    expect(json.client_name).toBe('Unnamed app')
    const client = { ...json, redirect_uri: uri } as unknown as TestClient
    const page = await victim.browser.open(request(client, {}))
    expect(page.text).toContain(`You go on to an app on your device, ${scheme}`)
    expect(page.text).not.toContain(host)
    const web = await photos()
    const consent = await victim.browser.open(request({ ...web, redirect_uri: LAN }, {}))
    expect(consent.text).toContain('You go on to 192.168.0.200:2283.')
  })

  test('it is at no host that an initial access token names; any port of the host is', async () => {
    const at = registrar(latchkey)
    const token = await at.token({ redirect_hosts: ['preview.example'], uses: null })
    const uri = 'https://preview.example:8443/cb'
    const app = { client_name: 'App', redirect_uris: [uri], token_endpoint_auth_method: 'none' }
    expect((await at.register({ ...app, post_logout_redirect_uris: [uri] }, token)).status).toBe(201)
    for (const field of ['redirect_uris', 'post_logout_redirect_uris'])
      for (const own of ['com.evil.app://preview.example/cb', 'cursor://preview.example/cb'])
        for (const kind of ['native', undefined]) {
          const { status, json } = await at.register(
            { ...app, [field]: [uri, own], ...(kind && { application_type: kind }) },
            token,
          )
          expect([own, status]).toEqual([own, 400])
          expect(json.error_description).toContain('is not at preview.example')
        }
  })
})

describe.each([
  ['a scheme of its own', APP],
  ['plain http in a network', LAN],
])('%s', (_what, uri) => {
  test.each(['auto', 'optional'])(
    'PKCE is always needed there, whatever else the client may: %s',
    async (rule) => {
      const client = await photos({ pkce: rule })
      const page = await victim.browser.open(request(client, { ...withoutPkce, redirect_uri: uri }))
      expect(page.left).toBe(true)
      expect(page.url.searchParams.get('error')).toBe('invalid_request')
      const web = await victim.browser.open(request(client, { ...withoutPkce, redirect_uri: redirectUri }))
      expect(web.url.searchParams.get('code')).toBeTypeOf('string')
    },
  )

  test('people are asked every time, at a first-party client too, and nobody is signed in silently', async () => {
    const client = await photos()
    const { challenge, verifier } = pkce()
    const asked = { redirect_uri: uri, code_challenge: challenge }
    for (let time = 0; time < 2; time++) {
      const page = await victim.browser.open(request(client, asked))
      expect(page.left).toBe(false)
      const back = (await victim.browser.allow(page)).url
      expect(back.href.startsWith(uri)).toBe(true)
      const body = { grant_type: 'authorization_code', redirect_uri: uri, code_verifier: verifier }
      const answer = await fixture.token(client, { ...body, code: String(back.searchParams.get('code')) })
      expect(answer.status).toBe(200)
    }
    const silent = await victim.browser.open(request(client, { ...asked, prompt: 'none' }))
    expect(silent.url.searchParams.get('error')).toBe('interaction_required')
    const web = await victim.browser.open(request(client, { redirect_uri: redirectUri }))
    expect(web.url.searchParams.get('code')).toBeTypeOf('string')
  })

  test('it is compared as exactly as every other', async () => {
    const client = await photos()
    const browser = createHttpBrowser({ stopAt: ['app.immich:', 'http://192.168.0.200'] })
    for (const wrong of [`${uri}/`, uri.replace('oauth', 'OAuth').replace('auth/', 'auth2/'), `${uri}?x=1`]) {
      const page = await browser.open(request(client, { redirect_uri: wrong }))
      expect([wrong, page.left]).toEqual([wrong, false])
      expect(page.status).toBe(400)
    }
  })
})

test('a person who signs in on the way to the app is asked, once', async () => {
  const client = await photos()
  const user = await latchkey.createUser()
  const browser = createHttpBrowser({ stopAt })
  const consent = await browser.signIn(await browser.open(request(client, {})), {
    identifier: user.email,
    password: PASSWORD,
  })
  expect(consent.left).toBe(false)
  expect((await browser.allow(consent)).url.href.startsWith(APP)).toBe(true)
})
