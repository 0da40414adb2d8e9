import type { IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createRest } from '../admin/rest/support.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createSignInSteps } from '../federation/sign-in-steps.ts'
import type { HttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import {
  type AuthenticatorApp,
  movableClock,
  totpCode,
  withAuthenticatorApp,
} from '../support/second-factor.ts'

/*
 * Ways round a second factor that were found once: by holding a request back, by what a browser is remembered for, by guessing for ever,
 * by another person’s session.
 */

const NEXT = 'violet-hammer-91-quarry'
const clock = movableClock()
let federation: FederationFixture
const latchkey = () => federation.latchkey
beforeAll(async () => {
  federation = await openFederation({ clock: clock.now })
})
afterAll(() => federation?.stop())
const at = (path: string) => new URL(path, latchkey().issuer)
const login = async (b: HttpBrowser, who: { email: string }, password = PASSWORD) =>
  b.signIn(await b.open(at('/login')), { identifier: who.email, password })
const person = async (name: string) => {
  const user = await latchkey().createUser(name)
  return { ...user, app: await withAuthenticatorApp(latchkey(), user.id, clock) }
}
type Person = { email: string; app: AuthenticatorApp }
const verified = async (who: Person, remember = false) => {
  const b = federation.browser()
  await b.submit(
    await login(b, who),
    { Code: who.app.code(), ...(remember && { remember }) },
    { button: 'Continue' },
  )
  return b
}
const remembered = async (who: Person) => {
  const b = await verified(who, true)
  await b.submit(await b.open(at('/logout')), {}, { button: 'Sign out' })
  await login(b, who)
  return b
}
const cookieOf = (b: HttpBrowser) => String(b.cookies.header(at('/')))
const json = async (path: string, body: object, headers: Record<string, string> = {}) => {
  const r = await fetch(at(path), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  return { status: r.status, body: (await r.json()) as Record<string, unknown> }
}
const newPassword = (id: string) =>
  latchkey().services.accounts.changePassword({
    accountId: id,
    currentPassword: PASSWORD,
    newPassword: NEXT,
  } as never)

/** A request whose body waits for `finish`. Its caller is known when this resolves: the server has begun to read the body. */
async function held(path: string, headers: Record<string, string>, body: string) {
  const socket = connect(Number(at('/').port), 'localhost')
  let answer = ''
  socket.on('data', (data) => {
    answer += String(data)
  })
  const reading = new Promise<void>((resolve) => {
    const { server } = latchkey().app
    server.on('request', function look(request: IncomingMessage) {
      if (request.url !== path) return
      server.off('request', look)
      request.on('newListener', (event) => event === 'data' && resolve())
      if (request.listenerCount('data') > 0) resolve()
    })
  })
  await new Promise<void>((resolve) => {
    const lines = {
      host: at('/').host,
      'content-type': 'application/json',
      'content-length': String(body.length),
      connection: 'close',
      ...headers,
    }
    const head = Object.entries(lines)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    socket.on('connect', () =>
      socket.write(`POST ${path} HTTP/1.1\r\n${head}\r\n${body.slice(0, 1)}`, () => resolve()),
    )
  })
  await reading
  return () =>
    new Promise<string>((resolve) => {
      socket.on('close', () => resolve(answer))
      socket.write(body.slice(1))
    })
}

test('a session that has ended makes no app password (JSON, body held back)', async () => {
  const who = await person('heldapp')
  const finish = await held(
    '/api/auth/me/app-passwords',
    { cookie: cookieOf(await verified(who)) },
    '{"name":"kept"}',
  )
  await newPassword(who.id)
  const password = /"password":"([^"]+)"/.exec(await finish())?.[1]
  const basic = Buffer.from(`heldapp:${password}`).toString('base64')
  expect((await fetch(at('/api/auth/me'), { headers: { authorization: `Basic ${basic}` } })).status).toBe(401)
})

test('a session that has ended gets no recovery codes', async () => {
  const who = await person('heldcodes')
  const finish = await held('/api/auth/me/recovery-codes', { cookie: cookieOf(await verified(who)) }, '{ }')
  await newPassword(who.id)
  expect(await finish()).not.toContain('recovery_codes')
})

test('a token that has ended turns no authenticator app on', async () => {
  const user = await latchkey().createUser('heldfactor')
  const { body: tokens } = await json('/api/auth/login', { email: user.email, password: PASSWORD })
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  const { body: begun } = await json(
    '/api/auth/me/factors',
    { method: 'totp', current_password: PASSWORD },
    headers,
  )
  const finish = await held(
    `/api/auth/me/factors/${begun.id}/verify`,
    headers,
    JSON.stringify({ code: totpCode(String(begun.secret), clock.now()) }),
  )
  await newPassword(user.id)
  await finish()
  expect((await latchkey().services.factors.list(user.id)).factors).toEqual([])
})

