import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { signedIn } from './console.ts'
import { createRest, machine, person } from './rest/support.ts'

const QUARTER = 900_000

let latchkey: Latchkey
let shift = 0
beforeAll(async () => {
  latchkey = await startLatchkey({ clock: () => Date.now() + shift })
})
afterEach(() => {
  shift = 0
})
afterAll(() => latchkey?.stop())

const JOB = { client_name: 'Job', grant_types: ['client_credentials'] }
const tooOld = { status: 401, json: { code: 'insufficient_user_authentication', status: 401 } }

describe('a person’s token at the administration API', () => {
  test('registers no client with a sign-in of a quarter of an hour ago, and is told how old it may be', async () => {
    const { rest } = await person(latchkey, 'admin')
    expect((await rest.post('/clients', JOB)).status).toBe(201)
    shift = QUARTER
    for (const body of [JOB, { ...JOB, scope: 'admin:write' }, { client_name: 'App', first_party: true }]) {
      const refused = await rest.post('/clients', body)
      expect(refused).toMatchObject(tooOld)
      expect(refused.headers.get('www-authenticate')).toMatch(
        /^Bearer .*error="insufficient_user_authentication".*max_age="900"$/,
      )
    }
    expect((await rest.get('/clients')).status).toBe(200)
  })

  test('opens no door by an API either: neither adding nor widening nor removing one', async () => {
    const { rest } = await person(latchkey, 'admin')
    const api = { identifier: 'https://door.example', scope: 'door:open' }
    expect((await rest.post('/resources', api)).status).toBe(201)
    shift = QUARTER
    const path = `/resources/${encodeURIComponent(api.identifier)}`
    expect(await rest.post('/resources', { ...api, identifier: 'https://gate.example' })).toMatchObject(
      tooOld,
    )
    expect(await rest.patch(path, { scope: 'door:open door:remove' })).toMatchObject(tooOld)
    expect(await rest.delete(path)).toMatchObject(tooOld)
    expect((await rest.get(path)).json.scope).toBe('door:open')
  })

  test('is as old as its sign-in, however often it is refreshed', async () => {
    const { party, tokens } = await person(latchkey, 'admin')
    shift = QUARTER
    const refreshed = await party.refresh(String(tokens.refresh_token))
    const again = await party.refresh(String(refreshed.refresh_token))
    for (const token of [refreshed.access_token, again.access_token]) {
      const rest = createRest(latchkey.issuer, token)
      expect(await rest.post('/keys/rotate')).toMatchObject(tooOld)
      expect((await rest.get('/keys')).status).toBe(200)
    }
  })

  test('of a later authorization in the same session is as old as the sign-in', async () => {
    const { browser, party } = await person(latchkey, 'admin')
    shift = QUARTER
    const request = await party.authorize({ scope: 'openid admin:write' })
    const { url } = await browser.open(request.url)
    const { access_token } = await party.callback(url, request)
    expect(await createRest(latchkey.issuer, access_token).post('/clients', JOB)).toMatchObject(tooOld)
  })

  test('whose sign-in is new again does it', async () => {
    const { email, browser, party } = await person(latchkey, 'admin')
    const request = await party.authorize({ scope: 'openid admin:write', prompt: 'login' })
    const page = await browser.open(request.url)
    const done = await browser.signIn(page, { identifier: email, password: PASSWORD })
    const { access_token } = await party.callback(done.url, request)
    expect((await createRest(latchkey.issuer, access_token).post('/clients', JOB)).status).toBe(201)
  })

  test('an auditor is refused for their role, not sent to sign in again', async () => {
    const { rest } = await person(latchkey, 'auditor')
    shift = QUARTER
    expect(await rest.post('/clients', JOB)).toMatchObject({ status: 403, json: { code: 'forbidden' } })
  })
})

test('a client that acts for itself has no sign-in to be fresh: its scopes decide', async () => {
  const { rest } = await machine(latchkey)
  shift = QUARTER
  expect((await rest.post('/clients', JOB)).status).toBe(201)
})

