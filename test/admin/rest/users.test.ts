import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sessionCookie } from '../../api/support.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { machine, person, type Rest } from './support.ts'

const stillSignedIn = async (latchkey: Latchkey, cookie: string) =>
  (await fetch(`${latchkey.issuer}/account`, { headers: { cookie }, redirect: 'manual' })).status === 200

describe.each(engines)('users on %s', (engine) => {
  let latchkey: Latchkey
  let rest: Rest
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey.stop())

  let people = 0
  const create = async (more: object = {}) => {
    const username = `person${++people}`
    const made = await rest.post('/users', { username, email: `${username}@example.com`, ...more })
    expect(made.status, made.text).toBe(201)
    return made.json as { id: string; username: string }
  }
  const tag = async (path: string) => (await rest.get(path)).headers.get('etag') ?? ''

  test('are made without a password, and set it by a link that only they get', async () => {
    const made = await rest.post('/users', {
      username: 'Ada',
      email: 'ada@example.com',
      first_name: 'Ada',
      last_name: null,
      verified: true,
    })
    expect(made).toMatchObject({
      status: 201,
      json: { username: 'Ada', email: 'ada@example.com', first_name: 'Ada', role: 'user', status: 'active' },
    })
    const path = `/users/${made.json.id}`
    expect(made.headers.get('location')).toBe(`${latchkey.issuer}/api/admin${path}`)
    const sent = await rest.post(`${path}/send-reset`)
    expect(sent.status).toBe(200)
    const { link } = await latchkey.mailTo('ada@example.com')
    expect(link.pathname).toBe('/reset-password')
    expect(sent.text).not.toContain(link.searchParams.get('token'))
    expect(await rest.get(path)).toMatchObject({ status: 200, json: made.json })
  })

  test('no password is taken, and none is shown', async () => {
    const refused = await rest.post('/users', { username: 'x1', email: 'x@example.com', password: 'abc' })
    expect(refused).toMatchObject({ status: 422, json: { errors: { password: [expect.any(String)] } } })
    const { id } = await latchkey.createUser()
    expect(await rest.patch(`/users/${id}`, { password: 'glass otter 1' })).toMatchObject({ status: 422 })
    for (const { text } of [await rest.get('/users'), await rest.get(`/users/${id}`)])
      expect(text).not.toMatch(/password|argon2/i)
  })

  test('what is wrong with a field is told under its own name', async () => {
    const refused = await rest.post('/users', { username: 'x', email: 'nothing', first_name: 'a\nb' })
    expect(Object.keys(refused.json.errors as object).sort()).toEqual(['email', 'first_name', 'username'])
    const { username } = await create()
    const taken = await rest.post('/users', { username, email: 'else@example.com' })
    expect(taken).toMatchObject({ status: 409, json: { errors: { username: [expect.any(String)] } } })
  })

  test('change their names; another address waits until they have proven it', async () => {
    const { id } = await create({ verified: true, first_name: 'Ada' })
    const changed = await rest.patch(`/users/${id}`, { last_name: 'King', email: `new-${id}@example.com` })
    expect(changed.json).toMatchObject({
      first_name: 'Ada',
      last_name: 'King',
      email: expect.stringContaining('person'),
      pending_email: `new-${id}@example.com`,
    })
    const { link } = await latchkey.mailTo(`new-${id}@example.com`)
    expect(link.pathname).toBe('/verify-email')
    const back = await rest.patch(`/users/${id}`, { email: changed.json.email, first_name: null })
    expect(back.json).toMatchObject({ pending_email: null, first_name: null })
    expect((await fetch(link)).status).toBe(410)
    expect((await rest.get(`/users/${id}`)).json.email).toBe(changed.json.email)
    for (const field of [{ email: 'x' }, { first_name: 1 }])
      expect(Object.keys((await rest.patch(`/users/${id}`, field)).json.errors as object)).toEqual(
        Object.keys(field),
      )
  })

  test('are shut out and let in, and everything of theirs ends', async () => {
    const { id, email } = await latchkey.createUser()
    let cookie = await sessionCookie(latchkey, email)
    expect(await rest.post(`/users/${id}/disable`)).toMatchObject({ json: { status: 'disabled' } })
    expect(await stillSignedIn(latchkey, cookie)).toBe(false)
    expect(await rest.post(`/users/${id}/send-reset`)).toMatchObject({
      status: 409,
      json: { code: 'account_disabled' },
    })
    expect(await rest.post(`/users/${id}/enable`)).toMatchObject({ json: { status: 'active' } })
    expect(await stillSignedIn(latchkey, cookie)).toBe(false)

    cookie = await sessionCookie(latchkey, email)
    const sessions = await rest.get(`/users/${id}/sessions`)
    expect(sessions.json.items).toMatchObject([{ device: expect.any(String), detail: expect.any(String) }])
    expect(await rest.post(`/users/${id}/end-sessions`)).toMatchObject({ status: 200 })
    expect(await stillSignedIn(latchkey, cookie)).toBe(false)
    expect((await rest.get(`/users/${id}/sessions`)).json.items).toEqual([])
  })

  test('are signed out of one browser, once, in the log, and nobody by the ID of another account', async () => {
    const { id, email } = await latchkey.createUser()
    const other = await latchkey.createUser()
    const kept = await sessionCookie(latchkey, email)
    const before = (await rest.get(`/users/${id}/sessions`)).json.items?.map((each) => each.id)
    const ended = await sessionCookie(latchkey, email)
    const { items = [] } = (await rest.get(`/users/${id}/sessions`)).json
    const sid = items.map((each) => each.id).find((each) => !before?.includes(each))
    const missing = { status: 404, json: { code: 'session_not_found' } }
    expect(await rest.delete(`/users/${other.id}/sessions/${sid}`)).toMatchObject(missing)
    expect(await stillSignedIn(latchkey, ended)).toBe(true)
    expect(await rest.delete(`/users/${id}/sessions/${sid}`)).toMatchObject({ status: 204 })
    expect(await stillSignedIn(latchkey, ended)).toBe(false)
    expect(await stillSignedIn(latchkey, kept)).toBe(true)
    expect(await rest.delete(`/users/${id}/sessions/${sid}`)).toMatchObject(missing)
    const { items: log } = await latchkey.services.audit.list({ target: id, action: 'session.ended' })
    expect(log).toMatchObject([{ details: { reason: 'device' } }])
    expect(log[0]?.actor.id).not.toBe(id)
  })

  test('what is refused of them, of groups, roles and organizations is English, whatever the request prefers', async () => {
    const german = { 'accept-language': 'de' }
    const { id } = await latchkey.createUser()
    const name = `english-${engine}`
    for (const path of ['/groups', '/roles']) await rest.post(path, { name })
    await rest.post('/organizations', { name, slug: name })
    await rest.post(`/users/${id}/disable`)
    const said = async (method: string, path: string, body?: unknown) => {
      const { status, text } = await rest.call(method, path, { body, headers: german })
      expect(status, text).toBeGreaterThanOrEqual(400)
      return text
    }
    const texts = await Promise.all([
      said('POST', '/groups', { name }),
      said('POST', '/groups', { name: 'a,b' }),
      said('GET', `/groups/${id}`),
      said('POST', '/roles', { name }),
      said('POST', '/roles', { name: 'x', scope: 'orders:read' }),
      said('POST', '/organizations', { name, slug: name }),
      said('POST', '/organizations', { name, slug: 'Not a slug' }),
      said('POST', `/users/${id}/send-reset`),
      said('DELETE', `/users/${id}/sessions/none`),
      said('POST', '/users', { username: `${name}-admin`, role: 'admin' }),
    ])
    const expected = [
      'There is a group with this name already.',
      'Leave out commas',
      'There is no group with this ID.',
      'There is a role with this name already.',
      'Scopes belong to an API',
      'There is an organization with this short name already.',
      'lower-case letters, digits and hyphens',
      'This account is disabled. Enable it first.',
      'This user has no session with this ID.',
      'A client cannot make administrators and auditors.',
    ]
    expect(texts).toEqual(expected.map((sentence) => expect.stringContaining(sentence)))
  })

  test('are unlocked', async () => {
    const { id, email } = await latchkey.createUser()
    for (let guess = 0; guess < 5; guess++)
      await latchkey.services.accounts.authenticate({ identifier: email, password: 'wrong' })
    expect((await rest.get(`/users/${id}`)).json).toMatchObject({
      status: 'locked',
      locked_until: expect.stringMatching(/^\d{4}-.*Z$/),
    })
    expect(await rest.post(`/users/${id}/unlock`)).toMatchObject({
      status: 200,
      json: { status: 'active', locked_until: null },
    })
  })

  test('a user gets five reset links an hour, whoever asks', async () => {
    const { id } = await latchkey.createUser()
    for (let mail = 0; mail < 5; mail++) expect((await rest.post(`/users/${id}/send-reset`)).status).toBe(200)
    const refused = await rest.post(`/users/${id}/send-reset`)
    expect(refused).toMatchObject({ status: 429, json: { code: 'too_many_mails' } })
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  })

  test('what they have allowed and how they sign in elsewhere can be read', async () => {
    const { id } = await latchkey.createUser()
    const app = await latchkey.createClient()
    await latchkey.services.consents.allow(id, app.client_id, {
      scopes: ['openid', 'email'],
      resources: { 'https://orders.example': ['orders:read'] },
      claims: ['birthdate'],
    })
    expect((await rest.get(`/users/${id}/consents`)).json.items).toMatchObject([
      {
        client_id: app.client_id,
        scope: 'openid email',
        resources: { 'https://orders.example': 'orders:read' },
        claims: ['birthdate'],
      },
    ])
    const identity = { issuer: 'https://login.example', subject: '42', provider: 'corp', label: 'ada@corp' }
    const nothing = { givenName: null, familyName: null, picture: null }
    const proven = { accountId: id, generation: 0 }
    await latchkey.services.accounts.linked.link(
      proven,
      { ...identity, sealedTokens: 'sealed' },
      nothing,
      'Corp',
    )
    const identities = await rest.get(`/users/${id}/identities`)
    expect(identities.json.items).toMatchObject([identity])
    expect(identities.text).not.toContain('sealed')
  })

  test('are deleted; nothing is left to find', async () => {
    const { id } = await create()
    expect(await rest.delete(`/users/${id}`, { 'if-match': '"0"' })).toMatchObject({ status: 412 })
    expect(await rest.delete(`/users/${id}`, { 'if-match': await tag(`/users/${id}`) })).toMatchObject({
      status: 204,
    })
    const paths = ['', '/sessions', '/identities', '/consents']
    for (const path of paths) expect((await rest.get(`/users/${id}${path}`)).status).toBe(404)
    for (const verb of ['disable', 'enable', 'unlock', 'send-reset', 'end-sessions'])
      expect((await rest.post(`/users/${id}/${verb}`)).status, verb).toBe(404)
    expect((await rest.patch(`/users/${id}`, {})).status).toBe(404)
    expect((await rest.delete(`/users/${id}`)).status).toBe(404)
  })

  test('a lost update is refused: of two changes of one state, one is 412', async () => {
    const { rest: admin } = await person(latchkey, 'admin')
    for (const [one, other] of [
      [{ first_name: 'One' }, { last_name: 'Other' }],
      [{ role: 'auditor' }, { role: 'admin' }],
    ]) {
      const path = `/users/${(await create()).id}`
      const match = { 'if-match': await tag(path) }
      const answers = await Promise.all([admin.patch(path, one, match), admin.patch(path, other, match)])
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 412])
      const winner = answers.find(({ status }) => status === 200)
      expect(winner?.headers.get('etag')).toBe(await tag(path))
      expect((await rest.get(path)).json).toEqual(winner?.json)
    }
  })

  test('changes without If-Match all count', async () => {
    const { rest: admin } = await person(latchkey, 'admin')
    const path = `/users/${(await create()).id}`
    const answers = await Promise.all(
      ['One', 'Two', 'Three'].map((first_name) => admin.patch(path, { first_name })),
    )
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
  })

  test('one Idempotency-Key makes one account', async () => {
    const key = { 'idempotency-key': crypto.randomUUID() }
    const body = { username: `once${engine}`, email: 'once@example.com' }
    const racing = await Promise.all(Array.from({ length: 5 }, () => rest.post('/users', body, key)))
    const made = racing.filter(({ status }) => status === 201)
    for (const { status } of racing) expect([201, 409]).toContain(status)
    expect(new Set(made.map(({ json }) => json.id)).size).toBe(1)
    expect(await rest.post('/users', body, key)).toMatchObject({ status: 201, json: made[0]?.json })
  })

  test('the last administrator stays one', async () => {
    const { accounts } = latchkey.services
    const admin = await person(latchkey, 'admin')
    for (const { id } of (await accounts.search({ role: 'admin' })).items)
      if (id !== admin.id) await accounts.setRole(id, 'user')
    const path = `/users/${admin.id}`
    const last = { status: 409, json: { code: 'last_administrator' } }
    expect(await admin.rest.patch(path, { role: 'user' })).toMatchObject({
      ...{ status: 403, json: { code: 'own_role' } },
    })
    expect(await admin.rest.post(`${path}/disable`)).toMatchObject(last)
    expect(await admin.rest.delete(path)).toMatchObject(last)
  })
})
