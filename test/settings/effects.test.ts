import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { SettingName } from '../../src/settings/table.ts'
import { jobsOf } from '../../src/wiring/operations.ts'
import { machine, person, type Rest } from '../admin/rest/support.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'
import { withAuthenticatorApp } from '../support/second-factor.ts'
import { type FakeGateway, startTwilioLike } from '../support/sms-gateway.ts'

const DAY = 86_400_000

interface Effect {
  /** What it is changed to. */
  to: unknown
  /** What a person or program notices of it: another thing before than after the change. */
  look(): Promise<unknown>
  before: unknown
  after: unknown
}

let latchkey: Latchkey
let rest: Rest
let gateway: FakeGateway
let ahead = 0
beforeAll(async () => {
  latchkey = await startLatchkey({
    env: { RATE_LIMIT: '', NEW_DEVICE_MAILS: '' },
    realHashes: true,
    clock: () => Date.now() + ahead,
  })
  rest = (await person(latchkey, 'admin')).rest
  gateway = await startTwilioLike()
  gateway.next = { status: 200, body: 'accepted' }
})
afterAll(() => latchkey.stop())

let made = 0
const fresh = (kind: string) => `${kind}${++made}`
const refusalOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: { errors?: object; code?: string }) => error.errors ?? error.code,
  )
const register = (domain = 'example.com', password = PASSWORD) => {
  const username = fresh('person')
  return latchkey.services.accounts.register({ username, email: `${username}@${domain}`, password })
}
/** The costs of the hash of a new password. */
async function hashCost() {
  const { id } = await latchkey.createUser(fresh('hashed'))
  const row = await latchkey.services.db.prisma.account.findUniqueOrThrow({ where: { id } })
  const { m, t, p } = Object.fromEntries(
    (row.passwordHash?.split('$')[3] ?? '').split(',').map((each) => each.split('=')),
  )
  return `m=${m},t=${t},p=${p}`
}
const status = async (path: string) => (await latchkey.app.inject(path)).statusCode
const discovery = async () => (await latchkey.app.inject('/.well-known/openid-configuration')).json()
const create = (metadata: Record<string, unknown>) =>
  latchkey.services.clients.create({
    client_name: 'App',
    redirect_uris: ['https://app.example/cb'],
    ...metadata,
  })
