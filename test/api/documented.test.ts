import { setImmediate as nextTurn } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { argon2 } from '../../src/accounts/passwords/threads/argon2.ts'
import type { TxtAnswer } from '../../src/organizations/domains/dns.ts'
import { codeOf } from '../factors/support.ts'
import { openBrowser, type SharedBrowser } from '../support/browser.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { png } from '../support/pictures.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { showSecondFactor } from './second-factor.ts'
import {
  type Api,
  type ApiDocument,
  type ApiRequest,
  basic,
  bearer,
  createApi,
  type DocumentedOperation,
  documentOf,
  sessionCookie,
} from './support.ts'

const NEXT = 'quartz-lantern-31-orbit'

const clock = movableClock()
let latchkey: Latchkey
let limited: Latchkey
let api: Api
let document: ApiDocument
/** What every comparison of a password waits for. */
let held: Promise<void> | undefined

beforeAll(async () => {
  const { verify } = argon2
  vi.spyOn(argon2, 'verify').mockImplementation(async (...given) => {
    await held
    return verify(...given)
  })
  latchkey = await startLatchkey({ clock: clock.now, lookUpTxt })
  limited = await startLatchkey({ env: { RATE_LIMIT: 'on', RATE_LIMIT_TOKEN: '90' } })
  api = createApi(latchkey.issuer)
  document = await documentOf(latchkey.issuer)
})
afterAll(async () => {
  await latchkey.stop()
  await limited.stop()
})

interface Listed extends DocumentedOperation {
  id: string
  method: string
  path: string
}

/** Of signing in here; elsewhere is tried in test/federation, the administration in test/admin. */
const operations = (): Listed[] =>
  Object.entries(document.paths)
    .filter(([path]) => /^\/api\/auth\/(?!oauth\/)/.test(path))
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({
        ...operation,
        id: operation.operationId,
        method: method.toUpperCase(),
        path: path.replace('/api/auth', '').replace('{token}', 'x'.repeat(43)),
      })),
    )

/** Every text for people in a part of the document. */
const textsIn = (part: unknown): string[] =>
  typeof part !== 'object' || part === null
    ? []
    : Object.entries(part).flatMap(([name, value]) =>
        /^(summary|description|tags)$/.test(name) ? [value].flat().map(String) : textsIn(value),
      )

test('the document and the settings have the words of the glossary, and name who acts', async () => {
  const { settings } = await latchkey.services.settings.list()
  const said = (text: string) =>
    /\b(somebody|someone|anybody|whoever|elsewhere|meanwhile|made|mak(e|ing) an?)\b/i.test(text)
  const ofSettings = settings.flatMap(({ label, sentence }) => [label, sentence])
  expect(ofSettings.length).toBeGreaterThan(60)
  expect([...textsIn(document), ...ofSettings].filter(said)).toEqual([])
})

/** Every documented kind of route in what the router prints, `METHOD path` each. */
function apiRoutes(printed: string): string[] {
  const path: string[] = []
  const found = printed.split('\n').flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S*)(?: \((.*)\))?$/.exec(line)
    if (!match) return []
    const [, indent = '', segment = '', methods = ''] = match
    path.splice(indent.length / 4, path.length, segment)
    return methods.split(', ').map((method) => `${method} ${path.join('')}`)
  })
  return found.filter((route) => /^(?!HEAD)\w+ \/api\/(auth|admin)\//.test(route)).sort()
}

let people = 0
const newPerson = () => {
  const username = `person${++people}`
  return { username, email: `${username}@example.com`, password: PASSWORD }
}

async function signedIn() {
  const { id, email } = await latchkey.createUser()
  const tokens = (await api.login(email)).json
  return { id, email, tokens, headers: bearer(tokens.access_token) }
}

/** A person with an authenticator app, in a browser that has shown it. */
async function withApp() {
  const { id, email } = await latchkey.createUser()
  const cookie = await sessionCookie(latchkey, email)
  const { totp } = latchkey.services.factors
  const setup = await totp.begin(id)
  await totp.confirm({ accountId: id, generation: 0 }, setup.id, codeOf(setup.secret, clock.now()))
  await showSecondFactor(latchkey, cookie)
  return { id, headers: { cookie }, factorId: setup.id }
}

