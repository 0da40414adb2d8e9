import { decodeJwt } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  createSecurityFixture,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { ANSWERS, type AnswerName, startHookReceiver } from './receiver.ts'

const API = 'https://books.example'
const CLAIMS = { access_token: { plan: 'gold', limits: { a: [1] } }, id_token: { plan_name: 'Gold' } }

describe.each(engines)('hooks of tokens on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let machine: TestClient
  let victim: Victim
  let receiver: Awaited<ReturnType<typeof startHookReceiver>>
  let hook = ''
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    receiver = await startHookReceiver()
    await latchkey.services.resources.add({ identifier: API, scope: 'books:read' })
    web = await fixture.client({ scope: 'openid offline_access books:read' })
    machine = await fixture.client({
      grant_types: ['client_credentials'],
      redirect_uris: [],
      scope: 'books:read',
    })
    victim = await fixture.victim()
    hook = (await latchkey.services.hooks.create({ name: 'tokens', at: 'token', url: receiver.url })).id
  })
  beforeEach(() => {
    receiver.answer = ANSWERS.allow
    receiver.asked.length = 0
  })
  afterAll(() => latchkey?.stop())

  const tokens = () => fixture.tokens(victim, web, { scope: 'openid books:read', resource: API })
  const byItself = () =>
    fixture.token(machine, { grant_type: 'client_credentials', scope: 'books:read', resource: API })

  test('claims are in access tokens and ID Tokens, of a code and of a refresh token', async () => {
    receiver.answers({ action: 'allow', claims: CLAIMS })
    const first = await tokens()
    expect(decodeJwt(String(first.access_token))).toMatchObject(CLAIMS.access_token)
    expect(decodeJwt(String(first.id_token))).toMatchObject(CLAIMS.id_token)
    expect(decodeJwt(String(first.access_token))).not.toHaveProperty('plan_name')
    expect(receiver.asked.map(({ question }) => question)).toEqual([
      expect.objectContaining({
        type: 'token',
        grant_type: 'authorization_code',
        client_id: web.client_id,
        user: expect.objectContaining({ id: victim.user.id }),
        scopes: expect.arrayContaining(['books:read']),
      }),
    ])
    expect(JSON.stringify(receiver.asked)).not.toContain(String(first.refresh_token ?? first.access_token))
    receiver.answers({ action: 'allow', claims: { access_token: { plan: 'silver' } } })
    const next = await fixture.refresh(web, first.refresh_token)
    expect([next.status, decodeJwt(String(next.json.access_token))]).toEqual([
      200,
      expect.objectContaining({ plan: 'silver' }),
    ])
    expect(receiver.asked).toHaveLength(2)
    expect(receiver.asked[1]?.question.grant_type).toBe('refresh_token')
  })

  test('an opaque token says its claims at introspection, by each way', async () => {
    receiver.answers({ action: 'allow', claims: CLAIMS })
    const { access_token } = await fixture.tokens(victim, web, { scope: 'openid' })
    const told = await fixture.introspect(web, access_token)
    expect(told.json).toMatchObject({ active: true, ...CLAIMS.access_token })
  })

  test('a client that acts for itself is asked about too', async () => {
    receiver.answers({ action: 'allow', claims: { access_token: { tier: 2 } } })
    const { status, json } = await byItself()
    expect([status, decodeJwt(String(json.access_token))]).toEqual([
      200,
      expect.objectContaining({ tier: 2 }),
    ])
    expect(receiver.asked.map(({ question }) => question)).toEqual([
      expect.objectContaining({ user: null, client_id: machine.client_id, grant_type: 'client_credentials' }),
    ])
  })

  test.each([
    'deny',
    'silence',
    'HTTP 500',
    'broken JSON',
    'too large',
    'another type',
    'require a factor',
  ] as AnswerName[])('%s: nothing is issued, and a refresh token works later', async (answer) => {
    const { refresh_token } = await tokens()
    const code = await fixture.code(victim, web, { scope: 'openid' })
    receiver.answer = ANSWERS[answer]
    const refused = [
      await fixture.exchange(web, code),
      await fixture.refresh(web, refresh_token),
      await byItself(),
    ]
    expect(refused.map(({ status, json }) => [status, json.error])).toEqual(
      refused.map(() => [400, 'invalid_grant']),
    )
    for (const { text } of refused) expect(text).not.toMatch(/access_token|id_token|refresh_token"/)
    receiver.answer = ANSWERS.allow
    expect((await fixture.refresh(web, refresh_token)).status).toBe(200)
    // A code is good for one request, whatever became of it (RFC 6749 §4.1.2).
    expect((await fixture.exchange(web, code)).status).toBe(400)
    expect((await byItself()).status).toBe(200)
    if (answer === 'deny') return
    await latchkey.services.hooks.update(hook, { on_failure: 'allow' })
    receiver.answer = ANSWERS[answer]
    expect((await byItself()).status).toBe(200)
    await tokens()
    await latchkey.services.hooks.update(hook, { on_failure: 'deny' })
  })

  test('the words of a hook are the description, where RFC 6749 takes them', async () => {
    receiver.answers({ action: 'deny', message: 'Not today.' })
    expect((await byItself()).json).toEqual({ error: 'invalid_grant', error_description: 'Not today.' })
    receiver.answers({ action: 'deny', message: 'Heute „nicht“' })
    expect((await byItself()).json).toMatchObject({ error_description: 'the tokens were denied' })
  })

  test.each(['sub', 'SUB', 'aud', 'scope', 'roles', 'email', 'urn:latchkey:x', 'act'])(
    'an answer with the reserved claim %s counts for nothing',
    async (name) => {
      for (const place of ['access_token', 'id_token']) {
        receiver.answer = (response) =>
          void response
            .writeHead(200, { 'content-type': 'application/json' })
            .end(`{"action":"allow","claims":{"${place}":{"${name}":"x"}}}`)
        expect((await byItself()).json.error).toBe('invalid_grant')
      }
    },
  )
  test('of two hooks both are asked, the first by name counts, and one that denies is enough', async () => {
    const other = await startHookReceiver()
    const { id } = await latchkey.services.hooks.create({ name: 'a-first', at: 'token', url: other.url })
    receiver.answers({ action: 'allow', claims: { access_token: { a: 'tokens', b: 'tokens' } } })
    other.answers({ action: 'allow', claims: { access_token: { a: 'first' } } })
    expect(decodeJwt(String((await byItself()).json.access_token))).toMatchObject({ a: 'first', b: 'tokens' })
    other.answer = ANSWERS.deny
    expect((await byItself()).json.error).toBe('invalid_grant')
    await latchkey.services.hooks.remove(id)
  })
})