test('auth_time in an access token of an API is the time of the sign-in, also after a refresh', async () => {
  await latchkey.services.resources.add({ identifier: 'https://orders.example', scope: 'orders:read' })
  const scope = 'openid orders:read'
  const { party, tokens } = await person(latchkey, 'user', { scope }, scope)
  const claims = (jwt: string) => JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString())
  const first = claims(tokens.access_token)
  expect(first.auth_time).toBe(tokens.claims()?.auth_time)
  const refreshed = await party.refresh(String(tokens.refresh_token))
  expect(claims(refreshed.access_token).auth_time).toBe(first.auth_time)
})

describe('the console', () => {
  test('registers no client with an old sign-in', async () => {
    const { browser } = await signedIn(latchkey)
    const form = await browser.open(`${latchkey.issuer}/admin/clients/new?kind=machine`)
    shift = QUARTER
    const asked = await browser.submit(form, { Name: 'Too late' }, { button: 'Register' })
    expect(asked.url.pathname).toBe('/login')
    expect(asked.text).toMatch(/Sign in again to confirm that it is you\. Signing in as admin\w+/)
    expect(asked.body).toContain('<a href="/admin/clients/new?kind=machine">Cancel</a>')
    const { items } = await latchkey.services.clients.list({ search: 'Too late' })
    expect(items).toEqual([])
  })

  test('asks for who is signed in: another account does not take their place', async () => {
    const { browser, username } = await signedIn(latchkey)
    const other = await latchkey.createUser()
    const form = await browser.open(`${latchkey.issuer}/admin/clients/new?kind=machine`)
    shift = QUARTER
    const asked = await browser.submit(form, { Name: 'Of whom' }, { button: 'Register' })
    const identifier = asked.forms.flatMap(({ fields }) => fields).find(({ name }) => name === 'identifier')
    expect(identifier?.value).toBe(username)
    const refused = await browser.signIn(asked, { identifier: other.email, password: PASSWORD })
    expect(refused.url.pathname).toBe('/login')
    expect(refused.text).toContain(`That is another account. Sign in as ${username}, or cancel`)
    const account = await browser.open(`${latchkey.issuer}/account`)
    expect(account.text).toContain(`Signed in as ${username}`)
    const goOn = await browser.signIn(refused, { identifier: username, password: PASSWORD })
    expect(goOn.text).toContain('You are about to register a client')
  })

  test.each(['admin:write', 'admin:read', 'photos:secret', '__proto__'])(
    'takes only scopes that its form offered, not %s',
    async (scope) => {
      const { browser } = await signedIn(latchkey)
      for (const kind of ['machine', 'mcp', 'web']) {
        const form = await browser.open(`${latchkey.issuer}/admin/clients/new?kind=${kind}`)
        const request = browser.prepare(form, { Name: `With ${scope}` }, { button: 'Register' })
        request.body?.set('redirect_uris', 'https://app.example/callback')
        request.body?.set(`scope.${scope}`, 'on')
        await browser.send(request)
      }
      expect((await latchkey.services.clients.list({ search: `With ${scope}` })).items).toEqual([])
    },
  )
})

describe('the account page', () => {
  /** Two browsers of one person; the first one's sign-in has become old. */
  async function twoDevices() {
    const user = await latchkey.createUser()
    const [old, other] = [createHttpBrowser(), createHttpBrowser()]
    for (const browser of [old, other]) {
      const page = await browser.open(`${latchkey.issuer}/login`)
      await browser.signIn(page, { identifier: user.email, password: PASSWORD })
    }
    const page = await old.open(`${latchkey.issuer}/account/sessions`)
    shift = QUARTER
    const staysIn = async () => (await other.open(`${latchkey.issuer}/account`)).url.pathname === '/account'
    return { old, page, staysIn }
  }

  test('signs nobody out elsewhere with an old sign-in', async () => {
    const { old, page, staysIn } = await twoDevices()
    const asked = await old.submit(page, {}, { button: 'Sign out everywhere else' })
    expect(asked.url.pathname).toBe('/login')
    expect(await staysIn()).toBe(true)
  })

  test('nor one device after the other', async () => {
    const { old, page, staysIn } = await twoDevices()
    const others = page.forms.filter(({ action }) => action === '/account/sessions/end')
    expect(others).toHaveLength(2)
    for (const { fields } of others) {
      const id = fields.find(({ name }) => name === 'id')?.value
      await old.submit(page, {}, { form: (each) => each.fields.some(({ value }) => value === id) })
    }
    expect(await staysIn()).toBe(true)
  })
})
