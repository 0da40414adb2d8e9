import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { signedIn } from '../admin/console.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  createSecurityFixture,
  credentials,
  pkce,
  post,
  redirectUri,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

// RFC 9700 §2.1.1: PKCE, or of a confidential client a nonce with the scope openid. `auto` is what such a client is by itself.
let latchkey: Latchkey
let fixture: SecurityFixture
let victim: Victim
let web: TestClient

beforeAll(async () => {
  latchkey = await startLatchkey()
  fixture = createSecurityFixture(latchkey)
  victim = await fixture.victim()
  web = await fixture.client()
})
afterAll(() => latchkey.stop())

const withoutPkce = { code_challenge: '', code_challenge_method: '' }
const nonce = 'n-0S6_WzA2Mj'

/** The authorization request with these parameters; an empty value leaves one out. */
function request(client: TestClient, changes: Record<string, string>): URL {
  const url = new URL(fixture.authorizeUrl(client, changes))
  for (const [name, value] of Object.entries(changes)) if (value === '') url.searchParams.delete(name)
  return url
}

async function authorized(client: TestClient, changes: Record<string, string>): Promise<URLSearchParams> {
  const page = await victim.browser.open(request(client, changes))
  expect(page.left).toBe(true)
  return page.url.searchParams
}

const exchange = (client: TestClient, code: string | null, over: Record<string, string> = {}) =>
  fixture.token(client, {
    grant_type: 'authorization_code',
    code: String(code),
    redirect_uri: redirectUri,
    ...over,
  })

