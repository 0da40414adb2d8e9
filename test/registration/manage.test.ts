import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { type Answered, callback, type Registrar, registrar } from './support.ts'

let latchkey: Latchkey
let at: Registrar
beforeAll(async () => {
  latchkey = await startLatchkey({ env: { DYNAMIC_REGISTRATION: 'open' } })
  at = registrar(latchkey)
})
afterAll(() => latchkey.stop())

const app = { client_name: 'App', redirect_uris: [callback] }

interface Own {
  id: string
  uri: string
  token: string
  json: Answered['json']
}

async function own(metadata: object = app, initial?: string): Promise<Own> {
  const { status, json } = await at.register(metadata, initial)
  expect(status).toBe(201)
  return {
    id: String(json.client_id),
    uri: String(json.registration_client_uri),
    token: String(json.registration_access_token),
    json,
  }
}

test('RFC 7592 §2.1: a client reads what it is registered with, and no secret', async () => {
  const { uri, token, json } = await own()
  const read = await at.call('GET', uri, token)
  expect(read.status).toBe(200)
  expect(read.headers.get('cache-control')).toBe('no-store')
  const { client_secret: _, client_secret_expires_at: __, ...rest } = json
  expect(read.json).toEqual(rest)
})

test('RFC 7592 §2.2: an update replaces all of it, and the token stays', async () => {
  const { id, uri, token, json } = await own({
    ...app,
    contacts: ['a@example.com'],
    tos_uri: 'https://app.example/t',
  })
  const changed = {
    client_id: id,
    client_secret: json.client_secret,
    client_name: 'New',
    redirect_uris: [`${callback}2`],
  }
  const updated = await at.call('PUT', uri, token, changed)
  expect(updated.status).toBe(200)
  expect(updated.json).toMatchObject({
    client_name: 'New',
    redirect_uris: [`${callback}2`],
    registration_access_token: token,
  })
  expect(updated.json).not.toHaveProperty('contacts')
  expect(updated.json).not.toHaveProperty('tos_uri')
  expect(updated.json).not.toHaveProperty('client_secret')
  expect((await at.call('GET', uri, token)).json).toEqual(updated.json)
})

test('RFC 7592 §2.2: a client that begins to need a secret gets one', async () => {
  const { id, uri, token } = await own({ ...app, token_endpoint_auth_method: 'none' })
  const updated = await at.call('PUT', uri, token, { ...app, client_id: id })
  expect(updated.json.client_secret).toEqual(expect.stringMatching(/^[\w-]{43}$/))
})

test.each([
  ['another id', { client_id: 'lk_0' }],
  ['no id', { client_id: undefined }],
  ['a secret of its own choice', { client_secret: 'mine' }],
  ['a secret that is no text', { client_secret: ['mine'] }],
  ['the token', { registration_access_token: 'x' }],
  ['the address', { registration_client_uri: 'https://x.example' }],
  ['the time', { client_id_issued_at: 1 }],
  ['the end of the secret', { client_secret_expires_at: 0 }],
])('RFC 7592 §2.2: an update does not set %s', async (_what, more) => {
  const { id, uri, token } = await own()
  const { status, json } = await at.call('PUT', uri, token, { ...app, client_id: id, ...more })
  expect({ status, error: json.error }).toEqual({ status: 400, error: 'invalid_request' })
})

test('RFC 7592 §2.3: a client that is deleted is gone with its token', async () => {
  const { id, uri, token } = await own()
  const gone = await at.call('DELETE', uri, token)
  expect(gone.status).toBe(204)
  expect((await at.call('GET', uri, token)).status).toBe(401)
  await expect(latchkey.services.clients.get(id)).rejects.toMatchObject({ status: 404 })
})

describe('the token is of one client', () => {
  test('no other token opens it, and the answer is the same for all of them', async () => {
    const mine = await own()
    const theirs = await own()
    const initial = await at.token()
    const byAdministrator = await latchkey.createClient()
    const answers = []
    for (const [uri, token] of [
      [theirs.uri, mine.token],
      [theirs.uri, 'nonsense'],
      [theirs.uri, initial],
      [theirs.uri, String(theirs.json.client_secret)],
      [theirs.uri, `${theirs.token}x`],
      [theirs.uri, theirs.token.toUpperCase()],
      [`${at.endpoint}/lk_none`, mine.token],
      [`${at.endpoint}/${byAdministrator.client_id}`, mine.token],
      [`${at.endpoint}/%00`, mine.token],
      [`${at.endpoint}/${'x'.repeat(90)}`, mine.token],
    ] as const)
      for (const method of ['GET', 'PUT', 'DELETE']) {
        const body = method === 'PUT' ? { ...app, client_id: theirs.id } : undefined
        const { status, json, headers } = await at.call(method, uri, token, body)
        answers.push(JSON.stringify([status, json, headers.get('www-authenticate')]))
      }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('401')
    expect((await at.call('GET', theirs.uri, theirs.token)).status).toBe(200)
    expect((await at.call('GET', mine.uri, mine.token)).status).toBe(200)
  })

  test('a token in the query, in Basic or not at all is none', async () => {
    const { uri, token } = await own()
    expect((await at.call('GET', `${uri}?access_token=${token}`)).status).toBe(401)
    const basic = await fetch(uri, { headers: { authorization: `Basic ${btoa(`x:${token}`)}` } })
    expect(basic.status).toBe(401)
    expect(basic.headers.get('www-authenticate')).toBe(`Bearer realm="${latchkey.issuer}"`)
  })

  test('it registers nothing, and an access token manages nothing', async () => {
    const { token } = await own()
    expect((await at.register(app, token)).status).toBe(401)
  })
})

