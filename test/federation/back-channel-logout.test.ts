import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bearer, createApi } from '../api/support.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { type FederationFixture, openFederation } from './federation-fixture.ts'
import { createSignInSteps, type SignInSteps } from './sign-in-steps.ts'

const FORM = 'application/x-www-form-urlencoded'

describe.each(engines)('a provider tells that somebody has signed out there, on %s', (engine) => {
  let federation: FederationFixture
  let steps: SignInSteps
  beforeAll(async () => {
    federation = await openFederation({ engine })
    steps = createSignInSteps(federation)
  })
  afterAll(() => federation?.stop())

  const accounts = () => federation.latchkey.services.accounts
  const subject = (name: string) => `o-${name}`
  const atOkta = (name: string) => ({
    sub: subject(name),
    preferred_username: name,
    email: `${name}@example.com`,
    email_verified: true,
    name: 'O',
  })
  const byOkta = async (name: string, browser = federation.browser()): Promise<HttpBrowser> => {
    await steps.byOpenId(browser, 'Okta', atOkta(name))
    expect(await steps.signedInAs(browser)).toBe(name)
    return browser
  }
  const byPassword = async (identifier: string, browser = federation.browser(), path = '/login') => {
    await browser.signIn(await browser.open(steps.at(path)), { identifier, password: PASSWORD })
    return browser
  }
  const idOf = async (name: string) => (await accounts().find(name))?.id ?? ''

  /** The provider's sessions that somebody's sessions here came by. */
  async function sidsOf(name: string): Promise<string[]> {
    const sessions = await federation.latchkey.services.artifacts.listByAccount('Session', await idOf(name))
    return sessions.flatMap(({ payload }) => (payload.upstream as { sid?: string } | undefined)?.sid ?? [])
  }

  const send = (body: string, { provider = 'okta', type = FORM } = {}) =>
    fetch(steps.at(`/api/auth/oauth/${provider}/backchannel-logout`), {
      method: 'POST',
      headers: { 'content-type': type },
      body,
    })
  const tell = async (claims: Record<string, unknown>, header = {}) =>
    send(`${new URLSearchParams({ logout_token: await federation.okta.logoutToken(claims, header) })}`)

  test('by subject: signed out in every browser that came by it, and nowhere else', async () => {
    const [one, two] = [await byOkta('everywhere'), await byOkta('everywhere')]
    const other = await byOkta('somebody-else')
    steps.onGitHub('bystander')
    const bystander = federation.browser()
    await steps.byGitHub(bystander, 'bystander')
    const answer = await tell({ sub: subject('everywhere') })
    expect([answer.status, answer.headers.get('cache-control'), await answer.text()]).toEqual([
      200,
      'no-store',
      '',
    ])
    expect([await steps.signedInAs(one), await steps.signedInAs(two)]).toEqual([undefined, undefined])
    expect(await steps.signedInAs(other)).toBe('somebody-else')
    expect(await steps.signedInAs(bystander)).toBe('bystander')
  })

  test.each([false, true])('by session, with the subject beside it: %s: that session alone', async (both) => {
    const name = both ? 'of-both' : 'of-sid'
    const first = federation.browser()
    await byOkta(name, first)
    const [sid = ''] = await sidsOf(name)
    // A second browser here with the same session there, and a third one with a session of its own.
    const second = federation.browser()
    const there = new URL(federation.okta.issuer)
    const copied = (first.cookies.header(there) ?? '').split('; ').map((pair) => `${pair}; Path=/`)
    second.cookies.store(there, copied)
    await steps.start(second, 'Okta')
    const third = await byOkta(name)
    expect(new Set(await sidsOf(name)).size).toBe(2)
    expect((await tell({ sid, sub: both ? subject(name) : undefined })).status).toBe(200)
    expect([await steps.signedInAs(first), await steps.signedInAs(second)]).toEqual([undefined, undefined])
    expect(await steps.signedInAs(third)).toBe(name)
  })

  describe('tokens of the JSON API that came by a sign-in there', () => {
    const api = () => createApi(federation.latchkey.issuer)
    /** As a script gets them: the end of the redirects is a JSON document. */
    async function tokensOf(name: string, browser = federation.browser(), query = '') {
      federation.okta.accounts = [atOkta(name)]
      const page = await browser.open(steps.at(`/api/auth/oauth/okta${query}`))
      return browser.submit(page, {}, { button: page.forms[0]?.buttons[0]?.label ?? '' })
    }
    const known = async (name: string) => {
      await byOkta(name)
      return JSON.parse((await tokensOf(name)).body) as { access_token: string; refresh_token: string }
    }
    const works = async ({ access_token, refresh_token }: Awaited<ReturnType<typeof known>>) => [
      (await api().me(bearer(access_token))).status,
      (await api().call('POST', '/refresh', { body: { refresh_token } })).status,
    ]
    const sidOfTokens = async (name: string) => {
      const grants = await federation.latchkey.services.artifacts.listByAccount('Grant', await idOf(name))
      return grants.flatMap(({ payload }) => (payload.upstream as { sid?: string } | undefined)?.sid ?? [])[0]
    }

    test('end when the subject signs out there', async () => {
      const [tokens, others] = [await known('api-subject'), await known('api-bystander')]
      expect((await tell({ sub: subject('api-subject') })).status).toBe(200)
      expect(await works(tokens)).toEqual([401, 401])
      expect(await works(others)).toEqual([200, 200])
    })

    test('end when that session there ends, named by nothing but its id, and no others do', async () => {
      const tokens = await known('api-session')
      const sid = await sidOfTokens('api-session')
      const later = JSON.parse((await tokensOf('api-session')).body)
      expect(sid).toBeTruthy()
      expect((await tell({ sid })).status).toBe(200)
      expect(await works(tokens)).toEqual([401, 401])
      expect(await works(later)).toEqual([200, 200])
    })

    test('one-time codes for them end too, and later ones do not', async () => {
      const verifier = 'v'.repeat(43)
      const challenge = createHash('sha256').update(verifier).digest('base64url')
      const query = `?code_challenge=${challenge}&code_challenge_method=S256`
      await byOkta('api-code')
      const codeOf = async () =>
        /[\w-]{43}/.exec((await tokensOf('api-code', undefined, query)).text)?.[0] ?? ''
      const exchange = (code: string) =>
        api().call('POST', '/oauth/exchange', { body: { code, code_verifier: verifier } })
      const before = await codeOf()
      expect((await tell({ sub: subject('api-code') })).status).toBe(200)
      expect((await exchange(before)).status).toBe(401)
      expect((await exchange(await codeOf())).status).toBe(200)
    })

    test.each(['subject', 'session', 'unlinked'] as const)(
      'a sign-in that waits for its second factor ends too, by %s, and later ones do not',
      async (by) => {
        const name = `api-step-${by}`
        await byOkta(name)
        const app = await withAuthenticatorApp(federation.latchkey, await idOf(name), movableClock())
        const kept = vi.spyOn(federation.latchkey.services.artifacts, 'insert')
        const first = JSON.parse((await tokensOf(name)).body) as { code: string; mfa_token: string }
        const pending = kept.mock.calls.find(([model]) => model === 'MfaToken')?.[2] ?? {}
        const { sid } = (pending.upstream ?? {}) as { sid?: string }
        kept.mockRestore()
        expect([first.code, sid]).toEqual(['mfa_required', expect.any(String)])
        const code = app.code()
        const verify = ({ mfa_token }: typeof first) =>
          api().call('POST', '/login/verify', { body: { mfa_token, method: 'totp', code } })
        const { prisma } = federation.latchkey.services.db
        const identity = await prisma.linkedIdentity.findFirstOrThrow({ where: { subject: subject(name) } })
        if (by === 'unlinked') await prisma.linkedIdentity.delete({ where: { id: identity.id } })
        else expect((await tell(by === 'session' ? { sid } : { sub: subject(name) })).status).toBe(200)
        expect(await verify(first)).toMatchObject({ status: 401, json: { code: 'mfa_token_expired' } })
        if (by === 'unlinked') await prisma.linkedIdentity.create({ data: identity })
        expect((await verify(JSON.parse((await tokensOf(name)).body))).status).toBe(200)
      },
    )
  })

  describe('somebody who is half way in by a sign-in there', () => {
    const taken = async (name: string) => {
      await federation.latchkey.createUser(name)
      return { ...atOkta(name), sub: `o-${name}-2`, email: `${name}-2@example.com` }
    }
    const names = { subject: `half-subject`, session: `half-session` }

    test.each(['subject', 'session'] as const)('has to choose a name: that ends by %s', async (by) => {
      const account = await taken(names[by])
      const browser = federation.browser()
      const kept = vi.spyOn(federation.latchkey.services.artifacts, 'upsert')
      const page = await steps.byOpenId(browser, 'Okta', account)
      expect(page.url.pathname).toMatch(/^\/login\/finish\//)
      const { sid } = (kept.mock.calls.at(-1)?.[2].arrival ?? {}) as { sid?: string }
      kept.mockRestore()
      expect(sid).toBeTruthy()
      expect((await tell(by === 'subject' ? { sub: account.sub } : { sid })).status).toBe(200)
      const end = await browser.submit(
        page,
        { Username: `${names[by]}-chosen` },
        { button: 'Create account' },
      )
      expect([end.status, end.text]).toEqual([410, expect.stringContaining('Start again')])
      expect(await steps.signedInAs(browser)).toBeUndefined()
      expect(await accounts().find(`${names[by]}-chosen`)).toBeUndefined()
      // Who signs in there again gets on, in the session there that goes on.
      const again = await steps.start(browser, 'Okta')
      await browser.submit(again, { Username: `${names[by]}-chosen` }, { button: 'Create account' })
      expect(await steps.signedInAs(browser)).toBe(`${names[by]}-chosen`)
    })

    test('and asked for tokens: gets none', async () => {
      const account = await taken('half-api')
      federation.okta.accounts = [account]
      const browser = federation.browser()
      const start = await browser.open(steps.at('/api/auth/oauth/okta'))
      const page = await browser.submit(start, {}, { button: start.forms[0]?.buttons[0]?.label ?? '' })
      expect((await tell({ sub: account.sub })).status).toBe(200)
      const end = await browser.submit(page, { Username: 'half-api-chosen' }, { button: 'Create account' })
      expect([end.status, end.body.includes('access_token')]).toEqual([410, false])
    })

    test('has to prove an account by its password: that ends', async () => {
      const user = await federation.latchkey.createUser('half-link')
      const account = { ...atOkta('half-link'), email: user.email }
      const browser = federation.browser()
      const page = await steps.byOpenId(browser, 'Okta', account)
      expect(page.url.pathname).toMatch(/^\/login\/link\//)
      expect((await tell({ sub: account.sub })).status).toBe(200)
      const end = await browser.submit(page, { Password: PASSWORD }, { button: 'Sign in and link' })
      expect([end.status, await steps.signedInAs(browser)]).toEqual([410, undefined])
    })

    test('has to prove their address: that proves it, and signs in nobody', async () => {
      const account = { ...atOkta('half-pending'), email_verified: false }
      const browser = federation.browser()
      let page = await steps.byOpenId(browser, 'Okta', account)
      if (page.url.pathname.startsWith('/login/finish/'))
        page = await browser.submit(page, {}, { button: 'Create account' })
      expect(page.url.pathname).toBe('/verify-email')
      expect((await tell({ sub: account.sub })).status).toBe(200)
      const code = codeIn(await federation.latchkey.mailTo(account.email))
      const end = await browser.submit(page, { 'Verification code': code }, { button: 'Verify' })
      expect(await steps.signedInAs(browser)).toBeUndefined()
      expect(end.text).toContain('Sign in')
      expect((await accounts().find('half-pending'))?.email).toBe(account.email)
    })
  })

  test('an interaction that such a sign-in has answered, and that waits at its last step, asks to sign in', async () => {
    const client = await federation.latchkey.createClient({ first_party: true })
    const url = new URL(steps.at('/authorize'))
    url.search = new URLSearchParams({
      client_id: client.client_id,
      redirect_uri: client.redirect_uri,
      response_type: 'code',
      scope: 'openid',
      code_challenge: createHash('sha256').update('v'.repeat(43)).digest('base64url'),
      code_challenge_method: 'S256',
    }).toString()
    const browser = federation.browser()
    const waiting = await browser.open(url)
    await byOkta('half-through', browser)
    const answered = await browser.send({ url: waiting.url, method: 'GET' })
    expect(answered.status).toBe(303)
    expect((await tell({ sub: subject('half-through') })).status).toBe(200)
    const resumed = await browser.open(new URL(answered.headers.get('location') ?? '', url))
    expect(resumed.text).toContain('Email or username')
    expect(await steps.signedInAs(browser)).toBeUndefined()
  })

  test('the provider itself does it, when the person signs out there', async () => {
    const browser = await byOkta('leaver')
    const page = await browser.open(`${federation.okta.issuer}/session/end`)
    // It answers once its client has been told.
    await browser.submit(page, {}, { button: 'Sign out' })
    expect(await steps.signedInAs(browser)).toBeUndefined()
  })

  test('sign-ins by password and at other providers, of the same person, stay', async () => {
    const user = await federation.latchkey.createUser()
    const linking = await byPassword(user.username)
    steps.onGitHub(`also-${user.username}`)
    for (const [provider, button] of [
      ['github', `Continue as also-${user.username}`],
      ['okta', `Continue as o-${user.username}`],
      ['google', `Continue as o-${user.username}`],
    ] as const) {
      // The same subject at both: only with its issuer it says who somebody is (OpenID Connect Core §5.7).
      federation.okta.accounts = [{ ...atOkta(user.username), preferred_username: `o-${user.username}` }]
      federation.google.accounts = federation.okta.accounts
      const account = await linking.open(steps.at('/account/security'))
      const page = await linking.submit(
        account,
        {},
        { form: ({ action }) => action === `/account/links/${provider}` },
      )
      await linking.submit(page, {}, { button })
    }
    const okta = await byOkta(user.username)
    const github = federation.browser()
    await steps.byGitHub(github, `also-${user.username}`)
    const google = federation.browser()
    await steps.byOpenId(google, 'Google', atOkta(user.username))
    expect((await tell({ sub: subject(user.username) })).status).toBe(200)
    expect(await steps.signedInAs(okta)).toBeUndefined()
    // Linking is no sign-in: the session stays the password's.
    for (const browser of [linking, github, google])
      expect(await steps.signedInAs(browser)).toBe(user.username)
  })

  test.each(['/login?again=1', 'a flow'])(
    'a session that was signed in to again by password, at %s, is not the provider’s to end',
    async (where) => {
      const name = where === 'a flow' ? 'again-in-flow' : 'again-at-login'
      const browser = await byOkta(name)
      const sids = await sidsOf(name)
      await accounts().forgot(`${name}@example.com`)
      // A password, set without ending the session: what the account page's button leads to would end it.
      const { db } = federation.latchkey.services
      const { id } = await federation.latchkey.createUser(`${name}-twin`)
      const twin = await db.prisma.account.findUnique({ where: { id } })
      const passwordHash = twin?.passwordHash ?? null
      await db.prisma.account.update({ where: { username: name }, data: { passwordHash } })
      if (where === 'a flow') {
        const app = await federation.app()
        const request = await app.party.authorize({ prompt: 'login' })
        const page = await browser.open(request.url)
        const back = await browser.signIn(page, { identifier: name, password: PASSWORD })
        expect((await app.party.callback(back.url, request)).claims()).toMatchObject({ amr: ['pwd'] })
      } else await byPassword(name, browser, where)
      expect((await tell({ sub: subject(name) })).status).toBe(200)
      expect((await tell({ sid: sids[0] })).status).toBe(200)
      expect(await steps.signedInAs(browser)).toBe(name)
    },
  )

  describe('apps', () => {
    async function receiver(): Promise<{ url: string; next: Promise<string>; server: Server }> {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const next = once(server, 'request').then(async ([request, response]) => {
        const token = new URLSearchParams(await text(request)).get('logout_token') ?? ''
        response.end()
        return token
      })
      const { port } = server.address() as AddressInfo
      return { url: `http://127.0.0.1:${port}/signed-out`, next, server }
    }

    test('are told in turn, and their tokens of that session die', async () => {
      const app = await receiver()
      const { party, clientId } = await federation.app({
        backchannel_logout_uri: app.url,
        backchannel_logout_session_required: true,
      })
      const browser = federation.browser()
      federation.okta.accounts = [atOkta('app-user')]
      const request = await party.authorize({ scope: 'openid email' })
      const there = await browser.submit(
        await browser.open(request.url),
        {},
        { button: 'Continue with Okta' },
      )
      const back = await browser.submit(there, {}, { button: 'Continue as app-user' })
      const tokens = await party.callback(back.url, request)
      const claims = tokens.claims()
      const untouched = await byOkta('app-user')
      expect((await party.userinfo(tokens.access_token, claims?.sub ?? '')).email).toBe(
        'app-user@example.com',
      )

      const [sid = ''] = (await sidsOf('app-user')).slice(-1)
      expect((await tell({ sid })).status).toBe(200)
      const { payload } = await jwtVerify(
        await app.next,
        createRemoteJWKSet(new URL(`${federation.latchkey.issuer}/jwks`)),
        { issuer: federation.latchkey.issuer, audience: clientId },
      )
      expect(payload).toMatchObject({ sub: claims?.sub, sid: claims?.sid })
      await expect(party.userinfo(tokens.access_token, claims?.sub ?? '')).rejects.toThrow()
      await expect(party.refresh(tokens.refresh_token ?? '')).rejects.toMatchObject({
        error: 'invalid_grant',
      })
      expect(await steps.signedInAs(untouched)).toBe('app-user')
      app.server.close()
    })
  })

  describe('what is refused', () => {
    const refused = async (answer: Response, status: number) => {
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([status, 'no-store'])
      expect(answer.headers.get('content-type')).toMatch(/^application\/json/)
      expect(await answer.json()).toMatchObject({
        error: 'invalid_request',
        error_description: expect.any(String),
      })
    }

    test('a token that was used already; of ten at once one counts', async () => {
      await byOkta('replayed')
      const token = await federation.okta.logoutToken({ sub: subject('replayed') })
      const body = `${new URLSearchParams({ logout_token: token })}`
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(body)))
      expect(answers.map(({ status }) => status).sort()).toEqual([200, ...Array(9).fill(400)])
      // Signed in again, the person is not signed out by the old token.
      const later = await byOkta('replayed')
      await refused(await send(body), 400)
      expect(await steps.signedInAs(later)).toBe('replayed')
    })

    const without = (claim: string) =>
      federation.okta.logoutToken({ sub: subject('kept'), [claim]: undefined } as Record<string, unknown>)
    const broken: [string, () => Promise<string> | string][] = [
      ['no token', () => 'x'],
      [
        'of another audience',
        () => federation.okta.logoutToken({ aud: 'another-client', sub: subject('kept') }),
      ],
      [
        'of another issuer',
        () => federation.okta.logoutToken({ iss: federation.google.issuer, sub: subject('kept') }),
      ],
      [
        'with a nonce, as an id_token has',
        () => federation.okta.logoutToken({ nonce: 'n', sub: subject('kept') }),
      ],
      ['without an event', () => without('events')],
      ['without an id', () => without('jti')],
      ['about nobody', () => without('sub')],
      [
        'an hour old',
        () =>
          federation.okta.logoutToken({ iat: Math.floor(Date.now() / 1000) - 3600, sub: subject('kept') }),
      ],
      [
        'of the type of access tokens',
        () => federation.okta.logoutToken({ sub: subject('kept') }, { typ: 'at+jwt' }),
      ],
      ['too long', () => 'x'.repeat(9000)],
      [
        'signed by another person',
        async () => {
          federation.okta.forge = 'unpublished key'
          return federation.okta.logoutToken({ sub: subject('kept') })
        },
      ],
      [
        'not signed',
        async () => {
          federation.okta.forge = 'none'
          return federation.okta.logoutToken({ sub: subject('kept') })
        },
      ],
      [
        'signed with the client secret',
        async () => {
          federation.okta.forge = 'HS256'
          return federation.okta.logoutToken({ sub: subject('kept') })
        },
      ],
    ]
    test.each(broken)('a token %s: 400, and nobody is signed out', async (_what, token) => {
      const browser = await byOkta('kept')
      let value: string
      try {
        value = await token()
      } finally {
        federation.okta.forge = undefined
      }
      await refused(await send(`${new URLSearchParams({ logout_token: value })}`), 400)
      expect(await steps.signedInAs(browser)).toBe('kept')
    })

    test('no token, two, or one in the address', async () => {
      const token = await federation.okta.logoutToken({ sub: subject('kept') })
      await refused(await send(''), 400)
      await refused(await send('logout_token='), 400)
      await refused(await send(`logout_token=${token}&logout_token=${token}`), 400)
      await refused(await send(`logout_token[]=${token}`), 400)
      const inAddress = await fetch(
        steps.at(`/api/auth/oauth/okta/backchannel-logout?logout_token=${token}`),
        { method: 'POST', headers: { 'content-type': FORM } },
      )
      await refused(inAddress, 400)
      // Nothing of that has used it up.
      expect((await send(`logout_token=${token}`)).status).toBe(200)
    })

    test('a body of another type, or larger than any token', async () => {
      const token = await federation.okta.logoutToken({ sub: subject('kept') })
      for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x'])
        await refused(await send(JSON.stringify({ logout_token: token }), { type }), 415)
      await refused(await send(`logout_token=${'x'.repeat(20_000)}`), 413)
    })

    test('a provider that there is not, that is switched off, or that never signs anybody out: 404', async () => {
      const browser = await byOkta('kept')
      const token = await federation.okta.logoutToken({ sub: subject('kept') })
      const body = `logout_token=${token}`
      for (const provider of ['nobody', 'github', 'google', '__proto__', '%00'])
        await refused(await send(body, { provider }), 404)
      await federation.latchkey.services.providers.disable('okta')
      await refused(await send(body), 404)
      await federation.latchkey.services.providers.enable('okta')
      expect(await steps.signedInAs(browser)).toBe('kept')
      expect((await fetch(steps.at('/api/auth/oauth/okta/backchannel-logout'))).status).toBe(404)
    })
  })

  test('somebody whom nobody here knows is signed out already', async () => {
    expect((await tell({ sub: 'o-nobody' })).status).toBe(200)
    expect((await tell({ sub: undefined, sid: 'nobodys-session' })).status).toBe(200)
  })

  test('no token of a provider is in the log', () => {
    expect(federation.latchkey.log.join('')).not.toMatch(/eyJ[\w-]+\.eyJ/)
  })
})
