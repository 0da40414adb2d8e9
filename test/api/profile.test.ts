import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { type Api, basic, bearer, cookiesOf, createApi, problem } from './support.ts'

let latchkey: Latchkey
let api: Api
beforeAll(async () => {
  latchkey = await startLatchkey()
  api = createApi(latchkey.issuer)
})
afterAll(() => latchkey.stop())

const NEXT = 'quartz-lantern-31-orbit'

async function signedIn() {
  const user = await latchkey.createUser()
  const tokens = (await api.login(user.email)).json
  const headers = bearer(tokens.access_token)
  return { user, tokens, headers, patch: (body: unknown) => api.call('PATCH', '/me', { body, headers }) }
}
const fields = (answer: { json: Record<string, unknown> }) => Object.keys(answer.json.errors as object)

describe('names', () => {
  test('are changed, emptied by null or an empty text, and left alone when left out', async () => {
    const { patch } = await signedIn()
    const both = await patch({ first_name: 'Ada', last_name: 'Lovelace' })
    expect(both).toMatchObject({ status: 200, json: { first_name: 'Ada', last_name: 'Lovelace' } })
    expect(await patch({ last_name: 'King' })).toMatchObject({
      json: { first_name: 'Ada', last_name: 'King' },
    })
    expect(await patch({ first_name: null })).toMatchObject({ json: { first_name: '', last_name: 'King' } })
    expect(await patch({ last_name: '' })).toMatchObject({ json: { last_name: '' } })
    expect((await patch({})).status).toBe(200)
  })

  test('what is wrong is said by field, each once, in the names of this API', async () => {
    const { patch } = await signedIn()
    const answer = await patch({ first_name: 'x'.repeat(101), last_name: 'a\u202eb', is_staff: true })
    expect(answer).toMatchObject(problem(422, 'invalid_fields'))
    expect(fields(answer)).toEqual(['is_staff'])
    const named = await patch({ first_name: 'x'.repeat(101), last_name: 'a\u202eb' })
    expect(fields(named)).toEqual(['first_name', 'last_name'])
  })

  test('nobody makes themselves administrator, or verified', async () => {
    const { patch, headers } = await signedIn()
    for (const field of ['is_staff', 'is_superuser', 'is_active', 'email_verified', 'role', 'id', 'username'])
      expect((await patch({ [field]: true })).status).toBe(422)
    expect(await api.me(headers)).toMatchObject({ json: { is_staff: false, is_superuser: false } })
  })
})

test('is_staff and is_superuser follow the role', async () => {
  const { user, headers } = await signedIn()
  const { accounts } = latchkey.services
  await accounts.setRole(user.id, 'auditor')
  expect(await api.me(headers)).toMatchObject({ json: { is_staff: true, is_superuser: false } })
  await accounts.setRole(user.id, 'admin')
  expect(await api.me(headers)).toMatchObject({ json: { is_staff: true, is_superuser: true } })
  await accounts.createByAdmin({
    username: 'second-admin',
    email: 'second-admin@example.com',
    password: PASSWORD,
    verified: true,
    role: 'admin',
  })
  await accounts.setRole(user.id, 'user')
})

describe('another email address', () => {
  test('needs the password, and counts once it is proven; the old one is told', async () => {
    const { user, headers, patch } = await signedIn()
    const email = `new-${user.email}`
    expect(fields(await patch({ email }))).toEqual(['current_password'])
    expect(fields(await patch({ email, current_password: 'wrong' }))).toEqual(['current_password'])
    expect(fields(await patch({ email: 'no address', current_password: PASSWORD }))).toEqual(['email'])
    const asked = await patch({ email, current_password: PASSWORD })
    expect(asked).toMatchObject({ status: 200, json: { email: user.email, email_verified: true } })
    const token = (await latchkey.mailTo(email)).link.searchParams.get('token')
    expect((await api.get(`/verify-email/${token}`)).status).toBe(200)
    expect(await api.me(headers)).toMatchObject({ json: { email } })
    expect((await latchkey.mailTo(user.email)).text).toContain(email)
  })

  test('one that another person proves first is 409', async () => {
    const { patch } = await signedIn()
    await patch({ email: 'wanted@example.com', current_password: PASSWORD })
    const token = (await latchkey.mailTo('wanted@example.com')).link.searchParams.get('token')
    await latchkey.services.accounts.createByAdmin({
      username: 'quicker',
      email: 'wanted@example.com',
      password: PASSWORD,
      verified: true,
    })
    expect(await api.get(`/verify-email/${token}`)).toMatchObject(problem(409, 'email_taken'))
  })
})

