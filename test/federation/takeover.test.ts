import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'
import { githubUser } from '../support/upstream/github.ts'
import { type FederationFixture, openFederation } from './federation-fixture.ts'

/** Attempts to get into another person’s account, or to get another person into one’s own; docs/security-model.md has the table. */
let federation: FederationFixture
let users = 500
beforeAll(async () => {
  federation = await openFederation()
})
afterAll(() => federation?.stop())

const accounts = () => federation.latchkey.services.accounts
const login = (browser: HttpBrowser) => browser.open(`${federation.latchkey.issuer}/login`)

const onGitHub = (login: string, rest: Parameters<typeof githubUser>[2] = {}) => {
  const user = githubUser(++users, login, rest)
  federation.github.users.set(login, user)
  return user
}
const primary = (email: string, verified = true) => ({
  emails: [{ email, primary: true, verified, visibility: null }],
})

async function byGitHub(browser: HttpBrowser, name: string): Promise<BrowserPage> {
  const page = await browser.submit(await login(browser), {}, { button: 'Continue with GitHub' })
  return browser.submit(page, {}, { button: `Continue as ${name}` })
}

const asGrace = (page: BrowserPage) => page.forms[0]?.buttons[0]?.label ?? ''

async function byOpenId(browser: HttpBrowser, name: string): Promise<BrowserPage> {
  const page = await browser.submit(await login(browser), {}, { button: `Continue with ${name}` })
  return browser.submit(page, {}, { button: asGrace(page) })
}

/** Sends the answer of GitHub to nobody: its callback URL. */
async function capture(browser: HttpBrowser, name: string): Promise<URL> {
  const page = await browser.submit(await login(browser), {}, { button: 'Continue with GitHub' })
  const answer = await browser.send(browser.prepare(page, {}, { button: `Continue as ${name}` }))
  return new URL(answer.headers.get('location') ?? '')
}

const signedInAs = async (browser: HttpBrowser): Promise<string | undefined> => {
  const page = await browser.open(`${federation.latchkey.issuer}/account`)
  return /Signed in as (\S+)/.exec(page.text)?.[1]
}