/** A person who manages a group of their own. */
async function managing() {
  const { id, headers } = await signedIn()
  const { groups } = latchkey.services.access
  const group = await groups.create({ name: `Group of ${id}` })
  await groups.addMember(group.id, id)
  await groups.setManager(group.id, id, true)
  return { id, headers, path: `/me/groups/${group.id}` }
}

/** What DNS says of every domain. */
const records = new Set<string>()
const lookUpTxt = async (name: string) =>
  (name.includes('present') ? 'none' : { values: [...records] }) as TxtAnswer

/** A person who manages an organization of their own, with another member and somebody who is invited. */
async function managingOrganization() {
  const { id, headers } = await signedIn()
  const other = await latchkey.createUser()
  const { organizations } = latchkey.services
  const one = await organizations.create({ name: `Company of ${id}` })
  await organizations.members.put(one.id, id, ['admin'])
  await organizations.members.put(one.id, other.id, [])
  const invited = `guest-${id}@example.org`
  const invitation = await organizations.invitations.create(one.id, { email: invited })
  const domain = `domain-${id}.example`
  for (const each of [domain, 'present.example']) await organizations.domains.add(one.id, each)
  records.add((await organizations.domains.list(one.id))[0]?.record.value ?? '')
  return {
    id,
    domain,
    invited,
    headers,
    other: other.id,
    invitation: invitation.id,
    path: `/me/organizations/${one.id}`,
  }
}
const ofOrganization = async (
  path: (given: Awaited<ReturnType<typeof managingOrganization>>) => string,
  body?: Record<string, unknown>,
) => {
  const given = await managingOrganization()
  return { path: `${given.path}${path(given)}`, request: { headers: given.headers, ...(body && { body }) } }
}

/** Of a manager who has verified a domain, with a provider unless `bare`. Its port is one that no request goes to. */
async function ofProvider(path: string, body?: Record<string, unknown>, { bare = false } = {}) {
  const given = await managingOrganization()
  const { organizations, ownProvider } = latchkey.services
  const organizationId = given.path.split('/').at(-1) ?? ''
  await organizations.domains.verify(organizationId, given.domain)
  if (!bare)
    await ownProvider.save(given.id, organizationId, {
      ...{
        issuer: 'http://127.0.0.1:1',
        clientId: 'c',
        clientSecret: 's',
        authMethod: 'client_secret_basic',
      },
      ...{ trustEmail: false, required: false, join: false, roles: [] },
    })
  return {
    organizationId,
    path: `${given.path}/provider${path}`,
    request: { headers: given.headers, ...(body && { body }) },
  }
}
const providerBody = { issuer: 'http://127.0.0.1:1', client_id: 'c', client_secret: 's' }

const tokenIn = async (email: string) => (await latchkey.mailTo(email)).link.searchParams.get('token') ?? ''

async function resetToken(): Promise<string> {
  const { email } = await latchkey.createUser()
  await api.post('/forgot-password', { email })
  return tokenIn(email)
}

/** A person with an authenticator app, whose password was right. */
async function firstStep(path: '/login' | '/session/login') {
  const { id, email } = await latchkey.createUser()
  const app = await withAuthenticatorApp(latchkey, id, clock)
  const answer = await api.post(path, { email, password: PASSWORD })
  const cookie = answer.headers.getSetCookie().map((line) => line.split(';', 1)[0])
  return { app, mfa_token: answer.json.mfa_token, headers: { cookie: cookie.join('; ') } }
}
const secondStep = async (path: '/login' | '/session/login') => {
  const { app, mfa_token, headers } = await firstStep(path)
  return { request: { headers, body: { mfa_token, method: 'totp', code: app.code() } } }
}
const challengeOf = async (path: '/login' | '/session/login') => {
  const { mfa_token, headers } = await firstStep(path)
  return { request: { headers, body: { mfa_token, method: 'passkey' } } }
}
/** By a recovery code, which is compared like a password. */
const hashedStep = async (path: '/login' | '/session/login'): Promise<ApiRequest> => {
  const { app, mfa_token, headers } = await firstStep(path)
  return { headers, body: { mfa_token, method: 'recovery_code', code: app.recoveryCodes[0] } }
}

