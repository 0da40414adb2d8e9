import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { registerDevice } from '../device/device-client.ts'
import { CALLBACK, type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { createSignInSteps } from '../federation/sign-in-steps.ts'
import { createAuthenticator, givePasskey, passkeyOptions } from '../support/authenticator.ts'
import type { BrowserPage, HttpBrowser } from '../support/flow.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { codeIn } from '../support/mailbox.ts'
import { type AuthenticatorApp, withAuthenticatorApp } from '../support/second-factor.ts'
import { type FakeGateway, startTwilioLike, TWILIO_SECRET, twilioSettings } from '../support/sms-gateway.ts'
import {
  type Answer,
  createSecurityFixture,
  credentials,
  get,
  passTime,
  post,
  type SecurityFixture,
  type TestClient,
} from './attacker.ts'

/*
 * Every way in × every requirement × every state of factors: nothing gets a code, token or session that it should not, and
 * everything gets the one that it should. What is right is said by `oracle` below, in the words of the rules (docs/second-factors.md,
 * docs/step-up.md), and by nothing of src/.
 */

/** What a sign-in has shown: 0 nothing that this server knows (a provider alone), 1 a password, 2 two factors, 3 a passkey among them. */
type Level = 0 | 1 | 2 | 3
const CLASSES = [undefined, 'urn:latchkey:acr:pwd', 'urn:latchkey:acr:mfa', 'urn:latchkey:acr:phr'] as const

interface Shown {
  level: Level
  /** In a browser that was remembered, after a password. */
  remembered?: boolean
  /** The second factor was a code by email, which is none that the account has. */
  email?: boolean
  /** It was a code by SMS, which is enough for apps, and not for who administers. */
  sms?: boolean
}
interface Has {
  factor: boolean
  passkey: boolean
}
interface Asked {
  /** By the setting, the role, an administrator or the client. */
  rule?: Level
  /** By an essential acr, one of which is enough; `unknown`: of a class that is not here. */
  essential?: Level[] | 'unknown'
  /** By acr_values or a voluntary acr, in the order of preference. */
  wishes?: Level[]
  /** The sign-in is older than the client takes. */
  tooOld?: boolean
}

const oracle = {
  /** A rule is met by what was shown, and a remembered browser stands in for two factors, but for no passkey. */
  meets: ({ level, remembered }: Shown, rule: Level) => level >= rule || (remembered === true && rule <= 2),
  /** Who has a second factor is signed in by both. */
  counts: (shown: Shown, { factor }: Has) => !factor || oracle.meets(shown, 2),
  code(shown: Shown, has: Has, { rule = 0, essential, wishes = [], tooOld = false }: Asked): boolean {
    if (essential === 'unknown' || tooOld) return false
    const possible = [1, ...(has.factor ? [2] : []), ...(has.passkey ? [3] : [])]
    const wish = wishes.find((each) => possible.includes(each)) ?? 0
    const really = essential ? Math.min(...essential) : wish
    return shown.level >= really && oracle.meets(shown, rule) && oracle.counts(shown, has)
  },
  /** What tokens say: never more than was shown, and one of the classes that are essential. */
  answered: ({ level }: Shown, { essential }: Asked) =>
    CLASSES[Array.isArray(essential) ? Math.max(...essential.filter((each) => each <= level)) : level],
  refresh: (shown: Shown, { rule = 0 }: Asked) => oracle.meets(shown, rule),
  /** The account of a person, by the cookie of a session: its pages, and the JSON API. */
  own: (shown: Shown, has: Has, { rule = 0 }: Asked) =>
    oracle.counts(shown, has) && oracle.meets(shown, rule),
  /** Of administrators: a code by email or SMS is not enough for a rule, nor anything that is no factor of the account. */
  console: (shown: Shown, has: Has, { rule = 0 }: Asked) =>
    oracle.counts(shown, has) && (rule === 0 || (has.factor && !shown.sms && oracle.meets(shown, rule))),
  /** What changes who gets in: a factor that the account has, really shown, lately. */
  dangerous: ({ level }: Shown, { factor }: Has) => factor && level >= 2,
}

type Person = Has & {
  id: string
  username: string
  email: string
  app: AuthenticatorApp | undefined
  authenticator: ReturnType<typeof createAuthenticator> | undefined
}
/** A browser that is signed in, and by what. */
interface Row {
  name: string
  shown: Shown
  person: Person
  browser: HttpBrowser
  /** Of the app, and of the JSON API, from when nothing was asked for. */
  refresh?: { app?: unknown; api?: unknown }
  /** An access token of the JSON API. */
  bearer?: string
}

/** For the server, the protocol library, and the second factors of the tests. */
const clock = { now: () => Date.now(), later: (milliseconds: number) => passTime(milliseconds / 1000) }
const rows: Row[] = []
const people: Record<string, Person> = {}
/** By the name of the person. */
const appPasswords: Record<string, string> = {}
const basicTokens: Record<string, string> = {}
let federation: FederationFixture
let gateway: FakeGateway
let fixture: SecurityFixture
let steps: ReturnType<typeof createSignInSteps>
let client: TestClient
let patient: TestClient

const latchkey = () => federation.latchkey
const at = (path: string) => new URL(path, latchkey().issuer)
const cookieOf = ({ browser }: Pick<Row, 'browser'>) => ({ cookie: browser.cookies.header(at('/')) ?? '' })

interface Kinds {
  app?: boolean
  passkey?: boolean
  /** A number, which codes are sent to. */
  phone?: string
}
async function person(name: string, kinds: Kinds = {}): Promise<Person> {
  const user = await latchkey().createUser(name)
  return equipped(user, kinds)
}
async function equipped(
  user: { id: string; username: string; email: string },
  kinds: Kinds,
): Promise<Person> {
  const app = kinds.app ? await withAuthenticatorApp(latchkey(), user.id, clock) : undefined
  const authenticator = kinds.passkey ? createAuthenticator(latchkey().issuer) : undefined
  if (authenticator) await givePasskey(latchkey(), user, authenticator)
  if (kinds.phone !== undefined) await addPhone(user.id, kinds.phone)
  const has = {
    factor: Boolean(app ?? authenticator ?? kinds.phone),
    passkey: authenticator !== undefined,
  }
  const made = { ...user, ...has, app, authenticator }
  people[user.username] = made
  return made
}

async function addPhone(accountId: string, number: string) {
  const { phones } = latchkey().services.factors
  const begun = await phones.begin({ accountId, number, purpose: 'factor', address: '127.0.0.1' })
  if (begun.kind !== 'sent') throw new Error(`no code was sent: ${begun.kind}`)
  const { generation = 0 } = (await latchkey().services.accounts.byId(accountId)) ?? {}
  const confirmed = await phones.confirm({ accountId, generation }, begun.id, gateway.codeTo(number))
  if (confirmed.kind !== 'confirmed') throw new Error(`the phone was not added: ${confirmed.kind}`)
}

const byPassword = async (who: Person, browser = federation.browser(), password = PASSWORD) => {
  const page = await browser.signIn(await browser.open(at('/login')), { identifier: who.email, password })
  return { browser, page }
}
/** A gate that asks for nothing must not keep the table from saying who gets what. */
const isSecondStep = (page: BrowserPage) => page.text.includes('Second factor')
const typeCode = async (
  browser: HttpBrowser,
  page: BrowserPage,
  code: string | undefined,
  remember = false,
) =>
  isSecondStep(page)
    ? browser.submit(page, { Code: code ?? '', ...(remember && { remember }) }, { button: 'Continue' })
    : page
const another = async (browser: HttpBrowser, page: BrowserPage, words: string) =>
  isSecondStep(page) ? browser.follow(page, words) : page
const typeSms = async (browser: HttpBrowser, page: BrowserPage, number: string) => {
  if (!isSecondStep(page)) return page
  const sent = await browser.submit(page, {}, { button: 'Send a code' })
  return typeCode(browser, sent, gateway.codeTo(number))
}
const isPasskeyForm = ({ fields }: { fields: { name: string }[] }) =>
  fields.some(({ name }) => name === 'credential')
const answerPasskey = async (browser: HttpBrowser, page: BrowserPage, who: Person) =>
  page.forms.some(isPasskeyForm) &&
  browser.submit(
    page,
    { credential: JSON.stringify(who.authenticator?.get(passkeyOptions(page))) },
    { form: isPasskeyForm },
  )

interface JsonAnswer {
  status: number
  json: Record<string, unknown>
  cookies: string[]
}
async function json(path: string, body: object, headers: Record<string, string> = {}): Promise<JsonAnswer> {
  const response = await fetch(at(`/api/auth${path}`), {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
  const text = await response.text()
  return {
    status: response.status,
    json: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
    cookies: response.headers.getSetCookie(),
  }
}
const me = async (headers: Record<string, string>) =>
  (await get(at('/api/auth/me').href, headers)).status === 200
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
})

async function makeRows() {
  const add = (name: string, shown: Shown, who: Person, browser: HttpBrowser) =>
    rows.push({ name: `${who.username}: ${name}`, shown, person: who, browser })
  const login = async (who: Person) => (await byPassword(who)).browser

  const none = await person('none')
  add('password', { level: 1 }, none, await login(none))
  const jsonBrowser = federation.browser()
  const signed = await json('/session/login', { email: none.email, password: PASSWORD })
  jsonBrowser.cookies.store(at('/'), signed.cookies)
  add('password by JSON', { level: 1 }, none, jsonBrowser)

  const registering = federation.browser()
  const form = await registering.follow(
    await registering.open(fixture.authorizeUrl(client)),
    'Create account',
  )
  const registered = { Username: 'registered', Email: 'registered@example.com', Password: PASSWORD }
  const proof = await registering.submit(form, registered, { button: 'Create account' })
  const code = codeIn(await latchkey().mailTo(registered.Email))
  await registering.submit(proof, { 'Verification code': code }, { button: 'Verify' })
  const { id = '' } = (await latchkey().services.accounts.find('registered')) ?? {}
  const newcomer = await equipped({ id, username: 'registered', email: registered.Email }, {})
  add('registered in a flow', { level: 1 }, newcomer, registering)

  const mailed = await person('mailed')
  await latchkey().services.settings.change({ second_factor: 'everyone', email_codes: 'on' })
  const waiting = federation.browser()
  const asking = await waiting.signIn(await waiting.open(fixture.authorizeUrl(client)), {
    identifier: mailed.email,
    password: PASSWORD,
  })
  if (isSecondStep(asking)) {
    const sent = await waiting.submit(asking, {}, { button: 'Send a code' })
    await typeCode(waiting, sent, /\b\d{6}\b/.exec((await latchkey().mailTo(mailed.email)).text)?.[0])
  }
  await latchkey().services.settings.change({ second_factor: null, email_codes: null })
  add('password and a code by email', { level: 2, email: true }, mailed, waiting)

  const app = await person('app', { app: true })
  add('password', { level: 1 }, app, await login(app))
  const verified = await byPassword(app)
  await typeCode(verified.browser, verified.page, app.app?.code())
  add('password and code', { level: 2 }, app, verified.browser)
  const recovering = await byPassword(app)
  const recovery = await another(recovering.browser, recovering.page, 'Use a recovery code')
  await typeCode(recovering.browser, recovery, app.app?.recoveryCodes[0])
  add('password and recovery code', { level: 2 }, app, recovering.browser)
  const again = await byPassword(app)
  const used = await another(again.browser, again.page, 'Use a recovery code')
  await typeCode(again.browser, used, app.app?.recoveryCodes[0])
  add('password and a recovery code that was used', { level: 1 }, app, again.browser)
  const known = await byPassword(app)
  await typeCode(known.browser, known.page, app.app?.code(), true)
  await known.browser.submit(await known.browser.open(at('/logout')), {}, { button: 'Sign out' })
  await byPassword(app, known.browser)
  add('password in a remembered browser', { level: 1, remembered: true }, app, known.browser)
  const twoSteps = federation.browser()
  const first = await json('/session/login', { email: app.email, password: PASSWORD })
  twoSteps.cookies.store(at('/'), first.cookies)
  add('password by JSON', { level: 1 }, app, twoSteps)

  const spent = await person('spent', { app: true })
  await latchkey().services.db.prisma.recoveryCode.deleteMany({ where: { accountId: spent.id } })
  add('password', { level: 1 }, spent, await login(spent))

  const key = await person('key', { passkey: true })
  add('password', { level: 1 }, key, await login(key))
  const alone = federation.browser()
  await answerPasskey(alone, await alone.open(at('/login')), key)
  add('passkey alone', { level: 3 }, key, alone)
  const second = await byPassword(key)
  await answerPasskey(second.browser, second.page, key)
  add('password and passkey', { level: 3 }, key, second.browser)

  const both = await person('both', { app: true, passkey: true })
  add('password', { level: 1 }, both, await login(both))
  const byCode = await byPassword(both)
  const ofApp = await another(byCode.browser, byCode.page, 'Use your authenticator app')
  await typeCode(byCode.browser, ofApp, both.app?.code())
  add('password and code', { level: 2 }, both, byCode.browser)

  const number = '+447911123456'
  const phone = await person('phone', { phone: number })
  add('password', { level: 1 }, phone, await login(phone))
  const texted = await byPassword(phone)
  await typeSms(texted.browser, texted.page, number)
  add('password and a code by SMS', { level: 2, sms: true }, phone, texted.browser)

  const other = '+447911123457'
  const several = await person('several', { app: true, phone: other })
  const bySms = await byPassword(several)
  await typeSms(bySms.browser, await another(bySms.browser, bySms.page, 'Get a code by SMS'), other)
  add('password and a code by SMS', { level: 2, sms: true }, several, bySms.browser)

  const reset = await person('reset', { app: true })
  await latchkey().services.accounts.forgot(reset.email, { address: '127.0.0.1' } as never)
  const resetting = federation.browser()
  await resetting.submit(
    await resetting.open((await latchkey().mailTo(reset.email)).link),
    { 'New password': 'violet-hammer-91-quarry' },
    { button: 'Set new password' },
  )
  add('a new password by mail', { level: 1 }, reset, resetting)

  // What a provider says of its own checks is not believed.
  federation.okta.tamper = (claims) => ({ ...claims, amr: ['pwd', 'otp', 'mfa'], acr: CLASSES[2] })
  for (const username of ['elsewhere', 'elsewhere-app']) {
    const account = { sub: username, preferred_username: username, email: `${username}@example.com` }
    const okta = async () => {
      const browser = federation.browser()
      await steps.byOpenId(browser, 'Okta', { ...account, email_verified: true, name: username })
      return browser
    }
    const browser = await okta()
    const user = { id: (await latchkey().services.accounts.find(username))?.id ?? '', username }
    const who = await equipped({ ...user, email: account.email }, { app: username.endsWith('-app') })
    add('a provider that says mfa', { level: 0 }, who, browser)
    if (!who.app) continue
    const more = await okta()
    await typeCode(more, await more.open(at('/login/verify')), who.app.code())
    add('a provider, and a code', { level: 2 }, who, more)
  }
}

/** Tokens from when nothing was asked for: those of the app, of the JSON API, and of HTTP Basic. */
async function makeTokens() {
  for (const row of rows.filter(({ shown, person: has }) => oracle.code(shown, has, {})))
    row.refresh = { app: (await codeFor(row, fixture.authorizeUrl(client), client)).refresh_token }
  for (const name of ['none', 'app']) {
    const who = people[name] as Person
    const row = rows.find(
      ({ person: owner, shown }) => owner === who && shown.level === (who.factor ? 2 : 1),
    ) as Row
    let { json: tokens } = await json('/login', { email: who.email, password: PASSWORD })
    if (who.app)
      tokens = (
        await json('/login/verify', { mfa_token: tokens.mfa_token, method: 'totp', code: who.app.code() })
      ).json
    row.refresh = { ...row.refresh, api: tokens.refresh_token }
    row.bearer = String(tokens.access_token)
  }
  const { generation = 0 } = (await latchkey().services.accounts.byId(people.app?.id ?? '')) ?? {}
  const by = { accountId: people.app?.id ?? '', generation }
  appPasswords.app = (await latchkey().services.factors.appPasswords.create(by, 'script')).password
  for (const [name, password] of [
    ['none', PASSWORD],
    ['app', appPasswords.app],
  ] as const)
    basicTokens[name] = String((await json('/tokens', {}, basic(name, password))).json.token)
}

beforeAll(async () => {
  federation = await openFederation({
    clock: clock.now,
    env: { SMS_SECRET: TWILIO_SECRET, SMS_HOST: '127.0.0.1' },
  })
  gateway = await startTwilioLike()
  await latchkey().services.settings.change(twilioSettings(gateway))
  fixture = createSecurityFixture(latchkey())
  steps = createSignInSteps(federation)
  const own = { redirect_uris: [CALLBACK], scope: 'openid offline_access' }
  client = await fixture.client(own)
  patient = await fixture.client({ ...own, max_auth_age: 100 })
  await makeRows()
  await makeTokens()
  passTime(200)
})
afterAll(async () => {
  vi.useRealTimers()
  await federation?.stop()
})

/** Sends an authorization request in a browser, once, and says what came of it. */
async function asked(row: Pick<Row, 'browser'>, url: string) {
  const answer = await get(url, cookieOf(row))
  const location = new URL(answer.headers.get('location') ?? '/none', latchkey().issuer)
  const ended = location.href.startsWith(CALLBACK)
  return {
    code: ended ? (location.searchParams.get('code') ?? undefined) : undefined,
    ended,
    location,
    cookies: answer.headers.getSetCookie().map((line) => line.split(';', 1)[0]),
  }
}

/** The tokens of a request; none: it was given no code. */
async function codeFor(row: Row, url: string, of: TestClient): Promise<Record<string, unknown>> {
  const { code } = await asked(row, url)
  if (code === undefined) return {}
  const given = { code, verifier: 'v'.repeat(43), redirect_uri: of.redirect_uri }
  return (await fixture.exchange(of, given)).json
}

/** One row of each kind, for what takes long. */
function kinds(): Row[] {
  const kindOf = ({ shown, person: { factor, passkey } }: Row) => JSON.stringify([shown, factor, passkey])
  return [...new Map(rows.map((row) => [kindOf(row), row])).values()]
}

type Requirement = Asked & {
  parameters?: Record<string, string>
  apply?: () => Promise<unknown>
  undo?: () => Promise<unknown>
  /** Which client asks. */
  of?: () => TestClient
  /** A rule that is no matter of one request: it is there for the JSON API and for refreshing, too. */
  everywhere?: boolean
  admins?: boolean
}
const setting = (second_factor: string | null) => () => latchkey().services.settings.change({ second_factor })
const accounts = (data: object) => () => latchkey().services.db.prisma.account.updateMany({ data })
const ofClient = (second_factor: string | null) => () =>
  latchkey().services.clients.update(client.client_id, { second_factor })
const acr = (acrClaim: object) => ({ claims: JSON.stringify({ id_token: { acr: acrClaim } }) })
const essential = (...values: string[]) => acr({ essential: true, values })
const [, PWD, MFA, PHR] = CLASSES

const REQUIREMENTS: Record<string, Requirement> = {
  nothing: { everywhere: true },
  'the setting everyone': {
    rule: 2,
    everywhere: true,
    apply: setting('everyone'),
    undo: setting(null),
  },
  'the setting everyone, with codes by email': {
    rule: 2,
    everywhere: true,
    apply: () => latchkey().services.settings.change({ second_factor: 'everyone', email_codes: 'on' }),
    undo: () => latchkey().services.settings.change({ second_factor: null, email_codes: null }),
  },
  'the setting admins, of people': { everywhere: true, apply: setting('admins'), undo: setting(null) },
  'the setting admins, of administrators': {
    rule: 2,
    everywhere: true,
    admins: true,
    apply: () => Promise.all([setting('admins')(), accounts({ role: 'admin' })()]),
    undo: () => Promise.all([setting(null)(), accounts({ role: 'user' })()]),
  },
  'an administrator, of the person': {
    rule: 2,
    everywhere: true,
    apply: accounts({ secondFactorRequired: true }),
    undo: accounts({ secondFactorRequired: false }),
  },
  'the client: required': { rule: 2, apply: ofClient('required'), undo: ofClient('any') },
  'the client: phishing_resistant': { rule: 3, apply: ofClient('phishing_resistant'), undo: ofClient('any') },
  'acr_values mfa': { wishes: [2], parameters: { acr_values: MFA } },
  'acr_values phr mfa': { wishes: [3, 2], parameters: { acr_values: `${PHR} ${MFA}` } },
  'a voluntary acr of phr': { wishes: [3], parameters: acr({ values: [PHR] }) },
  'an essential acr of mfa': { essential: [2], parameters: essential(MFA) },
  'an essential acr of phr or mfa': { essential: [3, 2], parameters: essential(PHR, MFA) },
  'an essential acr of mfa, beside acr_values pwd': {
    essential: [2],
    parameters: { ...essential(MFA), acr_values: PWD },
  },
  'an essential acr of phr': { essential: [3], parameters: essential(PHR) },
  'an essential acr of pwd': { essential: [1], parameters: essential(PWD) },
  'an essential acr that is not here': { essential: 'unknown', parameters: essential('urn:example:gold') },
  'max_auth_age, which has passed': { tooOld: true, of: () => patient },
  'max_auth_age, whatever max_age says': {
    tooOld: true,
    of: () => patient,
    parameters: { max_age: '86400' },
  },
}

/** Compares what each row got with what it should get, and names those that differ. */
async function compare<Case>(
  cases: readonly Case[],
  name: (each: Case) => string,
  expected: (each: Case) => boolean,
  got: (each: Case) => Promise<boolean>,
) {
  const differ: string[] = []
  for (const each of cases) {
    const [should, did] = [expected(each), await got(each)]
    if (should !== did) differ.push(`${name(each)}: ${did ? 'got it, and should not' : 'should get it'}`)
  }
  expect(differ).toEqual([])
  expect(cases.length).toBeGreaterThan(0)
}

describe.each(Object.entries(REQUIREMENTS))('%s asks', (_what, requirement) => {
  const { parameters = {}, apply, undo, of = () => client, everywhere = false, admins = false } = requirement
  beforeAll(() => apply?.())
  afterAll(() => undo?.())
  const nameOf = ({ name }: Row) => name
  const mayHaveCode = ({ shown, person: has }: Row) => oracle.code(shown, has, requirement)

  test('a request, and how its tokens say what was shown', () =>
    compare(rows, nameOf, mayHaveCode, async (row) => {
      const { id_token } = await codeFor(row, fixture.authorizeUrl(of(), parameters), of())
      if (id_token === undefined) return false
      expect(decodeJwt(String(id_token)).acr, row.name).toBe(oracle.answered(row.shown, requirement))
      return true
    }))

  test('with prompt=none: the code at once, or an error', () =>
    compare(rows, nameOf, mayHaveCode, async (row) => {
      const { code, ended, location } = await asked(
        row,
        fixture.authorizeUrl(of(), { ...parameters, prompt: 'none' }),
      )
      expect([ended, location.searchParams.has('code')], row.name).toEqual([
        true,
        !location.searchParams.has('error'),
      ])
      return code !== undefined
    }))

  test('pushed', () =>
    compare(kinds(), nameOf, mayHaveCode, async (row) => {
      const pushed = Object.fromEntries(new URL(fixture.authorizeUrl(of(), parameters)).searchParams)
      const own = credentials(of())
      const { json: par } = await post(at('/par').href, { ...own.body, ...pushed }, own.headers)
      const query = new URLSearchParams({
        client_id: of().client_id,
        request_uri: String(par.request_uri),
      })
      return (await asked(row, `${at('/authorize')}?${query}`)).code !== undefined
    }))

  test('resumed by its address, by Back, in a second tab: what was not given is not given', async () => {
    for (const row of kinds().filter((each) => !mayHaveCode(each))) {
      const url = fixture.authorizeUrl(of(), parameters)
      const { location, cookies } = await asked(row, url)
      const uid = /^\/interaction\/([\w-]+)/.exec(location.pathname)?.[1]
      if (uid === undefined) continue
      const cookie = [cookieOf(row).cookie, ...cookies].join('; ')
      const headers = { cookie, origin: latchkey().issuer, 'sec-fetch-site': 'same-origin' }
      const answers: Answer[] = []
      for (const path of [`/authorize/${uid}`, `/interaction/${uid}`])
        answers.push(await get(at(path).href, headers))
      answers.push(await post(at(`/interaction/${uid}/consent`).href, { decision: 'allow' }, headers))
      answers.push(await get(at(`/authorize/${uid}`).href, headers))
      for (const { headers: got } of answers)
        expect(got.get('location') ?? '', row.name).not.toContain('code=')
    }
  })

  test('a device, which asks for the same', async () => {
    const device = await registerDevice(latchkey())
    const { second_factor, max_auth_age } = (await latchkey().services.clients.get(
      of().client_id,
    )) as unknown as { second_factor?: string; max_auth_age?: number }
    await latchkey().services.clients.update(device.clientId, { second_factor, max_auth_age } as never)
    await compare(kinds(), nameOf, mayHaveCode, async (row) => {
      const { device_code, user_code } = await device.ask(parameters)
      const browser = federation.browser()
      browser.cookies.store(
        at('/'),
        cookieOf(row)
          .cookie.split('; ')
          .map((each) => `${each}; Path=/`),
      )
      const entered = await browser.submit(
        await browser.open(at('/device')),
        { Code: user_code },
        { button: 'Continue' },
      )
      if (entered.forms.some(({ buttons }) => buttons.some(({ label }) => label === 'Allow')))
        await browser.allow(entered)
      passTime(1)
      return (await device.poll(device_code)).status === 200
    })
  })

  if (requirement.rule !== undefined || everywhere)
    test('refresh tokens of the app, from before', () =>
      compare(
        rows.filter(({ refresh }) => refresh?.app),
        nameOf,
        ({ shown }) => oracle.refresh(shown, requirement),
        async (row) => {
          const { status, json: next } = await fixture.refresh(client, row.refresh?.app)
          if (status === 200) row.refresh = { ...row.refresh, app: next.refresh_token }
          return status === 200
        },
      ))

  if (everywhere) {
    test('the page of the account', () =>
      compare(
        rows,
        nameOf,
        ({ shown, person: has }) => oracle.own(shown, has, requirement),
        async (row) => (await get(at('/account').href, cookieOf(row))).status === 200,
      ))

    test('the JSON API by cookie', () =>
      compare(
        rows,
        nameOf,
        ({ shown, person: has }) => oracle.own(shown, has, requirement),
        (row) => me(cookieOf(row)),
      ))

    test('the JSON API by tokens, and their refreshing, from before', async () => {
      const tokened = rows.filter(({ bearer }) => bearer)
      const may = ({ shown }: Row) => oracle.refresh(shown, requirement)
      await compare(tokened, nameOf, may, ({ bearer }) => me({ authorization: `Bearer ${bearer}` }))
      await compare(tokened, nameOf, may, async (row) => {
        const { status, json: next } = await json('/refresh', { refresh_token: row.refresh?.api })
        if (status === 200) row.refresh = { ...row.refresh, api: next.refresh_token }
        return status === 200
      })
    })

    test('the password alone by JSON and HTTP Basic', async () => {
      const all = Object.values(people).filter(({ username }) => !/reset|elsewhere/.test(username))
      const name = ({ username }: Person) => username
      const may = ({ factor }: Person) => !factor && oracle.meets({ level: 1 }, requirement.rule ?? 0)
      const own = ({ email }: Person) => ({ email, password: PASSWORD })
      const holds = ({ json: answer }: JsonAnswer) => 'access_token' in answer || 'token' in answer
      await compare(all, name, may, async (who) => holds(await json('/login', own(who))))
      await compare(all, name, may, async (who) => {
        const { cookies } = await json('/session/login', own(who))
        return me({ cookie: cookies.map((line) => line.split(';', 1)[0]).join('; ') })
      })
      await compare(all, name, may, (who) => me(basic(who.username, PASSWORD)))
      await compare(all, name, may, async (who) =>
        holds(await json('/tokens', {}, basic(who.username, PASSWORD))),
      )
    })

    test('app passwords stand for an account that has a factor; what was made of a password does not', async () => {
      expect(await me(basic('app', appPasswords.app ?? ''))).toBe(true)
      expect(await me(basic('both', appPasswords.app ?? '')), 'of another account').toBe(false)
      const { rule = 0 } = requirement
      expect(await me(basic(basicTokens.none ?? '', '')), 'a token of a password').toBe(rule === 0)
    })
  }

  if (admins)
    test('the console and the administration API', async () => {
      const may = ({ shown, person: has }: Row) => oracle.console(shown, has, requirement)
      await compare(
        rows,
        nameOf,
        may,
        async (row) => (await get(at('/admin/users').href, cookieOf(row))).status === 200,
      )
      const scope = 'openid admin:read admin:write'
      const console = await fixture.client({ redirect_uris: [CALLBACK], scope })
      await compare(rows, nameOf, may, async (row) => {
        const { access_token } = await codeFor(row, fixture.authorizeUrl(console, { scope }), console)
        if (access_token === undefined) return false
        const bearer = { authorization: `Bearer ${access_token}` }
        return (await get(at('/api/admin/users').href, bearer)).status === 200
      })
    })
})

describe('beside requirements', () => {
  test('the account is not recovered by a sign-in that waits: it stays one', () =>
    compare(
      rows.filter(({ shown, person: has }) => !oracle.counts(shown, has)),
      ({ name }) => name,
      () => false,
      async (row) => {
        const page = await row.browser.open(at('/login/recover'))
        if (page.text.includes('Start recovery'))
          await row.browser.submit(page, {}, { button: 'Start recovery' })
        await get(at('/login/recover/finish?token=none').href, cookieOf(row))
        return (await get(at('/account').href, cookieOf(row))).status === 200 || me(cookieOf(row))
      },
    ))

  test('an account that waits to be deleted is kept by all that a sign-in to it asks for', () =>
    compare(
      [false, true],
      (app) => (app ? 'with an app' : 'without a factor'),
      (app) => oracle.counts({ level: 1 }, { factor: app, passkey: false }),
      async (app) => {
        const who = await person(`leaving-${app}`, { app })
        await latchkey().services.accounts.deletion.request(who.id)
        const { browser, page } = await byPassword(who)
        const button = 'Keep my account'
        if (page.text.includes(button)) await browser.submit(page, {}, { button })
        return (await latchkey().services.accounts.byId(who.id))?.deletionAt === null
      },
    ))

  test('a dangerous act wants a factor that was really shown, lately', async () => {
    const act = async (row: Row) => (await json('/me/recovery-codes', {}, cookieOf(row))).status === 200
    const name = (row: Row) => row.name
    await compare(rows, name, ({ shown, person: has }) => oracle.dangerous(shown, has), act)
    passTime(16 * 60)
    await compare(rows, name, () => false, act)
  })
})