/** Locks an account by wrong passwords; how many it took, and for how many seconds. */
async function lock() {
  const { accounts } = latchkey.services
  const user = await latchkey.createUser(fresh('locked'))
  for (let tries = 1; tries < 10; tries++) {
    await accounts.authenticate({ identifier: user.email, password: 'wrong' })
    const { lockedUntil } = (await accounts.find(user.username)) ?? {}
    if (lockedUntil) return { tries, seconds: Math.round((lockedUntil - Date.now()) / 10_000) * 10 }
  }
  throw new Error('never locked')
}
async function verificationMail() {
  const username = fresh('new')
  await latchkey.services.accounts.register({
    username,
    email: `${username}@example.com`,
    password: PASSWORD,
  })
  return (await latchkey.mailTo(`${username}@example.com`)).text
}
async function resetMail() {
  const user = await latchkey.createUser(fresh('reset'))
  await latchkey.services.accounts.sendReset(user.id)
  await latchkey.services.mailer.idle()
  const mail = (await readOutbox(join(latchkey.dataDir, 'outbox')))
    .filter(({ to }) => to === user.email)
    .at(-1)
  return { text: mail?.text ?? '', from: mail?.headers.from }
}
/** How long a new sign-in lasts, in seconds, to the nearest ten. */
async function sessionLife() {
  const user = await signIn()
  const row = await latchkey.services.db.artifacts.get<{ expires_at: number | string }>(
    "SELECT expires_at FROM artifacts WHERE model = 'Session' AND account_id = ?",
    [user.id],
  )
  return Math.round((Number(row?.expires_at) - Date.now() / 1000) / 10) * 10
}
async function signIn() {
  const user = await latchkey.createUser(fresh('session'))
  const browser = createHttpBrowser()
  const login = await browser.open(`${latchkey.issuer}/login?return_to=/account`)
  await browser.signIn(login, { identifier: user.username, password: PASSWORD })
  return user
}
const OFFLINE = { grant_types: ['authorization_code', 'refresh_token'] }
const flow = (scope = 'openid offline_access') => person(latchkey, 'user', { ...OFFLINE, scope }, scope)
async function refreshLife() {
  const { party, tokens } = await flow()
  const { exp = 0, iat = 0 } = await party.introspect(String(tokens.refresh_token))
  return exp - iat
}
/** Where an app that knows who is signed in sends them to sign out: whether they are asked. */
async function signOutAsks() {
  const { party, tokens, browser } = await flow('openid')
  const page = await browser.open(party.endSessionUrl({ id_token_hint: String(tokens.id_token) }))
  return (
    page.url.pathname === '/logout' &&
    /sign out/i.test(page.text) &&
    page.forms.some(({ method }) => method === 'post')
  )
}
let numbers = 0
/** How many messages the gateway gets of those that people ask for, who have nothing in common but what is said; and the last request. */
async function messages(
  count: number,
  {
    account,
    address,
    number,
    prefix,
  }: { account?: string; address?: string; number?: string; prefix?: string } = {},
) {
  const url = `${gateway.url}/send?to={to}&text={text}`
  await rest.patch('/settings', { sms_url: url, sms_prefixes: prefix ? [prefix] : [] })
  const before = gateway.requests.length
  for (let n = 0; n < count; n++) {
    const accountId = account ?? (await latchkey.createUser(fresh('phone'))).id
    await latchkey.services.factors.phones.begin({
      ...{ accountId, purpose: 'number', address: address ?? `10.1.${++numbers}.1` },
      number: number ?? `${prefix ?? '+49151'}${10_000_000 + numbers}`,
    })
  }
  const all = gateway.requests.slice(before)
  await rest.patch('/settings', { sms_url: null, sms_prefixes: null })
  return { count: all.length, last: all.at(-1) }
}
/** How many of these people are told that the code was sent. */
async function sentCount() {
  await rest.patch('/settings', { sms_url: `${gateway.url}/send?to={to}&text={text}` })
  const { id: accountId } = await latchkey.createUser(fresh('phone'))
  const outcome = await latchkey.services.factors.phones.begin({
    ...{ accountId, purpose: 'number', address: undefined, number: '+4915712345678' },
  })
  await rest.patch('/settings', { sms_url: null })
  return outcome.kind
}
async function registerClient(scope?: string) {
  const response = await latchkey.app.inject({
    method: 'POST',
    url: '/clients/register',
    payload: { redirect_uris: ['https://app.example/cb'], ...(scope && { scope }) },
  })
  return response
}

/** What somebody is in a new organization, who has these roles. */
async function inOrganization(roles: string[]) {
  const { organizations } = latchkey.services
  const { id } = await organizations.create({ name: fresh('Company ') })
  const user = await latchkey.createUser(fresh('employee'))
  await organizations.members.put(id, user.id, roles)
  return (await organizations.members.membership(user.id, id)) ?? { manages: undefined }
}