/** What makes each operation succeed. */
const successes: Record<string, () => Promise<{ path?: string; request: ApiRequest }>> = {
  register: async () => ({ request: { body: newPerson() } }),
  login: async () => ({ request: { body: { email: (await signedIn()).email, password: PASSWORD } } }),
  refresh: async () => ({ request: { body: { refresh_token: (await signedIn()).tokens.refresh_token } } }),
  logout: async () => ({ request: { headers: (await signedIn()).headers } }),
  createToken: async () => ({ request: { headers: basic((await signedIn()).email, PASSWORD) } }),
  sessionLogin: async () => ({ request: { body: { email: (await signedIn()).email, password: PASSWORD } } }),
  verifyLogin: () => secondStep('/login'),
  sessionVerify: () => secondStep('/session/login'),
  challengeLogin: () => challengeOf('/login'),
  sessionChallenge: () => challengeOf('/session/login'),
  sessionLogout: async () => ({ request: {} }),
  me: async () => ({ request: { headers: (await signedIn()).headers } }),
  mePost: async () => ({ request: { headers: (await signedIn()).headers } }),
  changeMe: async () => ({ request: { headers: (await signedIn()).headers, body: { first_name: 'Ada' } } }),
  myActivity: async () => ({ request: { headers: (await signedIn()).headers } }),
  myApps: async () => ({ request: { headers: (await signedIn()).headers } }),
  setMyPicture: async () => ({
    request: { headers: (await signedIn()).headers, body: { picture: png().toString('base64') } },
  }),
  removeMyPicture: async () => ({ request: { headers: (await signedIn()).headers } }),
  exportMe: async () => ({ request: { headers: (await signedIn()).headers } }),
  closeMe: async () => ({ request: { headers: (await signedIn()).headers, body: { password: PASSWORD } } }),
  factors: async () => ({ request: { headers: (await signedIn()).headers } }),
  addFactor: async () => ({
    request: { headers: (await signedIn()).headers, body: { method: 'totp', current_password: PASSWORD } },
  }),
  async challengeEnrolment() {
    const { id, factorId } = await withApp()
    await latchkey.services.factors.remove({ accountId: id, generation: 0 }, factorId)
    const account = await latchkey.services.accounts.byId(id)
    const { json } = await api.login(account?.email ?? '')
    return { request: { headers: bearer(json.access_token), body: { method: 'email' } } }
  },
  async verifyFactor() {
    const { id, headers } = await signedIn()
    const setup = await latchkey.services.factors.totp.begin(id)
    const code = codeOf(setup.secret, clock.now())
    return { path: `/me/factors/${setup.id}/verify`, request: { headers, body: { code } } }
  },
  async removeFactor() {
    const { headers, factorId } = await withApp()
    return { path: `/me/factors/${factorId}`, request: { headers, body: {} } }
  },
  renewRecoveryCodes: async () => ({ request: { headers: (await withApp()).headers, body: {} } }),
  managedGroups: async () => ({ request: { headers: (await managing()).headers } }),
  async managedGroup() {
    const { path, headers } = await managing()
    return { path, request: { headers } }
  },
  async managedGroupMembers() {
    const { path, headers } = await managing()
    return { path: `${path}/members`, request: { headers } }
  },
  async addManagedGroupMember() {
    const { path, headers } = await managing()
    const { email } = await latchkey.createUser()
    return { path: `${path}/members`, request: { headers, body: { user: email } } }
  },
  async removeManagedGroupMember() {
    const { path, id, headers } = await managing()
    return { path: `${path}/members/${id}`, request: { headers, body: {} } }
  },
  myOrganizations: async () => ({ request: { headers: (await managingOrganization()).headers } }),
  managedOrganization: () => ofOrganization(() => ''),
  managedOrganizationMembers: () => ofOrganization(() => '/members'),
  changeManagedOrganizationMember: () =>
    ofOrganization(({ other }) => `/members/${other}`, { roles: ['member'], current_password: PASSWORD }),
  removeManagedOrganizationMember: () =>
    ofOrganization(({ other }) => `/members/${other}`, { current_password: PASSWORD }),
  managedOrganizationInvitations: () => ofOrganization(() => '/invitations'),
  inviteToManagedOrganization: () =>
    ofOrganization(() => '/invitations', { email: 'someone@example.org', current_password: PASSWORD }),
  sendManagedOrganizationInvitation: () =>
    ofOrganization(({ invitation }) => `/invitations/${invitation}/send`, { current_password: PASSWORD }),
  revokeManagedOrganizationInvitation: () =>
    ofOrganization(({ invitation }) => `/invitations/${invitation}`, { current_password: PASSWORD }),
  managedOrganizationDomains: () => ofOrganization(() => '/domains'),
  addManagedOrganizationDomain: () =>
    ofOrganization(() => '/domains', { domain: 'acme.example', current_password: PASSWORD }),
  verifyManagedOrganizationDomain: () =>
    ofOrganization(({ domain }) => `/domains/${domain}/verify`, { current_password: PASSWORD }),
  removeManagedOrganizationDomain: () =>
    ofOrganization(({ domain }) => `/domains/${domain}`, { current_password: PASSWORD }),
  managedOrganizationProvider: () => ofOrganization(() => '/provider'),
  saveManagedOrganizationProvider: () =>
    ofProvider('', { ...providerBody, current_password: PASSWORD }, { bare: true }),
  removeManagedOrganizationProvider: () => ofProvider('', { current_password: PASSWORD }),
  testManagedOrganizationProvider: () => ofProvider('/test', { current_password: PASSWORD }),
  enableManagedOrganizationProvider: () => ofProvider('/enable', { current_password: PASSWORD }),
  disableManagedOrganizationProvider: () => ofProvider('/disable', { current_password: PASSWORD }),
  appPasswords: async () => ({ request: { headers: (await signedIn()).headers } }),
  createAppPassword: async () => ({
    request: { headers: (await withApp()).headers, body: { name: 'Script' } },
  }),
  async removeAppPassword() {
    const { headers, id } = await withApp()
    const made = await latchkey.services.factors.appPasswords.create(
      { accountId: id, generation: 0 },
      'Script',
    )
    return { path: `/me/app-passwords/${made.id}`, request: { headers, body: {} } }
  },
  sendVerification: async () => ({ request: { headers: (await signedIn()).headers } }),
  async verifyEmail() {
    const person = newPerson()
    await api.post('/register', person)
    return { path: `/verify-email/${await tokenIn(person.email)}`, request: {} }
  },
  forgotPassword: async () => ({ request: { body: { email: 'nobody@example.com' } } }),
  resetPassword: async () => ({ request: { body: { token: await resetToken(), new_password: NEXT } } }),
}

