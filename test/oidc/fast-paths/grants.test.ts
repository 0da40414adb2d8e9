import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import {
  basic,
  type Code,
  clock,
  createSecurityFixture,
  passTime,
  type TestClient,
  type Victim,
} from '../../security/attacker.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { rounds } from '../../support/rounds.ts'
import { type Answered, createBothWays, createRandom, type Sent } from './both-ways.ts'
import { form, oddHeaders, oddTypes, type Random, types } from './requests.ts'
import { differences, totals } from './totals.ts'
import { BOOKS, VAULT } from './world.ts'

/** Sign-ins, and requests of each. */
const SIGN_INS = rounds(24, 80)
const REQUESTS = 7
const SCOPE = 'openid profile email groups offline_access books:read books:write vault:read'
/** Seconds: longer than a refresh token may be used twice. */
const AFTER_GRACE = 11

const ASKED: Record<string, string>[] = [
  { scope: 'openid profile email' },
  { scope: 'openid profile email' },
  { scope: 'openid email groups', nonce: 'a nonce' },
  { scope: 'openid email books:read' },
  { scope: 'openid books:read', resource: BOOKS },
  { scope: 'books:read books:write', resource: BOOKS },
  { scope: 'openid vault:read', resource: VAULT },
  { scope: 'openid', claims: JSON.stringify({ id_token: { email: null }, userinfo: { name: null } }) },
]

/** A sign-in of one of two people who are alike, and what came of it. */
interface SignIn {
  person: Victim
  code: Code
  refresh: string[]
  access: string[]
}

/** What is sent for a sign-in: for both of a pair the same, but for their codes and tokens. */
type Step = (of: SignIn) => Sent

/** What the protocol says of a request in the log, an explanation for administrators among it. */
const saidIn = (lines: readonly string[]) =>
  lines.flatMap((line) => {
    const { event, msg, error, error_description, error_detail, client_id, scope } = JSON.parse(line)
    return event === undefined
      ? []
      : [{ event, msg, error, error_description, error_detail, client_id, scope }]
  })

