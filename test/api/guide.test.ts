import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { personalFields } from '../../src/shared/profile/fields.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { type Api, bearer, cookiesOf, createApi } from './support.ts'

/** The “authentication guide” of a public site's API, call by call. */
describe.each(engines)('the guide, from registering to a new password, on %s', (engine) => {
  let latchkey: Latchkey
  let api: Api
  const person = {
    username: 'Grace',
    email: 'grace@example.com',
    password: 'velvet-anchor-58-tundra',
    first_name: 'Grace',
    last_name: 'Hopper',
  }
  let access = ''
  let refresh = ''
  const keep = (json: Record<string, unknown>) => {
    expect(json).toEqual({
      access_token: expect.stringMatching(/^[\w-]{43}$/),
      refresh_token: expect.stringMatching(/^[\w-]{43}$/),
      token_type: 'Bearer',
      expires_in: 3600,
    })
    access = String(json.access_token)
    refresh = String(json.refresh_token)
  }
  const profile = {
    id: expect.any(String),
    username: 'Grace',
    email: 'grace@example.com',
    first_name: 'Grace',
    last_name: 'Hopper',
    is_active: true,
    is_staff: false,
    is_superuser: false,
    email_verified: true,
  }

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    api = createApi(latchkey.issuer)
  })
  afterAll(() => latchkey.stop())

  test('POST /register → 201 and tokens', async () => {
    const answer = await api.post('/register', person)
    expect(answer.status).toBe(201)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    keep(answer.json)
  })

  test('the tokens wait for the proof of the address', async () => {
    expect(await api.me(bearer(access))).toMatchObject({
      status: 403,
      json: { detail: 'Unconfirmed account', code: 'unconfirmed_account' },
    })
    expect(await api.login('grace', person.password)).toMatchObject({ status: 403 })
    expect(await api.post('/refresh', { refresh_token: refresh })).toMatchObject({ status: 403 })
  })

  test('POST /send-verification → 202, GET /verify-email/{token}', async () => {
    expect((await api.post('/send-verification', undefined, bearer(access))).status).toBe(202)
    const { link } = await latchkey.mailTo(person.email)
    expect(link.pathname).toBe('/verify-email')
    const path = `/verify-email/${link.searchParams.get('token')}`
    // Mail scanners look before they open.
    expect((await api.call('HEAD', path)).status).toBe(404)
    expect(await api.get(path)).toMatchObject({ status: 200, json: { email_verified: true } })
    expect(await api.get(path)).toMatchObject({ status: 404, json: { code: 'link_expired' } })
  })

  test('POST and GET /me → the profile', async () => {
    expect(await api.post('/me', undefined, bearer(access))).toMatchObject({ status: 200, json: profile })
    // A field that is added for people to change comes with its row (src/shared/profile/table.ts).
    const added = personalFields.map(({ rest }) => rest).filter((name) => !(name in profile))
    const names = Object.keys((await api.me(bearer(access))).json)
    expect(names.filter((name) => !added.includes(name))).toEqual(Object.keys(profile))
  })

  test('the tokens are OAuth tokens: userinfo knows them', async () => {
    const answer = await fetch(`${latchkey.issuer}/userinfo`, { headers: bearer(access) })
    expect(await answer.json()).toMatchObject({ email: person.email, preferred_username: 'grace' })
  })

  test('POST /login by username and by email address → tokens', async () => {
    const byEmail = await api.post('/login', { email: person.email, password: person.password })
    expect(byEmail.status).toBe(200)
    const answer = await api.login('grace', person.password)
    expect(answer.status).toBe(200)
    keep(answer.json)
  })

  test('POST /refresh → new tokens', async () => {
    const before = { access, refresh }
    const answer = await api.post('/refresh', { refresh_token: refresh })
    expect(answer.status).toBe(200)
    keep(answer.json)
    expect(access).not.toBe(before.access)
    expect(refresh).not.toBe(before.refresh)
    expect((await api.me(bearer(access))).status).toBe(200)
  })

  test('POST /session/login → HttpOnly cookie, /me by it, POST /session/logout → 204', async () => {
    const credentials = { username: 'grace', password: person.password }
    const signedIn = await api.post('/session/login', credentials)
    expect(signedIn).toMatchObject({ status: 200, json: profile })
    for (const line of signedIn.headers.getSetCookie()) expect(line).toMatch(/; httponly/i)
    for (const line of signedIn.headers.getSetCookie()) expect(line).toMatch(/; samesite=lax/i)
    const cookie = { cookie: cookiesOf(signedIn.headers) }
    expect(await api.me(cookie)).toMatchObject({ status: 200, json: profile })
    const json = { ...cookie, 'content-type': 'application/json' }
    const signedOut = await api.call('POST', '/session/logout', { headers: json })
    expect(signedOut.status).toBe(204)
    expect(signedOut.headers.getSetCookie().every((line) => /expires=Thu, 01 Jan 1970/.test(line))).toBe(true)
    expect((await api.me(cookie)).status).toBe(401)
  })

  test('POST /logout → 204; the whole family of tokens is over', async () => {
    expect((await api.post('/logout', undefined, bearer(access))).status).toBe(204)
    expect(await api.me(bearer(access))).toMatchObject({ status: 401, json: { code: 'invalid_token' } })
    expect(await api.post('/refresh', { refresh_token: refresh })).toMatchObject({
      status: 401,
      json: { code: 'invalid_grant' },
    })
  })

  test('POST /forgot-password → 202, POST /reset-password → 204; everything before is over', async () => {
    const before = await api.login('grace', person.password)
    expect((await api.post('/forgot-password', { email: person.email })).status).toBe(202)
    expect((await api.post('/forgot-password', { email: 'nobody@example.com' })).status).toBe(202)
    const token = (await latchkey.mailTo(person.email)).link.searchParams.get('token')
    expect(await api.post('/reset-password', { token, new_password: 'password1234' })).toMatchObject({
      status: 422,
      json: { errors: { new_password: [expect.any(String)] } },
    })
    const next = { token, new_password: 'quartz-lantern-31-orbit' }
    expect((await api.post('/reset-password', next)).status).toBe(204)
    expect(await api.post('/reset-password', next)).toMatchObject({
      status: 422,
      json: { errors: { token: [expect.any(String)] } },
    })
    expect((await api.me(bearer(before.json.access_token))).status).toBe(401)
    expect((await api.login('grace', person.password)).status).toBe(401)
    expect((await api.login('grace', next.new_password)).status).toBe(200)
  })
})