type Provoke = (operation: Listed) => Promise<{ path?: string; request: ApiRequest }>

let somebody: ReturnType<typeof signedIn> | undefined
/** Of one person, for requests that do nothing. */
const credentials = async (operation: Listed): Promise<Record<string, string>> => {
  if (operation.security === undefined) return {}
  somebody ??= signedIn()
  const { email, headers } = await somebody
  return operation.id === 'createToken' ? basic(email, PASSWORD) : headers
}
const unverified = async (): Promise<Record<string, string>> => {
  const person = newPerson()
  return bearer((await api.post('/register', person)).json.access_token)
}

/** A request of a person who has no second factor. */
const inOwnName = async (body: object): Promise<ApiRequest> => ({ headers: (await signedIn()).headers, body })

/** What brings each problem about, for every operation that documents it. */
const problems: Record<string, Provoke> = {
  400: async (operation) => ({ request: { headers: await credentials(operation), raw: '{' } }),
  async 401(operation) {
    if (operation.id === 'refresh') return { request: { body: { refresh_token: 'x' } } }
    if (/challenge/i.test(operation.id)) return { request: { body: { mfa_token: 'x', method: 'passkey' } } }
    if (/verify/i.test(operation.id) && operation.method === 'POST')
      return { request: { body: { mfa_token: 'x', method: 'totp', code: '000000' } } }
    if (operation.id === 'sendVerification') return { request: { headers: bearer('x') } }
    if (operation.security) return { request: {} }
    return { request: { body: { username: 'nobody', password: 'wrong' } } }
  },
  async 403(operation) {
    if (operation.method === 'GET') return { request: { headers: await unverified() } }
    return { request: { headers: { 'sec-fetch-site': 'cross-site' } } }
  },
  async 404({ id }) {
    if (id === 'addManagedGroupMember') return { request: await inOwnName({ user: 'ada' }) }
    if (id.startsWith('managedGroup')) return { request: { headers: (await signedIn()).headers } }
    if (id === 'removeManagedGroupMember') return { request: await inOwnName({}) }
    const ofOthers: Record<string, object> = {
      changeManagedOrganizationMember: { roles: [] },
      inviteToManagedOrganization: { email: 'someone@example.org' },
      addManagedOrganizationDomain: { domain: 'acme.example' },
      saveManagedOrganizationProvider: providerBody,
    }
    if (/anagedOrganization/.test(id))
      return {
        request: id.startsWith('managed')
          ? { headers: (await signedIn()).headers }
          : await inOwnName(ofOthers[id] ?? {}),
      }
    const proof = id === 'verifyFactor' ? { code: '123456' } : { current_password: PASSWORD }
    return { request: id.endsWith('Factor') || id.endsWith('AppPassword') ? await inOwnName(proof) : {} }
  },
  async 409(operation) {
    const { accounts } = latchkey.services
    if (operation.id === 'register') {
      const { username } = await latchkey.createUser()
      return { request: { body: { ...newPerson(), username } } }
    }
    if (operation.id === 'verifyEmail') {
      const person = newPerson()
      await api.post('/register', person)
      const path = `/verify-email/${await tokenIn(person.email)}`
      await accounts.createByAdmin({ ...newPerson(), email: person.email, verified: true })
      return { path, request: {} }
    }
    // There is no gateway for messages.
    if (operation.id === 'challengeLogin' || operation.id === 'sessionChallenge') {
      const path = operation.id === 'challengeLogin' ? '/login' : '/session/login'
      const { mfa_token, headers } = await firstStep(path)
      return { request: { headers, body: { mfa_token, method: 'sms' } } }
    }
    if (operation.id === 'addFactor')
      return {
        request: await inOwnName({
          ...{ method: 'sms', phone_number: '+4915112345678', current_password: PASSWORD },
        }),
      }
    // It never had a factor.
    if (operation.id === 'challengeEnrolment') return { request: await inOwnName({ method: 'email' }) }
    if (operation.id === 'renewRecoveryCodes')
      return { request: await inOwnName({ current_password: PASSWORD }) }
    if (operation.id === 'createAppPassword')
      return { request: await inOwnName({ name: 'Script', current_password: PASSWORD }) }
    const proof = { current_password: PASSWORD }
    if (operation.id === 'changeManagedOrganizationMember')
      return ofOrganization(({ id }) => `/members/${id}`, { roles: [], ...proof })
    if (operation.id === 'removeManagedOrganizationMember')
      return ofOrganization(({ id }) => `/members/${id}`, proof)
    if (operation.id === 'addManagedOrganizationDomain')
      return ofOrganization(() => '/domains', { domain: 'present.example', ...proof })
    if (operation.id === 'verifyManagedOrganizationDomain')
      return ofOrganization(() => '/domains/present.example/verify', proof)
    if (operation.id === 'saveManagedOrganizationProvider') {
      const given = await ofProvider('', { ...providerBody, ...proof }, { bare: true })
      await latchkey.services.providers.add({
        ...{ id: 'of-administrators', kind: 'oidc', client_id: 'c', client_secret: 's' },
        ...{ settings: { issuer: 'https://login.example' }, organization: given.organizationId },
      })
      return given
    }
    if (operation.id === 'inviteToManagedOrganization') {
      const given = await managingOrganization()
      const body = { email: given.invited, ...proof }
      return { path: `${given.path}/invitations`, request: { headers: given.headers, body } }
    }
    const { id, headers } = await signedIn()
    await accounts.setRole(id, 'admin')
    return { request: { headers, body: { password: PASSWORD } } }
  },
  413: async (operation) => ({
    request: {
      headers: await credentials(operation),
      raw: JSON.stringify('x'.repeat(operation.id === 'setMyPicture' ? 800_000 : 20_000)),
    },
  }),
  // Of another state than the one that is stored.
  async 412(operation) {
    const body = { ...(operation.method === 'PUT' && providerBody), current_password: PASSWORD }
    const given = await ofProvider('', body)
    return {
      ...given,
      request: { ...given.request, headers: { ...given.request.headers, 'if-match': '"x"' } },
    }
  },
  async 415(operation) {
    const headers = { ...(await credentials(operation)), 'content-type': 'text/plain' }
    return { request: { headers, raw: 'text' } }
  },
  async 422(operation) {
    const headers = await credentials(operation)
    if (operation.method === 'GET') return { path: `${operation.path}?limit=none`, request: { headers } }
    return { request: { headers, body: { nothing: 'like that' } } }
  },
}

