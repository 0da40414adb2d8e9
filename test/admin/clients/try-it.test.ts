import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { DEVICE_CODE_GRANT } from '../../../src/shared/device-code.ts'
import { artifactsOf } from '../../support/artifacts.ts'
import { createHttpBrowser, type HttpBrowser } from '../../support/flow.ts'
import { type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { signedIn } from '../console.ts'

describe('try-it', () => {
  let latchkey: Latchkey
  let browser: HttpBrowser
  let accountId: string
  beforeAll(async () => {
    latchkey = await startLatchkey()
    const admin = await signedIn(latchkey)
    browser = admin.browser
    accountId = admin.id
    await latchkey.services.resources.add({
      identifier: 'https://api.example',
      name: 'Photos API',
      scope: 'photos:read',
    })
  })
  afterAll(() => latchkey?.stop())

  async function run(id: string, values: Record<string, string> = {}) {
    const form = await browser.open(`${latchkey.issuer}/admin/clients/${id}/try`)
    return browser.submit(form, values, { button: 'Run' })
  }
  const counts = (id: string) => artifactsOf(latchkey, id)
  const secretsOf = async (id: string) => (await latchkey.services.clients.get(id)).secrets

  test('a web app: authorization, consent, code, tokens, userinfo, each shown and decoded', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop', scope: 'openid email' })
    const before = await secretsOf(client.client_id)
    const page = await run(client.client_id)
    expect(page.text).toContain('It works')
    const titles = [...page.body.matchAll(/<h3>([^<]+) <span/g)].map(([, title]) => title)
    expect(titles).toEqual([
      'Send the browser to sign in',
      'A page for the person',
      'Allow',
      'Go on',
      'Exchange the code',
      'Ask who it is',
    ])
    expect(page.text).toMatch(/id_token, decoded \{ "alg": "RS256"/)
    expect(page.text).toMatch(/exp: .* UTC, in 1 hour/)
    expect(page.text).toContain('"email_verified": true')
    expect(await secretsOf(client.client_id)).toEqual(before)
  })

  test('nothing that was issued, allowed or lent stays', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop' })
    await run(client.client_id)
    expect(await counts(client.client_id)).toEqual({})
    expect(await latchkey.services.consents.find(accountId, client.client_id)).toBeUndefined()
    const sessions = await latchkey.services.artifacts.listByAccount('Session', accountId)
    expect(sessions).toHaveLength(1)
  })

  test('nothing on the page is of use: no secret, code, token or cookie is whole', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop' })
    const page = await run(client.client_id)
    const [, basic] = /authorization: Basic (\S+)/.exec(page.text) ?? []
    expect(basic).toMatch(/^\S{6}…$/)
    expect(page.text).toMatch(/"access_token": "\S{6}…"/)
    expect(page.text).toMatch(/"refresh_token": "\S{6}…"/)
    expect(page.text).toMatch(/"id_token": "[\w-]+\.[\w-]+\.…"/)
    expect(page.text).toMatch(/location: \S+code=\S{6}…/)
    expect(page.body).not.toMatch(/cookie: [^\n]*=[\w-]{12,}/)
    for (const [, jwt] of page.body.matchAll(/(eyJ[\w-]+\.[\w-]+\.[\w-]+)/g)) expect(jwt).toBeUndefined()
  })

  test('what the administrator has allowed before, and the app’s own tokens, stay as they were', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop', scope: 'openid email' })
    const { artifacts, consents } = latchkey.services
    await consents.allow(accountId, client.client_id, { scopes: ['openid'], resources: {} })
    await artifacts.upsert(
      'RefreshToken',
      'a-real-one-of-the-app',
      { accountId, clientId: client.client_id, grantId: 'g' },
      60,
    )
    const before = await consents.find(accountId, client.client_id)
    expect((await run(client.client_id)).text).toContain('It works')
    expect(await consents.find(accountId, client.client_id)).toEqual(before)
    expect(await artifacts.find('RefreshToken', 'a-real-one-of-the-app')).toBeDefined()
  })

  test('a redirect URI that is not registered is not tried, whatever the form says', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop' })
    const form = await browser.open(`${latchkey.issuer}/admin/clients/${client.client_id}/try`)
    const request = browser.prepare(form, {}, { button: 'Run' })
    request.body?.set('redirect_uri', 'https://evil.example/callback')
    const answer = await browser.visit(request)
    expect(answer.status).toBe(422)
    expect(answer.text).toContain('is not registered for this client')
    expect((await latchkey.services.clients.get(client.client_id)).redirect_uris).toEqual([
      client.redirect_uri,
    ])
  })

  test('scopes that the client may not ask for are not given, as to anybody', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop', scope: 'openid' })
    const page = await run(client.client_id, { Scopes: 'openid photos:read' })
    expect(page.text).not.toMatch(/"scope": "[^"]*photos:read/)
    expect(page.text).toMatch(/invalid_scope|"scope": "openid"/)
  })

  test.each([
    [
      'public and native',
      { token_endpoint_auth_method: 'none', redirect_uris: ['http://127.0.0.1/callback'] },
    ],
    ['a first-party app', { first_party: true }],
    ['client_secret_post', { token_endpoint_auth_method: 'client_secret_post' }],
    ['pushed requests', { require_pushed_authorization_requests: true }],
    ['tokens bound to a key', { dpop_bound_access_tokens: true }],
    ['a token for an API', { scope: 'openid photos:read' }],
    ['unverified', { token_endpoint_auth_method: 'none', redirect_uris: ['https://a.example/cb?x=1'] }],
  ])('%s works too', async (_what, metadata) => {
    const client = await latchkey.createClient({ client_name: 'Shop', ...metadata })
    const page = await run(client.client_id)
    expect(page.text).toContain('It works')
    expect(await counts(client.client_id)).toEqual({})
  })

  test('a client with a key of its own is run as far as we can be it', async () => {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const client = await latchkey.createClient({
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [publicKey.export({ format: 'jwk' })] },
    })
    const page = await run(client.client_id)
    expect(page.text).toContain('with a private key that only it has')
    expect(await counts(client.client_id)).toEqual({})
  })

  test('a machine: a lent secret, a token, its claims; the secret is gone, and the JWT has no signature', async () => {
    const client = await latchkey.createClient({
      client_name: 'Job',
      redirect_uris: [],
      grant_types: ['client_credentials'],
      scope: 'photos:read',
    })
    const page = await run(client.client_id)
    expect(page.text).toContain('It works. The token is revoked')
    expect(page.text).not.toContain('cannot be revoked')
    expect(page.text).toMatch(/"aud": "https:\/\/api\.example"/)
    expect(page.text).toMatch(/"access_token": "[\w-]+\.[\w-]+\.…"/)
    expect(await secretsOf(client.client_id)).toHaveLength(1)
    expect(await counts(client.client_id)).toEqual({})
  })

  test('a client without openid is run without a nonce, which stands for an ID Token', async () => {
    const client = await latchkey.createClient({ client_name: 'Albums', scope: 'photos:read' })
    const page = await run(client.client_id)
    expect(page.text).toContain('It works')
    expect(page.text).not.toContain('nonce')
  })

  test('a machine that may call no API: what is missing instead of a run that fails', async () => {
    const client = await latchkey.createClient({
      client_name: 'Job',
      grant_types: ['client_credentials'],
      redirect_uris: [],
    })
    const address = `${latchkey.issuer}/admin/clients/${client.client_id}`
    for (const path of [address, `${address}/try`]) {
      const { text, body } = await browser.open(path)
      expect(text).toContain('This client may call no API yet, so it gets no token.')
      expect(body).toContain('<a href="/admin/resources">')
      expect(body).toContain(`href="/admin/clients/${client.client_id}/edit"`)
    }
    expect((await browser.open(`${address}/try`)).body).not.toContain('>Run</button>')
    await latchkey.services.clients.update(client.client_id, { scope: 'photos:read' })
    expect((await run(client.client_id)).text).toContain('It works')
    expect((await browser.open(address)).text).not.toContain('may call no API')
  })

  test('a machine of two APIs is asked which one, and gets a token for that', async () => {
    const { resources } = latchkey.services
    await resources.add({ identifier: 'https://films.example', name: 'Films API', scope: 'films:read' })
    const client = await latchkey.createClient({
      redirect_uris: [],
      grant_types: ['client_credentials'],
      scope: 'photos:read films:read',
    })
    const asked = await run(client.client_id, { API: '' })
    expect(asked.status).toBe(422)
    expect(asked.text).toContain('Choose one: the scopes are of')
    expect(asked.text).toContain('Films API and Photos API')
    const form = await browser.open(`${latchkey.issuer}/admin/clients/${client.client_id}/try`)
    const shown = await browser.submit(form, {}, { button: 'Run' })
    expect(shown.text).toContain('It works')
    for (const [api, scope] of [
      ['https://films.example', 'films:read'],
      ['https://api.example', 'photos:read'],
    ] as const) {
      const page = await run(client.client_id, { API: api })
      expect(page.text).toContain('It works')
      expect(page.text).toContain(`"aud": "${api}"`)
      expect(page.text).toContain(`"scope": "${scope}"`)
    }
  })

  const key = () => ({
    jwks: {
      keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' })],
    },
  })
  test.each([
    [
      'a device',
      () => ({
        token_endpoint_auth_method: 'none',
        redirect_uris: [],
        grant_types: [DEVICE_CODE_GRANT, 'refresh_token'],
      }),
      'somebody has to enter a code',
    ],
    ['FAPI 2.0', () => ({ profile: 'fapi2', ...key() }), 'Its first request already shows a private key'],
    [
      'Message Signing',
      () => ({ profile: 'fapi2_message_signing', ...key() }),
      'It has to sign each request with a private key',
    ],
    [
      'a machine with a key',
      () => ({
        redirect_uris: [],
        grant_types: ['client_credentials'],
        scope: 'photos:read',
        token_endpoint_auth_method: 'private_key_jwt',
        ...key(),
      }),
      'Its first request already shows a private key',
    ],
  ])('%s cannot be run here: not offered, with the reason, and refused', async (_what, metadata, why) => {
    const client = await latchkey.createClient(metadata())
    const page = await browser.open(`${latchkey.issuer}/admin/clients/${client.client_id}`)
    expect(page.text).toContain(why)
    expect(page.body).not.toContain(`/admin/clients/${client.client_id}/try`)
    const form = await browser.open(`${latchkey.issuer}/admin/clients/${client.client_id}/try`)
    expect(form.text).toContain(why)
    expect(form.body).not.toContain('>Run<')
    const web = await latchkey.createClient()
    const other = await browser.open(`${latchkey.issuer}/admin/clients/${web.client_id}/try`)
    const request = browser.prepare(other, {}, { button: 'Run' })
    request.url.pathname = `/admin/clients/${client.client_id}/try`
    const sent = await browser.visit(request)
    expect(sent.status).toBe(422)
    expect(sent.text).toContain(why)
    expect(await counts(client.client_id)).toEqual({})
  })

  test('a disabled client is refused, and its run leaves nothing', async () => {
    const client = await latchkey.createClient({ client_name: 'Shop' })
    await latchkey.services.clients.disable(client.client_id)
    const page = await run(client.client_id)
    expect(page.text).toContain('It stopped')
    expect(await secretsOf(client.client_id)).toHaveLength(1)
  })

  test('no secret, code or token of a run is in the log', async () => {
    const lines = latchkey.log.join('')
    expect(lines).not.toMatch(/[?&]code=/)
    expect(lines).not.toMatch(/eyJ[\w-]+\.[\w-]+\./)
    expect(lines).not.toMatch(/Basic [A-Za-z0-9+/]{20}/)
  })

  test('the administrator stays signed in, and nobody else’s page shows a run', async () => {
    expect((await browser.open(`${latchkey.issuer}/admin/clients`)).status).toBe(200)
    const client = await latchkey.createClient({ client_name: 'Shop' })
    const stranger = await createHttpBrowser().open(
      `${latchkey.issuer}/admin/clients/${client.client_id}/try`,
    )
    expect(stranger.url.pathname).toBe('/login')
  })
})