describe.each(engines)('codes and refresh tokens give the same by both ways, on %s', (engine) => {
  const bothWays = createBothWays((fastPaths) =>
    startLatchkey({ engine, fastPaths, clock, env: { METRICS: 'on' } }),
  )
  let latchkey: Latchkey
  let fixture: ReturnType<typeof createSecurityFixture>
  let staff: string
  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
    latchkey = await bothWays.start()
    fixture = createSecurityFixture(latchkey)
    const { resources, access } = latchkey.services
    staff = (await access.groups.create({ name: 'Staff' })).id
    await resources.add({ identifier: BOOKS, scope: 'books:read books:write' })
    await resources.add({ identifier: VAULT, scope: 'vault:read', tokens: 'opaque', access_token_ttl: 120 })
  })
  afterAll(async () => {
    vi.useRealTimers()
    await latchkey?.stop()
  })

  const clientOf = (random: Random): Promise<TestClient> =>
    fixture.client({
      scope: SCOPE,
      id_token_signed_response_alg: random.pick(['ES256', 'RS256', 'EdDSA']),
      token_endpoint_auth_method: random.pick(['client_secret_basic', 'client_secret_post']),
      ...(random.once(3) && { id_token_identity_claims: true }),
      ...(random.once(8) && { grant_types: ['authorization_code'] }),
    })

  const sent = (client: TestClient, parameters: Record<string, string>, more: Partial<Sent> = {}): Sent => ({
    method: 'POST',
    path: '/token',
    ...more,
    headers: {
      'content-type': form,
      ...basic(client.client_id, client.client_secret ?? ''),
      ...more.headers,
    },
    body: new URLSearchParams(parameters).toString(),
  })

  const refreshing =
    (client: TestClient, index: number, over: Record<string, string>, more?: Partial<Sent>): Step =>
    (of) =>
      sent(
        client,
        { grant_type: 'refresh_token', refresh_token: of.refresh.at(index) ?? 'none', ...over },
        more,
      )
  const exchanging =
    (client: TestClient, over: Record<string, string>, more?: Partial<Sent>): Step =>
    ({ code }) =>
      sent(
        client,
        {
          grant_type: 'authorization_code',
          code: code.code,
          code_verifier: code.verifier,
          redirect_uri: code.redirect_uri,
          ...over,
        },
        more,
      )

  function stepOf(client: TestClient, other: TestClient, random: Random): Step {
    const wrong = { ...client, client_secret: 'wrong' }
    const by = random.once(14) ? random.pick([wrong, other]) : client
    const more = {
      headers: {
        ...(random.once(8) && random.pick(oddHeaders.filter((each) => !('expect' in each)))),
        ...(random.once(10) && { 'content-type': random.pick([...types, ...oddTypes]) }),
      },
    }
    const resource = random.once(5) && { resource: random.pick([BOOKS, VAULT, 'https://gone.example', '']) }
    const scope = random.once(8) && {
      scope: random.pick([
        'openid',
        'openid email',
        'books:read',
        'openid  email',
        'address openid',
        'openid address',
        'phone openid',
        'no',
        '',
      ]),
    }
    const odd =
      random.once(12) && random.pick([{ audience: BOOKS }, { authorization_details: '[]' }, { dpop: 'x' }])
    const over = { ...resource, ...scope, ...odd }
    if (random.once(8))
      return random.pick<Step>([
        (of) => sent(by, { grant_type: 'refresh_token', refresh_token: of.access[0] ?? 'x' }, more),
        (of) =>
          sent(by, { grant_type: 'authorization_code', code: of.refresh[0] ?? 'x', redirect_uri: 'x' }, more),
        refreshing(by, -1, { refresh_token: '' }, more),
        exchanging(by, { code_verifier: 'w'.repeat(43) }, more),
        exchanging(by, { code_verifier: '' }, more),
        exchanging(by, { redirect_uri: 'https://other.example' }, more),
        exchanging(by, { redirect_uri: '' }, more),
        (of) => {
          const twice = refreshing(by, -1, over)(of)
          return { ...twice, body: `${twice.body}&refresh_token=x` }
        },
      ])
    if (random.once(8)) return exchanging(by, over, more)
    return refreshing(by, random.once(6) ? 0 : -1, over, more)
  }

  /** What happens to both between two requests. */
  function mishaps(client: TestClient, pair: readonly SignIn[]): Record<string, () => Promise<unknown>> {
    const { accounts, clients, artifacts, settings, db, access } = latchkey.services
    const each = (work: (of: SignIn) => unknown) => () => Promise.all(pair.map(work))
    const idOf = ({ person }: SignIn) => person.user.id
    const dropped = (model: string) =>
      each((of) =>
        db.artifacts.run('DELETE FROM artifacts WHERE model = ? AND account_id = ?', [model, idOf(of)]),
      )
    return {
      nothing: async () => undefined,
      'the grace is over': async () => passTime(AFTER_GRACE),
      'time passes': async () => passTime(3700),
      'much time passes': async () => passTime(40 * 24 * 3600),
      'the newest token is revoked': each((of) => fixture.revoke(client, of.refresh.at(-1))),
      'the access token is revoked': each((of) => fixture.revoke(client, of.access.at(-1))),
      'the person is disabled': each((of) => accounts.disable(idOf(of))),
      'the person is enabled': each((of) => accounts.enable(idOf(of)).catch(() => undefined)),
      'the person signs out everywhere': each((of) => accounts.endSessions(idOf(of))),
      'the person signs out': each(async ({ person: { browser } }) => {
        const page = await browser.open(`${fixture.issuer}/logout`)
        if (page.forms.length > 0) await browser.submit(page, {}, { button: 'Sign out' })
      }),
      'the generation is another': each((of) =>
        db.prisma.account.updateMany({ where: { id: idOf(of) }, data: { generation: { increment: 2 } } }),
      ),
      'the Grants end': dropped('Grant'),
      'the sessions end': dropped('Session'),
      'the tokens end': each((of) => artifacts.revokeByAccount(idOf(of), { clientId: client.client_id })),
      'the account is deleted': each((of) => accounts.delete(idOf(of)).catch(() => undefined)),
      'the client loses email': () =>
        clients.update(client.client_id, { scope: 'openid profile offline_access books:read vault:read' }),
      'the client loses the APIs': () => clients.update(client.client_id, { scope: 'openid profile email' }),
      'the client may not refresh': () =>
        clients.update(client.client_id, { grant_types: ['authorization_code'] }),
      'the client has to prove possession': () =>
        clients.update(client.client_id, { dpop_bound_access_tokens: true }),
      'the client is no longer first-party': () => clients.update(client.client_id, { first_party: false }),
      'the client is not for everyone': () =>
        clients.update(client.client_id, { access: { groups: ['Staff'] } }),
      'both are let in': each((of) => access.groups.addMember(staff, idOf(of)).catch(() => undefined)),
      'the client is disabled': () => clients.disable(client.client_id),
      'everybody needs a second factor': () => settings.change({ second_factor: 'everyone' }),
      'nobody does': () => settings.change({ second_factor: null }),
    }
  }

  /** What a person has by now, without ids and times. */
  async function rowsOf({ person }: SignIn): Promise<unknown[]> {
    const rows = await latchkey.services.db.artifacts.all<Record<string, string | null>>(
      "SELECT model, payload, consumed_at, grant_id, client_id FROM artifacts WHERE account_id = ? AND model <> 'Session' AND expires_at > ?",
      // Not what expires at this moment, or is swept.
      [person.user.id, Math.floor(Date.now() / 1000) + 30],
    )
    const told = rows.map(({ model, payload, consumed_at, grant_id, client_id }) => {
      const { iat, exp, iiat, authTime, ...stored } = JSON.parse(String(payload))
      const lives = model === 'Grant' ? undefined : Math.round((exp - iat) / 5)
      for (const name of [
        'accountId',
        'grantId',
        'sessionUid',
        'sid',
        'incarnation',
        'codeChallenge',
        'device',
        'jti',
      ])
        if (name in stored) stored[name] = typeof stored[name]
      if (stored.extra) stored.extra = Object.keys(stored.extra)
      return JSON.stringify({
        model,
        used: consumed_at !== null,
        grant: grant_id !== null,
        client_id,
        lives,
        stored,
      })
    })
    return told.sort()
  }

  function keep(of: SignIn, { status, text }: Answered): void {
    if (status !== 200) return
    const { refresh_token, access_token } = JSON.parse(text) as Record<string, string>
    if (refresh_token) of.refresh.push(refresh_token)
    if (access_token) of.access.push(access_token)
  }

  test('whatever happens in between', async () => {
    const random = createRandom(engine.length + 7)
    const statuses = new Map<number, number>()
    let fast = 0
    const other = await clientOf(random)
    for (let turn = 0; turn < SIGN_INS; turn++) {
      await latchkey.services.settings.change({ second_factor: null })
      const client = await clientOf(random)
      const asked = random.pick(ASKED)
      const pair = await Promise.all(
        [1, 2].map(async (): Promise<SignIn> => {
          const person = await fixture.victim()
          return { person, code: await fixture.code(person, client, asked), refresh: [], access: [] }
        }),
      )
      const happens = mishaps(client, pair)
      const [mine, theirs] = pair as [SignIn, SignIn]
      const told: string[] = []
      for (let index = 0; index < REQUESTS; index++) {
        const step = index === 0 && !random.once(6) ? exchanging(client, {}) : stepOf(client, other, random)
        const seen: Record<string, number>[] = []
        const logged: number[] = []
        const look = async () => {
          seen.push(await totals(latchkey))
          logged.push(latchkey.log.length)
        }
        const { answers, fast: quick } = await bothWays.ask(fixture.issuer, [step(mine)], look, [
          step(theirs),
        ])
        await look()
        fast += quick
        for (const {
          request,
          answer,
          answers: [a, b],
          fast,
          library,
        } of answers) {
          told.push(`${request?.body?.replace(/=[\w-]{40,}/g, '=…')} ${answer.status}`)
          expect({ turn, told, ...fast }).toEqual({ turn, told, ...library })
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
          keep(mine, a)
          keep(theirs, b)
          if (a.status === 200) expectOfPerson(mine, a)
        }
        const [first = {}, second = {}, third = {}] = seen
        // Rows are compared below; what has expired is swept at any time.
        const counted = (...of: Parameters<typeof differences>) =>
          Object.entries(differences(...of))
            .filter(([name]) => /^latchkey_|^audit$/.test(name))
            .sort()
        expect({ told, left: counted(first, second) }).toEqual({ told, left: counted(second, third) })
        const [from = 0, between = 0, to = 0] = logged
        expect({ told, said: saidIn(latchkey.log.slice(from, between)) }).toEqual({
          told,
          said: saidIn(latchkey.log.slice(between, to)),
        })
        expect({ told, rows: await rowsOf(mine) }).toEqual({ told, rows: await rowsOf(theirs) })
        const name = random.once(2) ? random.pick(Object.keys(happens)) : 'nothing'
        told.push(name)
        await happens[name]?.()
      }
    }
    expect(statuses.get(200)).toBeGreaterThan(SIGN_INS)
    expect(statuses.get(400)).toBeGreaterThan(SIGN_INS / 2)
    expect(fast).toBeGreaterThan(SIGN_INS)
  })

  function expectOfPerson({ person }: SignIn, { text }: Answered): void {
    const { id_token } = JSON.parse(text) as { id_token?: string }
    if (id_token) expect(decodeJwt(id_token).sub).toBe(person.user.id)
  }

  test('a refresh that goes on without a scope is told of', async () => {
    await latchkey.services.settings.change({ second_factor: null })
    const client = await fixture.client({ scope: SCOPE })
    const tokens = await fixture.tokens(await fixture.victim(), client, { scope: 'openid email' })
    const before = latchkey.log.length
    const again = await fixture.refresh(client, tokens.refresh_token, { scope: 'openid address' })
    expect(again.status).toBe(200)
    expect(saidIn(latchkey.log.slice(before))).toMatchObject([{ event: 'scope.left_out', scope: 'address' }])
  })

  test('of many at once, half of them by each way, one code gives tokens once', async () => {
    await latchkey.services.settings.change({ second_factor: null })
    const client = await fixture.client({ scope: SCOPE })
    for (let round = 0; round < 5; round++) {
      const person = await fixture.victim()
      const of = { person, code: await fixture.code(person, client), refresh: [], access: [] } as SignIn
      const step = exchanging(client, {})
      const answers = await bothWays.mix(
        fixture.issuer,
        Array.from({ length: 10 }, () => step(of)),
      )
      expect(answers.filter(({ status }) => status === 200).length).toBe(1)
      expect(answers.filter(({ text }) => text.includes('"invalid_grant"')).length).toBe(9)
      for (const each of answers) keep(of, each)
      // What came of it ends with the next use (RFC 6749 §4.1.2).
      const [again] = await bothWays.mix(fixture.issuer, [step(of)])
      expect(again?.status).toBe(400)
      expect((await fixture.userinfo(of.access[0])).status).toBe(401)
      expect((await fixture.refresh(client, of.refresh[0])).status).toBe(400)
    }
  })

  test('of many at once, after its grace, a used refresh token gives nothing and ends the rest', async () => {
    const client = await fixture.client({ scope: SCOPE })
    const person = await fixture.victim()
    const of = { person, code: await fixture.code(person, client), refresh: [], access: [] } as SignIn
    for (const step of [exchanging(client, {}), refreshing(client, -1, {})])
      for (const answer of await bothWays.mix(fixture.issuer, [step(of)])) keep(of, answer)
    expect(of.refresh).toHaveLength(2)
    passTime(AFTER_GRACE)
    const step = refreshing(client, 0, {})
    const answers = await bothWays.mix(
      fixture.issuer,
      Array.from({ length: 6 }, () => step(of)),
    )
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(400))
    expect((await fixture.refresh(client, of.refresh[1])).status).toBe(400)
  })
})