/** A request that asks for a password to be hashed, by each operation that can be too much. */
const hashing: Record<string, (email: string) => Promise<ApiRequest>> = {
  register: async () => ({ body: newPerson() }),
  login: async (email) => ({ body: { email, password: PASSWORD } }),
  sessionLogin: async (email) => ({ body: { email, password: PASSWORD } }),
  verifyLogin: () => hashedStep('/login'),
  sessionVerify: () => hashedStep('/session/login'),
  changeMe: async () => ({
    headers: (await signedIn()).headers,
    body: { new_password: NEXT, current_password: PASSWORD },
  }),
  closeMe: async () => ({ headers: (await signedIn()).headers, body: { password: PASSWORD } }),
  resetPassword: async () => ({ body: { token: await resetToken(), new_password: NEXT } }),
}

/** Keeps the gate of password hashing full while `work` runs: no hash that is begun ends before. */
async function whileOverloaded(work: () => Promise<void>): Promise<void> {
  const { accounts } = latchkey.services
  const { promise, resolve } = Promise.withResolvers<void>()
  held = promise
  // Each name has a queue of its own, of two at once: one alone does not fill the gate. Those that find it full are refused.
  const guesses = Array.from({ length: 150 }, (_, n) =>
    accounts.authenticate({ identifier: `nobody-${n}`, password: 'x' }).catch(() => undefined),
  )
  while (accounts.hashing().waiting < 64) await nextTurn()
  await work().finally(resolve)
  await Promise.all(guesses)
}