test('a dangerous act at the administration API wants a second factor that was really shown', async () => {
  const who = await person('restadmin')
  await latchkey().services.accounts.setRole(who.id, 'admin')
  const victim = await latchkey().createUser('restvictim')
  const scope = 'openid admin:read admin:write'
  const { party } = await federation.app({ scope })
  const b = await remembered(who)
  const request = await party.authorize({ scope })
  const { access_token } = await party.callback((await b.open(request.url)).url, request)
  expect((await createRest(latchkey().issuer, access_token).delete(`/users/${victim.id}`)).status).toBe(401)
})

test('a remembered browser changes no password on the page', async () => {
  const who = await person('pagepassword')
  const b = await remembered(who)
  await b.submit(
    await b.open(at('/account/security')),
    { 'Current password': PASSWORD, 'New password': NEXT },
    { form: (f) => f.action.includes('/account/password') },
  )
  expect(
    (await latchkey().services.accounts.authenticate({ identifier: who.email, password: NEXT })).kind,
  ).toBe('refused')
})

test('at most a hundred wrong codes in a row are checked (NIST SP 800-63B-4 §3.2.2)', async () => {
  const who = await person('endless')
  let checked = 0
  for (let window = 0; window < 30; window++) {
    for (let i = 0; i < 6; i++) {
      const { kind } = await latchkey().services.factors.verify({
        accountId: who.id,
        method: 'totp',
        code: who.app.wrongCode(),
      })
      if (kind === 'wrong') checked++
    }
    clock.later(15 * 60_000 + 1000)
  }
  expect(checked).toBeLessThanOrEqual(100)
})

test('the password alone links no sign-in elsewhere to an account with a second factor', async () => {
  const steps = createSignInSteps(federation)
  const owner = await person('linked')
  steps.onGitHub('mallory-gh', {
    emails: [{ email: owner.email, primary: true, verified: true, visibility: null }],
  } as never)
  const b = federation.browser()
  const page = await steps.byGitHub(b, 'mallory-gh')
  await b.submit(
    page,
    { Password: PASSWORD },
    { form: (f) => f.fields.some(({ name }) => name === 'password') },
  )
  expect((await latchkey().services.accounts.linked.signInMethods(owner.id)).identities).toEqual([])
})

test('an app password that was removed, in a script that runs on, locks nobody out', async () => {
  const who = await person('scripty')
  const { appPasswords } = latchkey().services.factors
  const made = await appPasswords.create({ accountId: who.id, generation: 0 }, 'cron')
  await appPasswords.remove({ accountId: who.id, generation: 0 }, made.id)
  const authorization = `Basic ${Buffer.from(`scripty:${made.password}`).toString('base64')}`
  for (let i = 0; i < 6; i++) await fetch(at('/api/auth/me'), { headers: { authorization } })
  expect((await login(federation.browser(), who)).url.pathname).toBe('/login/verify')
})

test('a token whose sign-in has shown the second factor does what needs it', async () => {
  const who = await person('tokened')
  const { body: step } = await json('/api/auth/login', { email: who.email, password: PASSWORD })
  const { body: tokens } = await json('/api/auth/login/verify', {
    mfa_token: step.mfa_token,
    method: 'totp',
    code: who.app.code(),
  })
  const headers = { authorization: `Bearer ${tokens.access_token}` }
  expect((await json('/api/auth/me/recovery-codes', { current_password: PASSWORD }, headers)).status).toBe(
    200,
  )
})

test('another person’s session shows and decides nothing of an interaction', async () => {
  const [victim, mallory] = [await person('mixvictim'), await person('mixmallory')]
  const { party } = await federation.app()
  const b = federation.browser()
  await b.signIn(await b.open(at('/login')), { identifier: victim.username, password: PASSWORD })
  clock.later(2100)
  const page = await b.open((await party.authorize({ prompt: 'select_account' })).url)
  const jar = federation.browser()
  for (const [from, wanted] of [
    [String(b.cookies.header(page.url)), false],
    [cookieOf(await verified(mallory)), true],
  ] as const)
    for (const each of from.split('; '))
      if (/session/.test(each) === wanted) jar.cookies.store(at('/'), [`${each}; Path=/`])
  const shown = await jar.open(page.url)
  const fields = Object.fromEntries(
    shown.forms.flatMap((f) => f.fields).map(({ name, value }) => [name, value]),
  )
  await jar.visit({
    url: new URL(`${page.url.pathname}/consent`, page.url),
    method: 'POST',
    body: new URLSearchParams({ ...fields, decision: 'allow' }),
    headers: { origin: latchkey().issuer, 'sec-fetch-site': 'same-origin' },
  })
  expect(shown.text).not.toContain(victim.email)
  expect(
    latchkey().log.filter((line) => line.includes('consent.allowed') && line.includes(victim.id)),
  ).toEqual([])
})
