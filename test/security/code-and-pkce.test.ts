import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import {
  clock,
  createSecurityFixture,
  get,
  passTime,
  pkce,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from './attacker.ts'

let latchkey: Latchkey
let fixture: SecurityFixture
let web: TestClient
let spa: TestClient
let exempt: TestClient
let victim: Victim

beforeAll(async () => {
  latchkey = await startLatchkey({ clock })
  fixture = createSecurityFixture(latchkey)
  web = await fixture.client()
  spa = await fixture.publicClient()
  exempt = await fixture.client({ pkce: 'optional' })
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())
afterEach(() => void vi.useRealTimers())

const refused = (error: string) => ({ status: 400, json: { error } })

/** The authorization response to a request with these parameters; an empty value leaves one out. */
async function authorized(client: TestClient, changes: Record<string, string>) {
  const url = new URL(fixture.authorizeUrl(client, changes))
  for (const [name, value] of Object.entries(changes)) if (value === '') url.searchParams.delete(name)
  const page = await victim.browser.open(url)
  expect(page.left).toBe(true)
  return page.url.searchParams
}

describe('PKCE', () => {
  test('RFC 9700 §2.1.1: without code_challenge no code, for public and for confidential clients', async () => {
    for (const client of [spa, web]) {
      const back = await authorized(client, { code_challenge: '', code_challenge_method: '' })
      expect(back.get('error')).toBe('invalid_request')
      expect(back.get('code')).toBeNull()
      expect(back.get('state')).toBe('the-state')
    }
  })

  test('OAuth 2.1: a confidential client can be exempt, a public one can not', async () => {
    const back = await authorized(exempt, { code_challenge: '', code_challenge_method: '' })
    const code = { code: String(back.get('code')), verifier: '', redirect_uri: exempt.redirect_uri }
    const { code_verifier: _none, ...body } = {
      grant_type: 'authorization_code',
      code: code.code,
      redirect_uri: code.redirect_uri,
      code_verifier: '',
    }
    expect((await fixture.token(exempt, body)).status).toBe(200)
    await expect(fixture.publicClient({ pkce: 'optional' })).rejects.toThrow()
  })

  test('RFC 9700 §2.1.1: a code with a challenge is not exchanged without a verifier', async () => {
    for (const client of [web, spa, exempt]) {
      const { code, redirect_uri } = await fixture.code(victim, client)
      const answer = await fixture.token(client, { grant_type: 'authorization_code', code, redirect_uri })
      expect(answer).toMatchObject(refused('invalid_grant'))
    }
  })

  test('RFC 9700 §4.8.2: a code without a challenge is not exchanged with a verifier (downgrade)', async () => {
    const back = await authorized(exempt, { code_challenge: '', code_challenge_method: '' })
    const code = {
      code: String(back.get('code')),
      verifier: pkce().verifier,
      redirect_uri: exempt.redirect_uri,
    }
    expect(await fixture.exchange(exempt, code)).toMatchObject(refused('invalid_grant'))
  })

  test.each([
    ['another verifier', pkce().verifier],
    ['the challenge itself', ''],
    ['42 characters', 'a'.repeat(42)],
    ['129 characters', 'a'.repeat(129)],
    ['characters outside unreserved', `${'a'.repeat(42)}/`],
    ['white space around', ' '],
  ])('RFC 7636: refused verifier: %s', async (kind, verifier) => {
    const right = pkce('v'.repeat(42).concat('w'))
    const back = await authorized(web, { code_challenge: right.challenge })
    const wrong =
      kind === 'the challenge itself'
        ? right.challenge
        : kind === 'white space around'
          ? ` ${right.verifier} `
          : verifier
    const code = { code: String(back.get('code')), verifier: wrong, redirect_uri: web.redirect_uri }
    const answer = await fixture.exchange(web, code)
    expect(answer.status).toBe(400)
    expect(answer.json.error).toMatch(/^invalid_(grant|request)$/)
  })

  test.each([
    ['plain', { code_challenge_method: 'plain', code_challenge: 'v'.repeat(43) }],
    ['left out, which means plain (RFC 7636 §4.3)', { code_challenge_method: '' }],
    ['unknown', { code_challenge_method: 'S512' }],
    ['lower case', { code_challenge_method: 's256' }],
    ['short challenge', { code_challenge: 'v'.repeat(42) }],
    ['long challenge', { code_challenge: 'v'.repeat(129) }],
    ['characters', { code_challenge: `${'v'.repeat(42)}=` }],
  ])('RFC 7636: refused challenge: %s', async (_, changes) => {
    const back = await authorized(web, changes as Record<string, string>)
    expect(back.get('error')).toBe('invalid_request')
    expect(back.get('code')).toBeNull()
  })

  test('RFC 9700: metadata names S256 and nothing else', async () => {
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    expect(json.code_challenge_methods_supported).toEqual(['S256'])
  })
})

describe('authorization code', () => {
  test('RFC 6749 §4.1.2: works once; its second use ends the tokens of the first', async () => {
    const code = await fixture.code(victim, web)
    const first = await fixture.exchange(web, code)
    expect(first.status).toBe(200)
    expect((await fixture.userinfo(first.json.access_token)).status).toBe(200)
    expect(await fixture.exchange(web, code)).toMatchObject(refused('invalid_grant'))
    expect((await fixture.userinfo(first.json.access_token)).status).toBe(401)
    expect(await fixture.refresh(web, first.json.refresh_token)).toMatchObject(refused('invalid_grant'))
  })

  test('RFC 6749 §4.1.3: bound to its client', async () => {
    const other = await fixture.client()
    for (const [owner, thief] of [
      [web, other],
      [spa, web],
      [web, spa],
    ] as const) {
      const code = await fixture.code(victim, owner)
      expect(await fixture.exchange(thief, code)).toMatchObject(refused('invalid_grant'))
    }
  })

  test.each(['https://app.example/callback/', 'https://app.example/second', 'https://evil.example/', ''])(
    'RFC 6749 §4.1.3: bound to its redirect_uri, not %s',
    async (uri) => {
      const two = await fixture.client({
        redirect_uris: ['https://app.example/callback', 'https://app.example/second'],
      })
      const answer = await fixture.exchange(two, await fixture.code(victim, two), { redirect_uri: uri })
      expect(answer.status).toBe(400)
      expect(answer.json.access_token).toBeUndefined()
    },
  )

  test('RFC 6749 §4.1.3: the redirect_uri may not be left out of the exchange', async () => {
    const { code, verifier } = await fixture.code(victim, web)
    const answer = await fixture.token(web, {
      grant_type: 'authorization_code',
      code,
      code_verifier: verifier,
    })
    expect(answer.status).toBe(400)
    expect(answer.json.access_token).toBeUndefined()
  })

  test('FAPI 2 §5.3.2.1: a code lives 60 seconds', async () => {
    const [intime, late] = [await fixture.code(victim, web), await fixture.code(victim, web)]
    passTime(55)
    expect((await fixture.exchange(web, intime)).status).toBe(200)
    passTime(6)
    expect(await fixture.exchange(web, late)).toMatchObject(refused('invalid_grant'))
  })

  test.each(['', 'x', '0'.repeat(43), '__proto__', '../..', 'a'.repeat(20_000)])(
    'an invented code is refused: %.20s',
    async (code) => {
      const answer = await fixture.exchange(web, {
        code,
        verifier: 'v'.repeat(43),
        redirect_uri: web.redirect_uri,
      })
      expect(answer.status).toBe(400)
      expect(answer.json.error).toMatch(/^invalid_(grant|request)$/)
    },
  )
})

describe('response', () => {
  test.each(['token', 'id_token', 'id_token token', 'code token', 'code id_token', 'none', 'CODE'])(
    'RFC 9700 §2.1.2: response_type %s is refused and not advertised',
    async (response_type) => {
      const page = await victim.browser.open(fixture.authorizeUrl(web, { response_type, nonce: 'n' }))
      const shown = `${page.url.search}${page.url.hash}${page.body}`
      expect(shown).toMatch(/unsupported_response_type|invalid_request/)
      expect(page.url.href).not.toMatch(/access_token|id_token=|code=/)
      const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
      expect(json.response_types_supported).toEqual(['code'])
    },
  )

  test.each([
    'password',
    'implicit',
    'urn:ietf:params:oauth:grant-type:token-exchange',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'urn:openid:params:grant-type:ciba',
    '__proto__',
    'toString',
  ])('RFC 9700 §2.4: grant_type=%s is unsupported_grant_type and not advertised', async (grant_type) => {
    const answer = await fixture.token(web, { grant_type, username: 'a', password: 'b' })
    expect(answer).toMatchObject(refused('unsupported_grant_type'))
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    expect(json.grant_types_supported).not.toContain(grant_type)
  })

  test('RFC 9207: iss stands in success and error redirects, equal to the metadata’s issuer', async () => {
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    expect(json.authorization_response_iss_parameter_supported).toBe(true)
    const success = await fixture.authorize(victim, web)
    expect([success.get('iss'), success.get('state')]).toEqual([json.issuer, 'the-state'])
    const stranger = await fetch(fixture.authorizeUrl(web, { prompt: 'none' }), { redirect: 'manual' })
    const error = new URL(String(stranger.headers.get('location'))).searchParams
    expect([error.get('error'), error.get('iss'), error.get('state')]).toEqual([
      'login_required',
      json.issuer,
      'the-state',
    ])
  })

  test('RFC 9700 §4.17: web_message and unknown response modes are refused', async () => {
    for (const response_mode of ['web_message', 'web_message.jwt', 'toString']) {
      const page = await victim.browser.open(fixture.authorizeUrl(web, { response_mode }))
      expect(page.url.searchParams.get('code')).toBeNull()
      expect(`${page.url.search}${page.body}`).toMatch(/unsupported_response_mode|invalid_request/)
    }
  })

  test('response_mode=form_post carries the code by a form to the registered URI, values escaped', async () => {
    const state = `"><script>alert(1)</script>`
    const page = await victim.browser.open(fixture.authorizeUrl(web, { response_mode: 'form_post', state }))
    expect(page.status).toBe(200)
    expect(page.forms.map(({ action, method }) => [action, method])).toEqual([[web.redirect_uri, 'post']])
    expect(page.body).not.toContain('<script>alert')
    expect(page.forms[0]?.fields.find(({ name }) => name === 'state')?.value).toBe(state)
    expect(page.headers.get('content-security-policy')).toMatch(/script-src 'self' 'sha256-/)
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(page.headers.get('cache-control')).toBe('no-store')
  })
})
