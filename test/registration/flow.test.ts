import * as oidc from 'openid-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type BrowserPage, createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { callback, type Registrar, registrar } from './support.ts'

const DAY = 86_400_000
let latchkey: Latchkey
let at: Registrar
let passed = 0
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'open' }, clock: () => Date.now() + passed })
  at = registrar(latchkey)
})
afterAll(() => latchkey.stop())
afterEach(() => {
  passed = 0
})

/** Registers by openid-client: discovery, RFC 7591, and whatever it makes of the answer. */
const registered = (metadata: Partial<oidc.ClientMetadata>, initialAccessToken?: string) =>
  oidc.dynamicClientRegistration(new URL(latchkey.issuer), metadata, undefined, {
    execute: [oidc.allowInsecureRequests],
    ...(initialAccessToken !== undefined && { initialAccessToken }),
  })

async function request(config: oidc.Configuration, parameters: Record<string, string> = {}) {
  const verifier = oidc.randomPKCECodeVerifier()
  const state = oidc.randomState()
  const url = oidc.buildAuthorizationUrl(config, {
    redirect_uri: callback,
    scope: 'openid email',
    state,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...parameters,
  })
  const exchange = (page: BrowserPage) =>
    oidc.authorizationCodeGrant(config, page.url, { pkceCodeVerifier: verifier, expectedState: state })
  return { url, exchange }
}

const NOBODY = 'Nobody has checked this app'

describe('an app that registered itself signs somebody in', () => {
  test('with an initial access token: as any app', async () => {
    const user = await latchkey.createUser()
    const config = await registered({ client_name: 'Team app', redirect_uris: [callback] }, await at.token())
    const browser = createHttpBrowser({ stopAt: [callback] })
    const { url, exchange } = await request(config)
    const consent = await browser.signIn(await browser.open(url), {
      identifier: user.email,
      password: PASSWORD,
    })
    expect(consent.text).toContain('Team app')
    expect(consent.text).not.toContain(NOBODY)
    const tokens = await exchange(await browser.allow(consent))
    expect(tokens.claims()?.sub).toBe(user.id)
    const again = await request(config)
    expect((await browser.open(again.url)).left).toBe(true)
  })

  test('10.7.1: openly: people are told that nobody has checked it, and asked every time', async () => {
    const user = await latchkey.createUser()
    const logo = 'https://app.example/logo.png'
    const metadata = { client_name: 'Wild app', redirect_uris: [callback], logo_uri: logo }
    const config = await registered(metadata)
    const browser = createHttpBrowser({ stopAt: [callback] })
    const first = await request(config)
    const signIn = await browser.open(first.url)
    expect(signIn.body).not.toContain(logo)
    expect(signIn.text).toContain('It calls itself so; nobody has checked this app')
    const consent = await browser.signIn(signIn, { identifier: user.email, password: PASSWORD })
    expect(consent.text).toContain(NOBODY)
    expect(consent.text).toContain('Wild app')
    expect(consent.body).not.toContain(logo)
    const tokens = await first.exchange(await browser.allow(consent))
    expect(tokens.claims()?.sub).toBe(user.id)

    const second = await request(config)
    const asked = await browser.open(second.url)
    expect(asked.text).toContain(NOBODY)
    expect(asked.text).toContain('See your email address')
    const choice = await browser.open((await request(config, { prompt: 'select_account' })).url)
    expect(choice.text).toContain('nobody has checked this app')
    await second.exchange(await browser.allow(asked))

    const silent = await browser.open((await request(config, { prompt: 'none' })).url)
    expect(silent.url.searchParams.get('error')).toBe('consent_required')

    await latchkey.services.registration.setVerified(config.clientMetadata().client_id, true)
    expect((await browser.open((await request(config)).url)).left).toBe(true)
  })

  test('a name is text, whatever it looks like', async () => {
    const user = await latchkey.createUser()
    const config = await registered({ client_name: '<b>Bank</b>', redirect_uris: [callback] })
    const browser = createHttpBrowser({ stopAt: [callback] })
    const signIn = await browser.open((await request(config)).url)
    const consent = await browser.signIn(signIn, { identifier: user.email, password: PASSWORD })
    expect(consent.body).toContain('&lt;b&gt;Bank&lt;/b&gt;')
    expect(consent.body).not.toContain('<b>Bank</b>')
  })
})

describe('open clients that nobody uses', () => {
  test('are removed after thirty days; those that somebody has allowed, that were verified, or that hold a token, stay', async () => {
    const make = async (name: string, token?: string) =>
      (await registered({ client_name: name, redirect_uris: [callback] }, token)).clientMetadata().client_id
    const [unused, verified, seen] = [await make('Unused'), await make('Verified'), await make('Seen')]
    const dynamic = await make('Dynamic', await at.token())
    const used = await registered({ client_name: 'Used', redirect_uris: [callback] })
    await latchkey.services.registration.setVerified(verified, true)
    await latchkey.services.db.prisma.clientActivity.create({ data: { day: '2026-01-01', clientId: seen } })
    const user = await latchkey.createUser()
    const browser = createHttpBrowser({ stopAt: [callback] })
    const signIn = await browser.open((await request(used)).url)
    await browser.allow(await browser.signIn(signIn, { identifier: user.email, password: PASSWORD }))

    const sweep = async () => {
      while ((await latchkey.services.selfRegistered.purge()) > 0);
      const { items } = await latchkey.services.selfRegistered.list({ limit: 100 })
      return new Set(items.map(({ client_id: id }) => id))
    }
    passed = 29 * DAY
    expect((await sweep()).has(unused)).toBe(true)
    passed = 31 * DAY
    for (let run = 0; run < 2; run++) {
      const left = await sweep()
      expect(left.has(unused)).toBe(false)
      for (const id of [verified, seen, dynamic, used.clientMetadata().client_id])
        expect(left.has(id)).toBe(true)
    }
  })
})

describe('open registration is limited', () => {
  test('by address: the eleventh in an hour waits, one with an initial access token does not', async () => {
    const limited = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'open', RATE_LIMIT: 'on' } })
    try {
      const there = registrar(limited)
      const app = { client_name: 'App', redirect_uris: [callback] }
      const statuses = []
      for (let each = 0; each < 11; each++) statuses.push((await there.register(app)).status)
      expect(statuses).toEqual([...Array(10).fill(201), 429])
      const refused = await there.register(app)
      expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
      expect(refused.json.error).toBe('temporarily_unavailable')
      expect((await there.register(app, await there.token())).status).toBe(201)
    } finally {
      await limited.stop()
    }
  })

  test('in total: two hundred a day, from wherever', async () => {
    const { prisma } = latchkey.services.db
    const app = { client_name: 'Flood', redirect_uris: [callback] }
    const now = Date.now()
    await prisma.client.createMany({
      data: Array.from({ length: 200 }, (_, index) => ({
        id: `lk_flood${index}`,
        name: 'Flood',
        metadata: '{}',
        source: 'open',
        verified: false,
        createdAt: new Date(now - index * 60_000),
      })),
    })
    const refused = await at.register(app)
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toMatch(/^\d+$/)
    expect((await at.register(app, await at.token())).status).toBe(201)
    passed = DAY
    expect((await at.register(app)).status).toBe(201)
  })
})