/** Sends a cheap request until the limit that it counts under is used up. */
async function useUp(send: () => Promise<{ status: number }>): Promise<void> {
  for (;;) {
    const answers = await Promise.all(Array.from({ length: 50 }, send))
    if (answers.some(({ status }) => status === 429)) return
  }
}

describe('every documented answer is given', () => {
  const given = new Set<string>()

  test('each operation succeeds as documented, and answers every problem but the crowded ones', async () => {
    for (const operation of operations()) {
      const provoke = successes[operation.id]
      expect(provoke, operation.id).toBeDefined()
      const success = await provoke?.()
      const answer = await api.call(operation.method, success?.path ?? operation.path, success?.request)
      expect(answer.status, `${operation.id}: ${answer.text}`).toBeLessThan(300)
      given.add(`${operation.id} ${answer.status}`)
      for (const [status, bring] of Object.entries(problems)) {
        if (!(status in operation.responses)) continue
        const { path = operation.path, request } = await bring(operation)
        const wrong = await api.call(operation.method, path, request)
        expect(wrong.status, `${operation.id}: ${wrong.text}`).toBe(Number(status))
        expect(wrong.json).toMatchObject({ status: wrong.status, code: expect.stringMatching(/^[a-z_]+$/) })
        given.add(`${operation.id} ${status}`)
      }
    }
  })

  test('503 with Retry-After, while there is too much to hash', async () => {
    const { email } = await latchkey.createUser()
    const crowded = operations().filter(({ responses }) => '503' in responses)
    const prepared: [Listed, ApiRequest][] = []
    for (const operation of crowded) {
      const request = await (hashing[operation.id]?.(email) ?? { headers: basic(email, PASSWORD) })
      prepared.push([operation, request])
    }
    await whileOverloaded(async () => {
      for (const [operation, request] of prepared) {
        const answer = await api.call(operation.method, operation.path, request)
        expect(answer.json, operation.id).toMatchObject({ status: 503, code: 'overloaded' })
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
        given.add(`${operation.id} 503`)
      }
    })
  })

  test('429 with Retry-After, under each rate limit', async () => {
    const crowd = createApi(limited.issuer)
    const { email } = await limited.createUser()
    const headers = bearer((await crowd.login(email)).json.access_token)
    await useUp(() => crowd.post('/register', {}))
    await useUp(() => crowd.post('/login', {}))
    await useUp(() => crowd.post('/refresh', {}))
    await useUp(() => crowd.post('/session/logout'))
    await useUp(() => crowd.post('/forgot-password', {}))
    await useUp(() => crowd.post('/reset-password', {}))
    for (const operation of operations().filter(({ responses }) => '429' in responses)) {
      const request = operation.requestBody ? { headers, body: {} } : { headers }
      const answer = await crowd.call(operation.method, operation.path, request)
      expect(answer.json, operation.id).toMatchObject({ status: 429, code: 'rate_limited' })
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      given.add(`${operation.id} 429`)
    }
  })

  test('none is left', () => {
    const documented = operations().flatMap(({ id, responses }) =>
      Object.keys(responses).map((status) => `${id} ${status}`),
    )
    expect([...given].sort()).toEqual(documented.sort())
  })
})