describe('an update is held to the policy of the token that it registered with', () => {
  test('and to nothing more than it has, if that was none', async () => {
    const { id, uri, token } = await own()
    const unsafe = { ...app, client_id: id, redirect_uris: ['http://app.example/'] }
    expect((await at.call('PUT', uri, token, unsafe)).status).toBe(400)
    const more = { scope: 'openid admin:write', grant_types: ['authorization_code', 'client_credentials'] }
    const left = await at.call('PUT', uri, token, { ...app, client_id: id, ...more })
    expect(left.json).toMatchObject({ scope: 'openid', grant_types: ['authorization_code'] })
    const exempt = await at.call('PUT', uri, token, {
      ...app,
      client_id: id,
      first_party: true,
      id_token_identity_claims: true,
      pkce: 'optional',
    })
    expect(exempt.status).toBe(200)
    expect(await latchkey.services.clients.get(id)).toMatchObject({
      first_party: false,
      id_token_identity_claims: false,
      pkce: 'required',
    })
  })

  test('also when the token is revoked since', async () => {
    const { tokens } = latchkey.services.registration
    const initial = await tokens.create({
      name: 'Books',
      scope: 'books:read',
      redirect_hosts: ['app.example'],
    })
    const { id, uri, token } = await own({ ...app, scope: 'books:read' }, initial.token)
    await tokens.revoke(initial.id).catch(() => {})
    expect(
      (await at.call('PUT', uri, token, { ...app, client_id: id, scope: 'openid books:read' })).status,
    ).toBe(200)
    const elsewhere = { ...app, client_id: id, redirect_uris: ['https://evil.example/'] }
    expect((await at.call('PUT', uri, token, elsewhere)).json.error).toBe('invalid_redirect_uri')
  })

  test('what an administrator gave it, it keeps', async () => {
    const { id, uri, token } = await own()
    await latchkey.services.clients.update(id, { scope: 'openid books:read' })
    expect(
      (await at.call('PUT', uri, token, { ...app, client_id: id, scope: 'openid books:read' })).status,
    ).toBe(200)
  })

  test('the part of the token that names the policy cannot be exchanged', async () => {
    const { id, uri, token } = await own(app, await at.token())
    const wide = await latchkey.services.registration.tokens.create({
      name: 'Wide',
      client_credentials: true,
    })
    const forged = `${token.split('.')[0]}.${wide.id}`
    const { status } = await at.call('PUT', uri, forged, { ...app, client_id: id })
    expect(status).toBe(401)
  })
})

describe('administrators', () => {
  test('10.7.1: a client that changes after it was looked at has to be looked at again', async () => {
    const { id, uri, token } = await own()
    await latchkey.services.registration.setVerified(id, true)
    expect((await latchkey.services.clients.get(id)).verified).toBe(true)
    await at.call('PUT', uri, token, { ...app, client_id: id, client_name: 'Your Bank' })
    expect((await latchkey.services.clients.get(id)).verified).toBe(false)
  })

  test('a change under way when an administrator looks at the client does not count as looked at', async () => {
    const { id, uri, token } = await own()
    const { clients, registration } = latchkey.services
    const changing = Array.from({ length: 6 }, (_, round) =>
      at.call('PUT', uri, token, { ...app, client_id: id, client_name: `Bank ${round}` }),
    )
    const { version, client_name } = await clients.get(id)
    const looked = registration.setVerified(id, true, { ifVersion: version }).then(
      () => true,
      () => false,
    )
    for (const { status } of await Promise.all(changing)) expect([200, 409]).toContain(status)
    const now = await clients.get(id)
    if (now.verified) expect([await looked, now.client_name]).toEqual([true, client_name])
  })

  test('a disabled client reads, changes and removes nothing', async () => {
    const { id, uri, token } = await own()
    await latchkey.services.clients.disable(id)
    for (const method of ['GET', 'PUT', 'DELETE'])
      expect(
        (await at.call(method, uri, token, method === 'PUT' ? { ...app, client_id: id } : undefined)).status,
      ).toBe(403)
  })

  test('a client that was made the operator’s own does not say any more where codes go', async () => {
    const { id, uri, token } = await own()
    await latchkey.services.clients.update(id, { first_party: true })
    const evil = { ...app, client_id: id, redirect_uris: ['https://evil.example/'] }
    expect((await at.call('PUT', uri, token, evil)).status).toBe(403)
    expect((await at.call('DELETE', uri, token)).status).toBe(403)
    expect((await at.call('GET', uri, token)).status).toBe(200)
  })

  test('who did it is in the audit log', async () => {
    const { id, uri, token } = await own()
    await at.call('PUT', uri, token, { ...app, client_id: id, client_name: 'Renamed' })
    await latchkey.services.audit.idle()
    const entries = await latchkey.services.db.prisma.auditEntry.findMany({ where: { targetId: id } })
    expect(entries.map(({ action, actorKind, actorId }) => [action, actorKind, actorId])).toEqual([
      ['client.created', 'anonymous', null],
      ['client.updated', 'client', id],
    ])
  })
})