const payload = (jwt: unknown) =>
  JSON.parse(Buffer.from(String(jwt).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>

describe('a confidential client that nothing else was said of', () => {
  test('is registered as auto, a public one as required, and PKCE_DEFAULT=required is for all', async () => {
    const { clients } = latchkey.services
    const confidential = { client_name: 'App', redirect_uris: ['https://app.example/cb'] }
    const open = { ...confidential, token_endpoint_auth_method: 'none' }
    expect((await clients.create(confidential)).pkce).toBe('auto')
    expect((await clients.create(open)).pkce).toBe('required')
    expect((await clients.create({ ...open, pkce: 'auto' })).pkce).toBe('required')
    const strict = await startLatchkey({ env: { PKCE_DEFAULT: 'required' } })
    try {
      expect((await strict.services.clients.create(confidential)).pkce).toBe('required')
      expect((await strict.services.clients.create({ ...confidential, pkce: 'auto' })).pkce).toBe('auto')
    } finally {
      await strict.stop()
    }
  })

  test('signs in with a nonce instead of PKCE, and gets it back in the id_token', async () => {
    const back = await authorized(web, { ...withoutPkce, nonce })
    const { status, json } = await exchange(web, back.get('code'))
    expect(status).toBe(200)
    expect(payload(json.id_token)).toMatchObject({ nonce })
  })

  test.each<[string, Record<string, string>]>([
    ['neither', {}],
    ['an empty nonce', { nonce: ' ' }],
    ['a nonce without openid, which no id_token brings back', { nonce, scope: 'profile' }],
  ])('is refused with %s', async (_what, changes) => {
    const asked = { ...withoutPkce, ...changes }
    const url = request(web, asked)
    if (changes.nonce === ' ') url.searchParams.set('nonce', '')
    const page = await victim.browser.open(url)
    expect(page.url.searchParams.get('error')).toBe('invalid_request')
    expect(page.url.searchParams.get('code')).toBeNull()
    expect(page.url.searchParams.get('state')).toBe('the-state')
  })

  test('is refused at the pushed request endpoint, too, and told what is missing', async () => {
    const own = credentials(web)
    const pushed = { response_type: 'code', redirect_uri: redirectUri, scope: 'openid', ...own.body }
    const parameters = { client_id: web.client_id, ...pushed }
    const answer = await post(`${fixture.issuer}/par`, parameters, own.headers)
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_request' } })
    expect(answer.json.error_description).toMatch(
      /PKCE or a nonce is required: send code_challenge .* with the scope openid, a nonce/,
    )
    const good = await post(`${fixture.issuer}/par`, { ...parameters, nonce }, own.headers)
    expect(good.status).toBe(201)
  })

  test('has to send the verifier of a code that came with PKCE, a nonce or not', async () => {
    const back = await authorized(web, { nonce })
    expect(await exchange(web, back.get('code'))).toMatchObject({
      status: 400,
      json: { error: 'invalid_grant' },
    })
  })

  test('is not taken at its word: a verifier for a code without PKCE is refused (RFC 9700 §4.8.2)', async () => {
    const back = await authorized(web, { ...withoutPkce, nonce })
    const answer = await exchange(web, back.get('code'), { code_verifier: pkce().verifier })
    expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
  })
})

describe('a change of the rule', () => {
  const change = (client: TestClient, pkceRule: string) =>
    latchkey.services.clients.update(client.client_id, { pkce: pkceRule })

  test.each([
    ['optional', 'auto', {}],
    ['auto', 'required', { nonce }],
  ])('from %s to %s ends flows and codes that have less', async (before, after, more) => {
    const client = await fixture.client({ pkce: before })
    const back = await authorized(client, { ...withoutPkce, ...more })
    const browser = createHttpBrowser({ stopAt: [redirectUri] })
    const waiting = await browser.open(request(client, { ...withoutPkce, ...more }))
    await change(client, after)
    expect((await browser.open(waiting.url)).text).toMatch(/settings of the app have changed/)
    expect((await exchange(client, back.get('code'))).json.error).toBe('invalid_grant')
  })

  test('from optional to auto leaves what has a nonce', async () => {
    const client = await fixture.client({ pkce: 'optional' })
    const back = await authorized(client, { ...withoutPkce, nonce })
    const browser = createHttpBrowser({ stopAt: [redirectUri] })
    const waiting = await browser.open(request(client, { ...withoutPkce, nonce }))
    await change(client, 'auto')
    expect((await browser.open(waiting.url)).text).toContain('Sign in')
    expect((await exchange(client, back.get('code'))).status).toBe(200)
  })

  test('a nonce is worth nothing once the client may not have openid any more', async () => {
    const client = await fixture.client({ scope: 'openid email' })
    const asked = { ...withoutPkce, nonce, scope: 'openid email' }
    const back = await authorized(client, asked)
    await latchkey.services.clients.update(client.client_id, { scope: 'email' })
    const answer = await exchange(client, back.get('code'))
    expect(answer.json).not.toHaveProperty('access_token')
    expect(answer.status).toBe(400)
  })
})

describe('a client that always uses PKCE', () => {
  const rule = async (client: TestClient) => {
    await latchkey.services.clients.idle()
    return (await latchkey.services.clients.get(client.client_id)).pkce
  }

  test('has to from its eleventh sign-in on; an administrator takes it back by one click, which holds', async () => {
    const client = await fixture.client()
    const sign = async (times: number) => {
      for (let time = 0; time < times; time++) await fixture.tokens(victim, client)
    }
    await sign(9)
    // An attempt without PKCE that comes to nothing counts for nothing: anybody can make one.
    await authorized(client, { ...withoutPkce, nonce })
    expect(await rule(client)).toBe('auto')
    await sign(1)
    expect(await rule(client)).toBe('required')
    expect((await authorized(client, { ...withoutPkce, nonce })).get('error')).toBe('invalid_request')
    const { browser } = await signedIn(latchkey)
    const page = await browser.open(`${latchkey.issuer}/admin/clients/${client.client_id}`)
    expect(page.text).toContain('Required by itself: it used PKCE in ten sign-ins')
    const back = await browser.submit(page, {}, { button: 'Let it send a nonce instead of PKCE again' })
    expect(back.text).toContain('may send a nonce instead of PKCE again')
    await sign(3)
    expect(await rule(client)).toBe('auto')
    expect((await authorized(client, { ...withoutPkce, nonce })).get('code')).toBeTypeOf('string')
    const log = await browser.open(`${latchkey.issuer}/admin/audit?target=${client.client_id}`)
    expect(log.text).toContain('requires PKCE of the client Test app, which always used it')
  })

  test('a file that says auto leaves it, and one that asks for nothing of it', async () => {
    const { clients, configuration } = latchkey.services
    const { client_id: id } = await clients.create(
      { client_name: 'In a file', redirect_uris: [redirectUri], software_id: 'filed' },
      { source: 'configuration', verified: true },
    )
    for (let time = 0; time < 10; time++) clients.notePkce(id, true)
    await clients.idle()
    expect((await clients.get(id)).pkce).toBe('required')
    for (const pkceLine of ['', '    pkce: auto\n', '    pkce: required\n']) {
      const yaml = `version: 1\nclients:\n  - key: filed\n    client_name: In a file\n    redirect_uris: [${redirectUri}]\n${pkceLine}`
      expect((await configuration.plan(yaml, () => undefined)).changes).toEqual([])
    }
    const optional = `version: 1\nclients:\n  - key: filed\n    client_name: In a file\n    redirect_uris: [${redirectUri}]\n    pkce: optional\n`
    expect((await configuration.plan(optional, () => undefined)).changes).toHaveLength(1)
  })
})