const ROWS: { readonly [Name in Exclude<SettingName, `rate_limit_${string}`>]: Effect } = {
  registration: { to: 'closed', look: () => status('/register'), before: 200, after: 403 },
  email_domains: {
    to: ['example.org'],
    look: () => refusalOf(register('example.com')),
    before: undefined,
    after: { email: ['Use an address at example.org.'] },
  },
  password_min_length: {
    to: 40,
    look: () => refusalOf(register()),
    before: undefined,
    after: { password: [expect.stringContaining('at least 40')] },
  },
  password_min_length_with_second_factor: {
    to: 10,
    look: async () =>
      latchkey.services.accounts.passwordMinLength({ role: 'user', secondFactorRequired: true }),
    before: 8,
    after: 10,
  },
  password_words: {
    to: ['Kestrel', 'Aurora'],
    look: () => refusalOf(register('example.com', 'kestrel-aurora-tree-42')),
    before: undefined,
    after: { password: [expect.stringContaining('words that belong to it')] },
  },
  argon2_memory: { to: 20, look: hashCost, before: 'm=19456,t=2,p=1', after: 'm=20480,t=2,p=1' },
  argon2_passes: { to: 3, look: hashCost, before: 'm=19456,t=2,p=1', after: 'm=19456,t=3,p=1' },
  argon2_parallelism: { to: 2, look: hashCost, before: 'm=19456,t=2,p=1', after: 'm=19456,t=2,p=2' },
  second_factor: {
    to: 'everyone',
    async look() {
      const { email } = await latchkey.createUser(fresh('factor'))
      const payload = { email, password: PASSWORD }
      return (await latchkey.app.inject({ method: 'POST', url: '/api/auth/login', payload })).statusCode
    },
    before: 200,
    after: 403,
  },
  breach_check: {
    to: 'file',
    async look() {
      const { breaches } = latchkey.services
      const hash = createHash('sha1').update('velvet-canoe-harbour-71').digest('hex')
      await breaches.importList(Readable.from([Buffer.from(`${hash}:3`)]))
      return breaches.has('velvet-canoe-harbour-71')
    },
    before: false,
    after: true,
  },
  breach_api_url: {
    to: 'http://127.0.0.1:9/range/',
    look: async () => latchkey.services.breaches.service,
    before: 'https://api.pwnedpasswords.com/range/',
    after: 'http://127.0.0.1:9/range/',
  },
  default_locale: {
    to: 'de',
    look: async () => {
      const page = await latchkey.app.inject({ url: '/login', headers: { accept: 'text/html' } })
      return page.headers['content-language']
    },
    before: 'en',
    after: 'de',
  },
  email_codes: {
    to: 'on',
    look: async () => {
      const { id, email } = await latchkey.createUser(fresh('codes'))
      return latchkey.services.factors.methodsOf({ id, email, secondFactors: [] })
    },
    before: [],
    after: ['email'],
  },
  sms_url: {
    to: 'https://sms.example.com/send?to={to}&text={text}',
    look: async () => latchkey.services.factors.phones.mayAdd({ role: 'user' }),
    before: false,
    after: true,
  },
  sms_headers: {
    to: 'X-Tenant: example',
    look: async () => (await messages(1)).last?.headers['x-tenant'],
    before: undefined,
    after: 'example',
  },
  sms_body: {
    to: '{"to": "{to_digits}", "text": "{text}"}',
    look: async () => (await messages(1)).last?.method,
    before: 'GET',
    after: 'POST',
  },
  sms_success: { to: 'queued', look: sentCount, before: 'sent', after: 'failed' },
  sms_prefixes: { to: ['+44'], look: sentCount, before: 'sent', after: 'refused' },
  sms_per_number: {
    to: 1,
    look: async () => (await messages(3, { number: `+49152${10_000_000 + ++numbers}` })).count,
    before: 3,
    after: 1,
  },
  sms_per_account: {
    to: 1,
    look: async () => (await messages(3, { account: (await latchkey.createUser(fresh('phone'))).id })).count,
    before: 3,
    after: 1,
  },
  sms_per_address: {
    to: 1,
    look: async () => (await messages(3, { address: `10.2.${++numbers}.1` })).count,
    before: 3,
    after: 1,
  },
  sms_per_prefix: {
    to: 1,
    look: async () => (await messages(3, { prefix: `+49170${++numbers % 10}` })).count,
    before: 3,
    after: 1,
  },
  sms_per_day: { to: 1, look: async () => (await messages(1)).count, before: 1, after: 0 },
  phone_sign_in: {
    to: 'on',
    async look() {
      const { id } = await latchkey.createUser(fresh('phone'))
      const number = `+49152${String(10_000_000 + ++numbers)}`
      await latchkey.services.accounts.updateByAdmin(id, { phoneNumber: number, phoneVerified: true })
      await latchkey.services.db.prisma.account.update({ where: { id }, data: { phoneLogin: number } })
      const outcome = await latchkey.services.accounts.authenticate({
        identifier: number,
        password: PASSWORD,
      })
      return outcome.kind
    },
    before: 'refused',
    after: 'ok',
  },
  lockout_failures: {
    to: 2,
    look: lock,
    before: expect.objectContaining({ tries: 5 }),
    after: expect.objectContaining({ tries: 2 }),
  },
  lockout_seconds: {
    to: 60,
    look: lock,
    before: expect.objectContaining({ seconds: 900 }),
    after: expect.objectContaining({ seconds: 60 }),
  },
  organization_roles: {
    to: ['owner'],
    look: () => refusalOf(inOrganization(['owner'])),
    before: { roles: ['Choose among admin, member.'] },
    after: undefined,
  },
  organization_manager_roles: {
    to: ['member'],
    look: async () => (await inOrganization(['member'])).manages,
    before: false,
    after: true,
  },
  manager_providers: {
    to: 'off',
    async look() {
      const { organizations, ownProvider } = latchkey.services
      const { id } = await organizations.create({ name: fresh('Company ') })
      const user = await latchkey.createUser(fresh('employee'))
      await organizations.members.put(id, user.id, ['admin'])
      return (await ownProvider.get(user.id, id)).closed
    },
    before: 'domain',
    after: 'off',
  },
  app_launcher: {
    to: 'on',
    async look() {
      const { id } = await latchkey.createUser()
      return Array.isArray(await latchkey.services.launchableApps(id))
    },
    before: false,
    after: true,
  },
  access_contact: {
    to: 'help@example.org',
    async look() {
      const { party, browser } = await flow('openid')
      const { url } = await party.authorize({ scope: 'openid' })
      const id = new URL(url).searchParams.get('client_id') ?? ''
      await latchkey.services.clients.update(id, { access: { groups: ['Nobody'] } })
      const { text } = await browser.open(url)
      return /ask ([^.]+(?:\.org)?)\./.exec(text)?.[1]
    },
    before: 'an administrator',
    after: 'help@example.org',
  },
  passkeys: {
    to: 'off',
    look: async () => (await latchkey.app.inject('/login')).body.includes('Sign in with a passkey'),
    before: true,
    after: false,
  },
  identifier_first: {
    to: 'on',
    look: async () => (await latchkey.app.inject('/login')).body.includes('type="password"'),
    before: true,
    after: false,
  },
  remembered_accounts: {
    to: 'off',
    async look() {
      const { username } = await latchkey.createUser(fresh('named'))
      const browser = createHttpBrowser()
      const page = await browser.open(`${latchkey.issuer}/login`)
      await browser.signIn(page, { identifier: username, password: PASSWORD })
      return browser.cookies.list().some(({ name }) => name.endsWith('latchkey_accounts'))
    },
    before: true,
    after: false,
  },
  passkey_origins: {
    to: ['https://shop.example'],
    async look() {
      const answer = await latchkey.app.inject('/.well-known/webauthn')
      return answer.statusCode === 200 ? answer.json() : answer.statusCode
    },
    before: 404,
    after: { origins: ['https://shop.example'] },
  },
  remembered_devices_days: {
    to: 0,
    async look() {
      const { id } = await latchkey.createUser(fresh('remembered'))
      const browser = { userAgent: 'Test', address: '192.0.2.1' }
      return latchkey.services.factors.rememberedBrowsers.remember({ id, generation: 0 }, browser)
    },
    before: expect.any(String),
    after: undefined,
  },
  impersonation: {
    to: 'on',
    async look() {
      const { accounts, impersonations } = latchkey.services
      const account = await accounts.byId((await latchkey.createUser(fresh('helped'))).id)
      const problem = account && (await impersonations.problemOf(account))
      return problem === undefined ? undefined : String(problem)
    },
    before: expect.stringContaining('switched off'),
    after: undefined,
  },
  new_device_mails: {
    to: 'off',
    async look() {
      const { id, email } = await latchkey.createUser(fresh('traveller'))
      const { newDevices } = latchkey.services.accounts
      for (const address of ['192.0.2.1', '203.0.113.1']) {
        newDevices.inBrowser({ accountId: id, amr: ['pwd'], address, userAgent: 'Test' }, true)
        await latchkey.services.mailer.idle()
      }
      const sent = await readOutbox(join(latchkey.dataDir, 'outbox'))
      return sent.filter(({ to }) => to === email).length
    },
    before: 1,
    after: 0,
  },
  recovery_delay_hours: {
    to: 48,
    async look() {
      const { factors } = latchkey.services
      const { id } = await latchkey.createUser(fresh('lost'))
      await withAuthenticatorApp(latchkey, id, { now: () => Date.now() + ahead, later() {} })
      const { recovery } = await factors.recovery.start(id, { kind: 'administrator' })
      return (recovery.readyAt - recovery.startedAt) / 3_600_000
    },
    before: 24,
    after: 48,
  },
  verification_ttl: {
    to: 600,
    look: verificationMail,
    before: expect.stringContaining('24 hours'),
    after: expect.stringContaining('10 minutes'),
  },
  reset_ttl: {
    to: 600,
    look: async () => (await resetMail()).text,
    before: expect.stringMatching(/1 hour|60 minutes|an hour/),
    after: expect.stringContaining('10 minutes'),
  },
  session_ttl: { to: 600, look: sessionLife, before: 30 * 86_400, after: 600 },
  access_token_ttl: {
    to: 120,
    look: async () => (await machine(latchkey)).party.clientCredentials().then((got) => got.expires_in),
    before: 3600,
    after: 120,
  },
  refresh_token_ttl: { to: 900, look: refreshLife, before: 30 * 86_400, after: 900 },
  sign_out_confirmation: { to: 'always', look: signOutAsks, before: false, after: true },
  pkce_default: {
    to: 'required',
    look: async () => (await create({})).pkce,
    before: 'auto',
    after: 'required',
  },
  redirect_hosts: {
    to: ['nas.lan'],
    look: () => refusalOf(create({ redirect_uris: ['http://nas.lan/cb'] })),
    before: { redirect_uris: [expect.stringContaining('nas.lan')] },
    after: undefined,
  },
  redirect_schemes: {
    to: ['cursor'],
    look: () =>
      refusalOf(
        create({
          redirect_uris: ['cursor:/cb'],
          application_type: 'native',
          token_endpoint_auth_method: 'none',
        }),
      ),
    before: { redirect_uris: [expect.stringContaining('no dot')] },
    after: undefined,
  },
  dynamic_registration: {
    to: 'open',
    look: async () => [(await registerClient()).statusCode, (await discovery()).registration_endpoint],
    before: [404, undefined],
    after: [201, expect.stringContaining('/clients/register')],
  },
  client_metadata_documents: {
    to: 'on',
    look: async () => [
      (await discovery()).client_id_metadata_document_supported,
      // The address of a document is looked at, and refused with the reason; else it is a client that nobody knows.
      /document/.test(
        (
          await latchkey.app.inject(
            `/authorize?client_id=${encodeURIComponent('https://no.invalid/client.json')}&response_type=code`,
          )
        ).body,
      ),
    ],
    before: [undefined, false],
    after: [true, true],
  },
  unverified_client_scopes: {
    to: ['books:read'],
    async look() {
      await rest.patch('/settings', { dynamic_registration: 'open' })
      const { scope } = (await registerClient('openid books:read')).json()
      await rest.patch('/settings', { dynamic_registration: null })
      return scope
    },
    before: 'openid',
    after: 'openid books:read',
  },
  mail_from: {
    to: 'Ada <ada@example.org>',
    look: async () => (await resetMail()).from,
    before: 'Latchkey <no-reply@localhost>',
    after: 'Ada <ada@example.org>',
  },
  rate_limit: {
    to: 'off',
    look: async () => (await rest.get('/settings')).headers.has('ratelimit-limit'),
    before: true,
    after: false,
  },
  // These two look at what is old: last, with the clock two days ahead.
  audit_retention: {
    to: 1,
    look: () => latchkey.services.audit.prune(),
    before: 0,
    after: expect.any(Number),
  },
  key_rotation_days: {
    to: 1,
    look: async () =>
      jobsOf(latchkey.services)
        .find(({ name }) => name === 'key rotation')
        ?.run(),
    before: 0,
    after: 4,
  },
}

describe('each setting is changed by REST, and counts at once', () => {
  test.each(Object.entries(ROWS))('%s', async (name, { to, look, before, after }) => {
    const old = name === 'audit_retention' || name === 'key_rotation_days'
    expect(await look()).toEqual(before)
    if (old) ahead = 2 * DAY
    try {
      // By then the token of the person is no longer good.
      if (old) await latchkey.services.settings.change({ [name]: to })
      else expect(await rest.patch('/settings', { [name]: to })).toMatchObject({ status: 200 })
      const found = await look()
      expect(found).toEqual(after)
      if (name === 'audit_retention') expect(found).toBeGreaterThan(0)
    } finally {
      // Not by REST: the change may be that its caller needs a second factor.
      await latchkey.services.settings.change({ [name]: null })
      ahead = 0
    }
  })
})
