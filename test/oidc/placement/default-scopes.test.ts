import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  clock,
  createSecurityFixture,
  get,
  post,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'

const TOOLS = 'https://tools.example/mcp'
const NOTES = 'https://notes.example/mcp'

describe.each(engines)('on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let victim: Victim
  beforeAll(async () => {
    const env = { DYNAMIC_REGISTRATION: 'open', UNVERIFIED_CLIENT_SCOPES: 'tools:use tools:admin' }
    latchkey = await startLatchkey({ engine, clock, env })
    fixture = createSecurityFixture(latchkey)
    await latchkey.services.resources.add({
      identifier: TOOLS,
      scope: 'tools:use tools:admin tools:own',
      default_scopes: 'tools:use tools:own',
    })
    await latchkey.services.resources.add({
      identifier: NOTES,
      scope: 'notes:read notes:write',
      default_scopes: 'notes:read',
    })
    victim = await fixture.victim()
  })
  afterAll(() => latchkey.stop())

  const discovered = async () =>
    (
      (await get(`${fixture.issuer}/.well-known/oauth-authorization-server`)).json
        .scopes_supported as string[]
    ).join(' ')

  async function scopeOf(client: TestClient, parameters: Record<string, string>) {
    const page = await victim.browser.open(fixture.authorizeUrl(client, parameters))
    const back = page.left ? page : await victim.browser.allow(page)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: client.redirect_uri,
    }
    const { json } = await fixture.exchange(client, code, { resource: TOOLS })
    return decodeJwt(String(json.access_token))
  }

  test('an MCP client asks for what discovery lists, since the server publishes no scopes: it gets the default ones', async () => {
    const scope = await discovered()
    const registered = await fetch(`${fixture.issuer}/clients/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_name: 'Editor',
        redirect_uris: ['http://127.0.0.1/callback'],
        token_endpoint_auth_method: 'none',
        application_type: 'native',
        scope,
      }),
    })
    const client = (await registered.json()) as { client_id: string; scope: string }
    // What its policy does not allow it does not get by a default either.
    expect(client.scope).toBe(`${scope} tools:use`)
    const redirect_uri = 'http://127.0.0.1/callback'
    const browser = await fixture.victim([redirect_uri])
    const page = await browser.browser.open(
      fixture.authorizeUrl({ client_id: client.client_id, redirect_uri }, { scope, resource: TOOLS }),
    )
    expect(page.text).toContain('tools:use')
    const back = await browser.browser.allow(page)
    const code = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43), redirect_uri }
    const { json } = await fixture.exchange({ client_id: client.client_id, redirect_uri }, code, {
      resource: TOOLS,
    })
    expect(decodeJwt(String(json.access_token))).toMatchObject({ aud: TOOLS, scope: 'tools:use' })
  })

  test('a client gets of the default scopes those that it is registered for, pushed or not', async () => {
    const client = await fixture.client({ scope: 'openid tools:own tools:admin' })
    expect(await scopeOf(client, { scope: 'openid', resource: TOOLS })).toMatchObject({ scope: 'tools:own' })
    const pushed = await post(`${fixture.issuer}/par`, {
      ...Object.fromEntries(
        new URL(fixture.authorizeUrl(client, { scope: 'openid', resource: TOOLS })).searchParams,
      ),
      client_secret: String(client.client_secret),
    })
    expect(pushed.status).toBe(201)
  })

  test.each([
    ['one', [TOOLS, NOTES]],
    ['the other', [NOTES, TOOLS]],
  ])('who names two APIs, %s first, gets the default scopes of both', async (_, resources) => {
    const client = await fixture.client({ scope: 'openid offline_access tools:use notes:read notes:write' })
    const url = new URL(fixture.authorizeUrl(client, { scope: 'openid offline_access' }))
    for (const resource of resources) url.searchParams.append('resource', resource)
    const page = await victim.browser.open(url)
    const back = page.left ? page : await victim.browser.allow(page)
    const code = {
      code: String(back.url.searchParams.get('code')),
      verifier: 'v'.repeat(43),
      redirect_uri: client.redirect_uri,
    }
    const first = (await fixture.exchange(client, code, { resource: TOOLS })).json
    const second = (await fixture.refresh(client, first.refresh_token, { resource: NOTES })).json
    const scopes = [first, second].map(({ access_token }) => decodeJwt(String(access_token)).scope)
    expect(scopes).toEqual(['tools:use', 'notes:read'])
  })

  test('who asks for a scope of the API gets that, and not the default ones', async () => {
    const client = await fixture.client({ scope: 'openid tools:use tools:admin' })
    expect(await scopeOf(client, { scope: 'openid tools:admin', resource: TOOLS })).toMatchObject({
      scope: 'tools:admin',
    })
  })

  test('a default opens nothing: a client without scopes of the API is refused', async () => {
    const client = await fixture.client({ scope: 'openid profile' })
    const page = await victim.browser.open(fixture.authorizeUrl(client, { resource: TOOLS }))
    expect(page.url.searchParams.get('error')).toBe('invalid_target')
  })
})