describe('the document', () => {
  test('is OpenAPI 3.1, and documents every route of both APIs and nothing else', () => {
    expect(document.openapi).toBe('3.1.0')
    const listed = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`),
    )
    const routes = apiRoutes(latchkey.app.printRoutes({ commonPrefix: false, includeHooks: false }))
    expect(routes).toContain('PATCH /api/admin/clients/:id')
    // Providers elsewhere call it, as their specification says: it is none of these APIs.
    const ofProviders = 'POST /api/auth/oauth/:provider/backchannel-logout'
    expect(routes).toContain(ofProviders)
    expect(listed.sort()).toEqual(routes.filter((route) => route !== ofProviders))
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    )
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('every body has an example, which the operation takes', async () => {
    const accounts = await startLatchkey()
    try {
      const own = createApi(accounts.issuer)
      for (const { id, method, path, requestBody } of operations()) {
        if (!requestBody) continue
        const { example } = requestBody.content['application/json'] ?? {}
        expect(example, id).toBeDefined()
        const answer = await own.call(method, path, { body: example })
        // Nobody is signed in, and the token of an example is nobody's.
        expect([200, 201, 202, 204, 401, 403, 422], `${id}: ${answer.text}`).toContain(answer.status)
        if (answer.status === 422) expect(Object.keys(answer.json.errors as object)).toEqual(['token'])
      }
    } finally {
      await accounts.stop()
    }
  })

  test('a body is required where one is, and optional for signing out', async () => {
    for (const { id, method, path, requestBody } of operations()) {
      if (!requestBody) continue
      const { status, text } = await api.call(method, path, { headers: (await signedIn()).headers })
      expect(status === 422, `${id}: ${text}`).toBe(requestBody.required)
    }
  })

  test('every reference in it leads somewhere', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)]
    expect(references.length).toBeGreaterThan(0)
    for (const [, name] of references) expect(document.components.schemas).toHaveProperty(String(name))
  })
})

describe('/api/docs', () => {
  let browser: SharedBrowser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  test('shows every operation under the strict CSP, in a browser that loads nothing from elsewhere', async () => {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => complaints.push(message.text()))
    page.on('request', (request) => {
      if (!request.url().startsWith(latchkey.issuer)) complaints.push(request.url())
    })
    const answer = await page.goto(`${latchkey.issuer}/api/docs`)
    expect(answer?.headers()['content-security-policy']).toContain("style-src 'self'")
    for (const { id, method, path } of operations()) {
      const shown = page.locator(`#${id}`)
      await shown.locator('summary').click()
      expect(await shown.locator('summary').textContent()).toContain(
        `${method} /api/auth${path.replace(/x{43}/, '{token}')}`,
      )
      expect(await shown.locator('pre').isVisible()).toBe(true)
    }
    expect(complaints).toEqual([])
    await page.close()
  })

  test('works for somebody who is signed in too', async () => {
    const { email } = await latchkey.createUser()
    const cookie = await sessionCookie(latchkey, email)
    expect((await fetch(`${latchkey.issuer}/api/docs`, { headers: { cookie } })).status).toBe(200)
  })
})