describe('another password', () => {
  test('asks for the current one, and ends every token and other session', async () => {
    const { user, tokens, headers, patch } = await signedIn()
    const other = await api.post('/session/login', { email: user.email, password: PASSWORD })
    expect(fields(await patch({ new_password: NEXT }))).toEqual(['current_password'])
    expect(fields(await patch({ new_password: NEXT, current_password: 'wrong' }))).toEqual([
      'current_password',
    ])
    const weak = await patch({ new_password: 'password1234', current_password: PASSWORD })
    expect(fields(weak)).toEqual(['new_password'])
    expect((await patch({ new_password: NEXT, current_password: PASSWORD })).status).toBe(200)
    expect((await api.me(headers)).status).toBe(401)
    expect((await api.post('/refresh', { refresh_token: tokens.refresh_token })).status).toBe(401)
    expect((await api.me({ cookie: cookiesOf(other.headers) })).status).toBe(401)
    expect((await api.login(user.email)).status).toBe(401)
    expect((await api.login(user.email, NEXT)).status).toBe(200)
  })

  test('the session that asked goes on, under a new id', async () => {
    const { user, tokens } = await signedIn()
    const session = await api.post('/session/login', { email: user.email, password: PASSWORD })
    const cookie = cookiesOf(session.headers)
    const changed = await api.call('PATCH', '/me', {
      body: { new_password: NEXT, current_password: PASSWORD },
      headers: { cookie },
    })
    expect(changed.status).toBe(200)
    expect((await api.me({ cookie: cookiesOf(changed.headers) })).status).toBe(200)
    expect((await api.me({ cookie })).status).toBe(401)
    expect((await api.me(bearer(tokens.access_token))).status).toBe(401)
  })

  test('two kinds of change at once are refused, so that none is done by half', async () => {
    const { patch, headers } = await signedIn()
    const answer = await patch({ first_name: 'Ada', new_password: NEXT, current_password: PASSWORD })
    expect(answer.status).toBe(422)
    expect(await api.me(headers)).toMatchObject({ status: 200, json: { first_name: '' } })
  })
})

describe('closing the account', () => {
  const close = (headers: Record<string, string>, password?: string) =>
    api.call('DELETE', '/me', { body: password === undefined ? {} : { password }, headers })

  test('asks for the password; then nothing of it works', async () => {
    const { user, headers } = await signedIn()
    expect(fields(await close(headers))).toEqual(['password'])
    expect(fields(await close(headers, 'wrong'))).toEqual(['password'])
    expect((await api.call('DELETE', '/me', { headers })).status).toBe(422)
    expect((await api.me(headers)).status).toBe(200)
    expect((await close(headers, PASSWORD)).status).toBe(204)
    for (const credentials of [headers, basic(user.email, PASSWORD)])
      expect((await api.me(credentials)).status).toBe(401)
    expect((await api.login(user.email)).status).toBe(401)
  })

  test('the last administrator stays', async () => {
    const own = await startLatchkey()
    try {
      const { id, email } = await own.createUser()
      await own.services.accounts.setRole(id, 'admin')
      const alone = createApi(own.issuer)
      const answer = await alone.call('DELETE', '/me', {
        body: { password: PASSWORD },
        headers: basic(email, PASSWORD),
      })
      expect(answer).toMatchObject(problem(409, 'last_administrator'))
      expect((await alone.me(basic(email, PASSWORD))).status).toBe(200)
    } finally {
      await own.stop()
    }
  })
})

describe('registering', () => {
  const person = { username: 'linus', email: 'linus@example.com', password: 'velvet-anchor-58-tundra' }

  test('every wrong field at once, each once', async () => {
    const answer = await api.post('/register', {
      username: 'a b',
      email: 'nowhere',
      password: 'password1234',
      first_name: 'x'.repeat(101),
    })
    expect(answer).toMatchObject(problem(422, 'invalid_fields'))
    expect(fields(answer).sort()).toEqual(['email', 'first_name', 'password', 'username'])
    expect(fields(await api.post('/register', {}))).toEqual(['username', 'email', 'password'])
    const wrongTypes = await api.post('/register', { username: 1, email: [], password: {}, last_name: 7 })
    expect(fields(wrongTypes)).toEqual(['username', 'email', 'password', 'last_name'])
  })

  test('a username that is taken is 409; an address that is taken looks like any other', async () => {
    expect((await api.post('/register', person)).status).toBe(201)
    const again = await api.post('/register', { ...person, username: 'LINUS' })
    expect(again).toMatchObject({ status: 409, json: { errors: { username: [expect.any(String)] } } })
    const { email } = await latchkey.createUser()
    const known = await api.post('/register', { ...person, username: 'linus2', email })
    expect(known.status).toBe(201)
    expect(Object.keys(known.json)).toEqual(['access_token', 'refresh_token', 'token_type', 'expires_in'])
    expect((await latchkey.mailTo(email)).text).toContain('/login')
  })

  test('closed registration is 403', async () => {
    const closed = await startLatchkey({ env: { REGISTRATION: 'closed' } })
    try {
      const answer = await createApi(closed.issuer).post('/register', person)
      expect(answer).toMatchObject(problem(403, 'registration_closed'))
    } finally {
      await closed.stop()
    }
  })
})