describe('takeover attempts', () => {
  test('pre-registered email: the attacker’s account and password are gone once the owner comes by GitHub', async () => {
    const attacker = federation.browser()
    const form = await attacker.open(`${federation.latchkey.issuer}/register`)
    const waiting = await attacker.submit(
      form,
      { Username: 'vera', Email: 'vera@example.com', Password: PASSWORD },
      { button: 'Create account' },
    )
    const code = codeIn(await federation.latchkey.mailTo('vera@example.com'))
    onGitHub('vera')
    const owner = federation.browser()
    await byGitHub(owner, 'vera')
    expect(await signedInAs(owner)).toBe('vera')
    // Not by the password, not by the code that was mailed before, not by the page that waits for it.
    expect(
      await accounts().authenticate({ identifier: 'vera@example.com', password: PASSWORD }),
    ).toMatchObject({
      kind: 'refused',
    })
    const tried = await attacker.submit(waiting, { 'Verification code': code }, { button: 'Verify' })
    expect(tried.status).toBe(400)
    expect(await signedInAs(attacker)).toBeUndefined()
  })

  test('pre-registered email by an identity: an attacker’s GitHub account is not on the owner’s account', async () => {
    onGitHub('mallory', primary('nina@example.com', false))
    const attacker = federation.browser()
    const asks = await byGitHub(attacker, 'mallory')
    await attacker.submit(asks, { Username: 'nina', Email: 'nina@example.com' }, { button: 'Create account' })
    onGitHub('nina')
    const owner = federation.browser()
    await byGitHub(owner, 'nina')
    expect(await signedInAs(owner)).toBe('nina')
    const again = federation.browser()
    const page = await byGitHub(again, 'mallory')
    expect(page.text).toContain('Almost there')
    expect(await signedInAs(again)).toBeUndefined()
  })

  test('unverified upstream email of an existing account: neither joined nor told that the account exists', async () => {
    const victim = await federation.latchkey.createUser()
    onGitHub('unverified', primary(victim.email, false))
    const browser = federation.browser()
    const asks = await byGitHub(browser, 'unverified')
    expect(asks.text).toContain('Almost there')
    const verify = await browser.submit(
      asks,
      { Username: 'unverified', Email: victim.email },
      { button: 'Create account' },
    )
    expect(verify.text).toContain('Verify your email')
    const mail = await federation.latchkey.mailTo(victim.email)
    expect(mail.subject).toContain('You already have an account')
    expect(mail.text).not.toMatch(/^\s*\d{6}\s*$/m)
    expect(await signedInAs(browser)).toBeUndefined()
  })

  test('a verified address that is not the primary one, or is public only, counts for nothing', async () => {
    const victim = await federation.latchkey.createUser()
    onGitHub('secondary', {
      email: victim.email,
      emails: [
        { email: 'secondary@example.com', primary: true, verified: false, visibility: null },
        { email: victim.email, primary: false, verified: true, visibility: 'public' },
      ],
    })
    const page = await byGitHub(federation.browser(), 'secondary')
    expect(page.text).toContain('Almost there')
    expect(page.body).not.toContain(victim.email)
  })

  test('email change upstream: identity stays where it is, and does not move to the account with the new address', async () => {
    const victim = await federation.latchkey.createUser()
    const user = onGitHub('mover')
    const browser = federation.browser()
    await byGitHub(browser, 'mover')
    Object.assign(user, primary(victim.email))
    const later = federation.browser()
    await byGitHub(later, 'mover')
    expect(await signedInAs(later)).toBe('mover')
    expect(await accounts().find('mover')).toMatchObject({ email: 'mover@example.com', pendingEmail: null })
    expect((await accounts().linked.signInMethods(victim.id)).identities).toEqual([])
  })

  test('second upstream with the same email: asks to prove the account, and says nothing else', async () => {
    onGitHub('twice')
    await byGitHub(federation.browser(), 'twice')
    federation.google.accounts = [
      { sub: 'g-twice', email: 'twice@example.com', email_verified: true, name: 'T' },
    ]
    const browser = federation.browser()
    const page = await byOpenId(browser, 'Google')
    expect(page.text).toContain('You have an account already')
    expect(await signedInAs(browser)).toBeUndefined()
    // Proving another account than that one links nothing.
    onGitHub('thief')
    const github = await browser.submit(page, {}, { button: 'Continue with GitHub' })
    const refused = await browser.submit(github, {}, { button: 'Continue as thief' })
    expect(refused.text).toContain('Nothing was linked')
    expect(await signedInAs(browser)).toBeUndefined()
    expect(
      await accounts().linked.signIn({
        issuer: federation.google.issuer,
        subject: 'g-twice',
        provider: 'google',
        label: null,
        sealedTokens: null,
      }),
    ).toEqual({ kind: 'unknown' })
  })

  test('guessing the password on the link page counts like any wrong password', async () => {
    const victim = await federation.latchkey.createUser()
    onGitHub('guesser', primary(victim.email))
    const browser = federation.browser()
    let page = await byGitHub(browser, 'guesser')
    for (let guess = 0; guess < 5; guess++)
      page = await browser.submit(page, { Password: `wrong-guess-${guess}` }, { button: 'Sign in and link' })
    page = await browser.submit(page, { Password: PASSWORD }, { button: 'Sign in and link' })
    expect(page.status).toBe(401)
    expect(await accounts().authenticate({ identifier: victim.username, password: PASSWORD })).toMatchObject({
      reason: 'locked',
    })
  })

  test('swapped state between two browsers: refused, and not used up for its owner', async () => {
    onGitHub('alice')
    onGitHub('eve')
    const [alice, eve] = [federation.browser(), federation.browser()]
    const callbackOfEve = await capture(eve, 'eve')
    // Login CSRF (RFC 9700 §4.7): a victim is made to open the attacker's callback.
    const lured = await alice.open(callbackOfEve)
    expect(lured.text).toContain('That sign-in cannot go on')
    expect(await signedInAs(alice)).toBeUndefined()
    // Also with a sign-in of her own under way, and its state swapped in.
    const callbackOfAlice = await capture(alice, 'alice')
    const mixed = await capture(eve, 'eve')
    mixed.searchParams.set('state', callbackOfAlice.searchParams.get('state') ?? '')
    const page = await alice.open(mixed)
    expect(page.text).toContain('Signing in with GitHub did not work')
    expect(await signedInAs(alice)).toBeUndefined()
    await eve.open(callbackOfEve)
    expect(await signedInAs(eve)).toBe('eve')
  })

  test('replayed callback, twenty at once: one sign-in', async () => {
    onGitHub('replay')
    const browser = federation.browser()
    const callback = await capture(browser, 'replay')
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => browser.send({ url: callback, method: 'GET' })),
    )
    const sessions = answers.filter((answer) =>
      answer.headers.getSetCookie().some((cookie) => cookie.startsWith('latchkey_session=')),
    )
    expect(sessions).toHaveLength(1)
    expect(answers.every(({ status }) => status === 303)).toBe(true)
  })

  test('provider disabled midway: the answer is refused', async () => {
    federation.okta.accounts = [
      {
        sub: 'o-midway',
        preferred_username: 'midway',
        email: 'midway@example.com',
        email_verified: true,
        name: 'M',
      },
    ]
    const browser = federation.browser()
    const page = await browser.submit(await login(browser), {}, { button: 'Continue with Okta' })
    await federation.latchkey.services.providers.disable('okta')
    try {
      const back = await browser.submit(page, {}, { button: asGrace(page) })
      expect(back.text).toContain('Signing in that way is switched off')
      expect(await signedInAs(browser)).toBeUndefined()
      const start = await browser.open(`${federation.latchkey.issuer}/api/auth/oauth/okta`)
      expect(start.status === 404 || start.text.includes('switched off')).toBe(true)
    } finally {
      await federation.latchkey.services.providers.enable('okta')
    }
  })

  test('provider mix-up: an answer at another provider’s address, or of another issuer, is refused', async () => {
    onGitHub('mixup')
    const browser = federation.browser()
    const callback = await capture(browser, 'mixup')
    const elsewhere = new URL(callback)
    elsewhere.pathname = elsewhere.pathname.replace('github', 'google')
    expect((await browser.open(elsewhere)).text).toContain('That sign-in cannot go on')
    const otherIssuer = new URL(callback)
    otherIssuer.searchParams.set('iss', federation.google.issuer)
    expect((await browser.open(otherIssuer)).text).toContain('Signing in with GitHub did not work')
    expect(await signedInAs(browser)).toBeUndefined()
    expect(federation.said('federation.failed').at(-1)).toMatchObject({ reason: 'invalid' })
  })

  test('forged, foreign and stale id_tokens sign nobody in', async () => {
    federation.okta.accounts = [
      {
        sub: 'o-forged',
        preferred_username: 'forged',
        email: 'forged@example.com',
        email_verified: true,
        name: 'F',
      },
    ]
    const attempts = [
      () => {
        federation.okta.forge = 'unpublished key'
      },
      () => {
        federation.okta.forge = 'none'
      },
      () => {
        federation.okta.forge = 'HS256'
      },
      () => {
        federation.okta.tamper = (claims) => ({ ...claims, aud: 'another-client' })
      },
      () => {
        federation.okta.tamper = (claims) => ({ ...claims, nonce: 'another-nonce' })
      },
      () => {
        federation.okta.tamper = (claims) => ({ ...claims, iss: federation.google.issuer })
      },
      () => {
        federation.okta.tamper = (claims) => ({ ...claims, exp: 1 })
      },
    ]
    for (const arrange of attempts) {
      arrange()
      const browser = federation.browser()
      try {
        const page = await byOpenId(browser, 'Okta')
        expect(page.text).toContain('Signing in with Okta did not work')
      } finally {
        federation.okta.forge = undefined
        federation.okta.tamper = undefined
      }
      expect(await signedInAs(browser)).toBeUndefined()
    }
  })

  test('a ticket works in its own browser alone, and once', async () => {
    federation.google.accounts = [
      { sub: 'g-ticket', email: 'ticket@example.com', email_verified: true, name: 'T' },
    ]
    const browser = federation.browser()
    const asks = await byOpenId(browser, 'Google')
    expect(asks.text).toContain('Almost there')
    const thief = federation.browser()
    expect((await thief.open(asks.url)).status).toBe(410)
    const requests = ['first', 'second', 'third'].map((name) =>
      browser.prepare(asks, { Username: `ticket-${name}` }, { button: 'Create account' }),
    )
    const answers = await Promise.all(requests.map((request) => browser.visit(request)))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 410, 410])
    expect(
      await federation.latchkey.services.db.prisma.account.count({
        where: { username: { startsWith: 'ticket-' } },
      }),
    ).toBe(1)
    expect((await browser.open(asks.url)).status).toBe(410)
  })

  test('disabled account: said to the one who has proven to be its owner, and nobody is signed in', async () => {
    onGitHub('suspended')
    await byGitHub(federation.browser(), 'suspended')
    const account = await accounts().find('suspended')
    await accounts().disable(account?.id ?? '')
    const browser = federation.browser()
    const page = await byGitHub(browser, 'suspended')
    expect(page.text).toContain('Your account is disabled')
    expect(await signedInAs(browser)).toBeUndefined()
    // Another identity with its address does not bring it back.
    onGitHub('suspended-too', primary('suspended@example.com'))
    expect((await byGitHub(browser, 'suspended-too')).text).toContain('Your account is disabled')
  })

  test('a forged cookie, a foreign interaction and a foreign return address lead nowhere', async () => {
    onGitHub('wanderer')
    const browser = federation.browser()
    const page = await login(browser)
    for (const fields of [{ return_to: 'https://evil.example/' }, { return_to: '//evil.example' }]) {
      const request = browser.prepare(page, fields, { button: 'Continue with GitHub' })
      const github = await browser.send(request)
      expect(new URL(github.headers.get('location') ?? '').origin).toBe(new URL(federation.github.url).origin)
    }
    const start = browser.prepare(
      page,
      { return_to: 'https://evil.example/' },
      { button: 'Continue with GitHub' },
    )
    const there = await browser.open((await browser.send(start)).headers.get('location') ?? '')
    const back = await browser.submit(there, {}, { button: 'Continue as wanderer' })
    expect(back.url.href).toBe(`${federation.latchkey.issuer}/account`)
  })

  test('starting from another site is refused: the button is a form of ours', async () => {
    const browser = federation.browser()
    const request = browser.prepare(await login(browser), {}, { button: 'Continue with GitHub' })
    request.headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await browser.send(request)).status).toBe(403)
    const unsigned = { ...request, headers: {}, body: new URLSearchParams({ return_to: '/account' }) }
    expect((await browser.visit(unsigned)).status).toBe(403)
  })
})

test('nothing of a provider’s answer, and no secret, is in the log', () => {
  const log = federation.latchkey.log.join('')
  for (const secret of [
    federation.github.clientSecret,
    federation.google.clientSecret ?? '',
    federation.okta.clientSecret ?? '',
  ])
    expect(log).not.toContain(secret)
  expect(log).not.toMatch(/gho_|eyJ[\w-]+\.eyJ/)
  expect(log.length).toBeGreaterThan(1000)
})
