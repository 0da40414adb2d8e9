import { createPublicKey, verify } from 'node:crypto'
import { decodeProtectedHeader, type JWK } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hashId } from '../../../src/shared/id-hash.ts'
import { SIGNING_ALGORITHMS } from '../../../src/shared/signing-algorithms.ts'
import { basic, createSecurityFixture, get, type TestClient } from '../../security/attacker.ts'
import { createProver, prove } from '../../security/proofs.ts'
import { engines, type Latchkey, startLatchkey } from '../../support/latchkey.ts'
import { type Answered, createBothWays, createRandom, lifetimeOf, type Sent } from './both-ways.ts'
import { credentialsOf, form, oddHeaders, oddTypes, type Random, types } from './requests.ts'
import { differences, totals } from './totals.ts'
import { BOOKS, VAULT } from './world.ts'

const LOTS = 80
const AT_ONCE = 20
const SHELF = 'https://shelf.example'
const GONE = 'https://gone.example'
const BOTH = 'books:read books:write vault:read'

/** Machines of every kind that the fast path has to tell apart. */
async function createMachines(latchkey: Latchkey) {
  const { resources, resourceCredentials, clients } = latchkey.services
  const fixture = createSecurityFixture(latchkey)
  await resources.add({ identifier: BOOKS, scope: 'books:read books:write', access_token_ttl: 120 })
  await resources.add({ identifier: VAULT, scope: 'vault:read', tokens: 'opaque' })
  // It shares a scope, so that the scope alone does not say which one is meant.
  await resources.add({ identifier: SHELF, scope: 'shelf:read books:write' })
  await resources.add({ identifier: GONE, scope: 'gone:read' })
  const machine = (metadata: Record<string, unknown> = {}): Promise<TestClient> =>
    fixture.client({ grant_types: ['client_credentials'], redirect_uris: [], scope: BOTH, ...metadata })
  const signing = await Promise.all(
    SIGNING_ALGORITHMS.map((id_token_signed_response_alg) =>
      machine({ id_token_signed_response_alg, scope: 'books:read' }),
    ),
  )
  const plain = await machine()
  const posting = await machine({ token_endpoint_auth_method: 'client_secret_post', scope: 'vault:read' })
  const rotating = await machine()
  const newer = { ...rotating, ...(await clients.rotateSecret(rotating.client_id, { keepOldSeconds: 600 })) }
  const rotated = await machine()
  await clients.rotateSecret(rotated.client_id, { keepOldSeconds: 0 })
  const disabled = await machine()
  await clients.disable(disabled.client_id)
  const bound = await machine({ dpop_bound_access_tokens: true })
  const both = ['authorization_code', 'client_credentials']
  const pointless = await fixture.client({ grant_types: both, scope: 'openid email' })
  const lost = await machine({ scope: 'gone:read' })
  const whole = await fixture.client({ grant_types: both })
  const web = await fixture.client({ scope: `openid ${BOTH}` })
  const mixed = await fixture.client({
    grant_types: both,
    scope: `openid email ${BOTH}`,
  })
  const unverified = await machine()
  await latchkey.services.db.prisma.client.update({
    where: { id: unverified.client_id },
    data: { verified: false },
  })
  const spa = await fixture.publicClient({ scope: BOTH })
  const api: TestClient = { ...(await resourceCredentials.add(BOOKS)), redirect_uri: '' }
  await resources.remove(GONE)
  return {
    fixture,
    usual: [plain, plain, plain, plain, posting, posting, mixed, rotating, newer, unverified, ...signing],
    others: [rotated, disabled, bound, pointless, lost, whole, web, spa, api],
    plain,
    signing,
  }
}

type Machines = Awaited<ReturnType<typeof createMachines>>

function request({ usual, others, plain }: Machines, proof: string, random: Random): Sent {
  const caller = random.pick(random.once(8) ? others : usual)
  const [headers, body] = credentialsOf(caller, plain, random)
  const parameters: [string, string][] = [
    ['grant_type', random.once(12) ? random.pick(GRANTS) : 'client_credentials'],
    ...body,
  ]
  if (!random.once(3)) parameters.push(['scope', random.pick(random.once(6) ? ODD_SCOPES : SCOPES)])
  if (!random.once(3)) parameters.push(['resource', random.pick(random.once(6) ? ODD_TARGETS : TARGETS)])
  if (random.once(25))
    parameters.push([random.pick(['resource', 'scope', 'grant_type']), random.pick(TARGETS)])
  if (random.once(15)) parameters.push(['audience', random.pick([...TARGETS, ''])])
  if (random.once(30)) parameters.push(['unknown', 'a'], ['unknown', 'b'])
  if (random.once(30)) parameters.push(['authorization_details', random.pick(['[]', '[{"type":"x"}]', 'x'])])
  if (random.once(60)) parameters.push(['padding', 'x'.repeat(random.pick([1000, 20_000, 60_000]))])
  if (random.once(40)) parameters.shift()
  const all: Record<string, string> = {
    'content-type': random.once(20) ? random.pick(oddTypes) : random.pick(random.once(4) ? types : [form]),
    ...headers,
    ...(random.once(6) && random.pick(oddHeaders)),
    ...(random.once(40) && { dpop: proof }),
    ...(random.once(30) && { 'transfer-encoding': 'chunked' }),
  }
  if (random.once(60)) delete all['content-type']
  const text = new URLSearchParams(parameters).toString()
  return {
    method: random.once(60) ? random.pick(['GET', 'PUT', 'OPTIONS']) : 'POST',
    path: random.once(30) ? '/token?grant_type=client_credentials&scope=openid' : '/token',
    headers: all,
    body: random.once(80)
      ? random.pick(['', '&', 'grant_type', '%zz=%zz', `${text}&`, `\ufeff${text}`])
      : text,
  }
}

const GRANTS = [
  'authorization_code',
  'refresh_token',
  'password',
  'implicit',
  'constructor',
  '',
  'CLIENT_CREDENTIALS',
]
const SCOPES = ['books:read', 'vault:read', 'books:read books:write', '']
const ODD_SCOPES = [
  'books:write',
  'books:read vault:read',
  'shelf:read',
  'gone:read',
  'openid',
  'openid books:read',
  'email',
  'groups books:read',
  'offline_access books:read',
  'books:read  books:write',
  ' books:read',
  'books:read ',
  'books:read books:read',
  'böoks',
  'a"b',
  'unknown',
  'x'.repeat(3000),
]
const TARGETS = [BOOKS, VAULT, BOOKS, VAULT, SHELF]
const ODD_TARGETS = [GONE, '', 'books', `${BOOKS}/`, `${BOOKS}#a`, 'urn:x', 'constructor', 'https://']

describe.each(engines)('tokens of machines are the same by both ways, on %s', (engine) => {
  const bothWays = createBothWays((fastPaths) => startLatchkey({ engine, fastPaths, env: { METRICS: 'on' } }))
  let latchkey: Latchkey
  let machines: Machines
  beforeAll(async () => {
    latchkey = await bothWays.start()
    machines = await createMachines(latchkey)
  })
  afterAll(() => latchkey?.stop())

  /** What a token leaves in the database, with the times by how far apart they are. */
  async function rowOf({ text }: Answered): Promise<unknown> {
    const { access_token: token } = JSON.parse(text) as { access_token: string }
    const rows = await latchkey.services.db.artifacts.all<Record<string, unknown>>(
      'SELECT model, payload, grant_id, uid, user_code, account_id, client_id, consumed_at, expires_at, created_at FROM artifacts WHERE id_hash = ?',
      [hashId(token)],
    )
    return rows.map(({ payload, expires_at: end, created_at: since, ...rest }) => {
      const { iat, exp, ...stored } = JSON.parse(String(payload))
      // A second may begin between its making and its storing.
      const late = Number(end) - exp
      return {
        ...rest,
        stored,
        lives: lifetimeOf(iat, exp),
        ends: late >= 0 && late < 5,
        since: typeof since,
      }
    })
  }

  test('of thousands of requests, most in order', async () => {
    const random = createRandom(engine.length)
    const proof = await prove(await createProver(), 'POST', `${latchkey.issuer}/token`)
    const statuses = new Map<number, number>()
    let fast = 0
    for (let lot = 0; lot < LOTS; lot++) {
      const requests = Array.from({ length: AT_ONCE }, () => request(machines, proof, random))
      const seen: Record<string, number>[] = []
      const asked = await bothWays.ask(latchkey.issuer, requests, async () =>
        seen.push(await totals(latchkey)),
      )
      seen.push(await totals(latchkey))
      fast += asked.fast
      for (const { request, answer, answers, fast, library } of asked.answers) {
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        // A proof is used once.
        if (request?.headers.dpop === proof) continue
        expect({ request, ...fast }).toEqual({ request, ...library })
        if (answer.status !== 200) continue
        const [mine, theirs] = answers
        expect({ request, row: await rowOf(mine) }).toEqual({ request, row: await rowOf(theirs) })
      }
      if (requests.some(({ headers }) => headers.dpop === proof)) continue
      const [first = {}, second = {}, third = {}] = seen
      expect(differences(first, second)).toEqual(differences(second, third))
    }
    expect(statuses.get(200)).toBeGreaterThan(300)
    expect(statuses.get(401)).toBeGreaterThan(50)
    expect(statuses.get(400)).toBeGreaterThan(200)
    expect(fast).toBeGreaterThan(200)
  })

  test('whose signatures hold, of every algorithm', async () => {
    const { keys } = (await get(`${latchkey.issuer}/jwks`)).json as { keys: JWK[] }
    const requests = machines.signing.map(
      ({ client_id, client_secret = '' }): Sent => ({
        method: 'POST',
        path: '/token',
        headers: { 'content-type': form, ...basic(client_id, client_secret) },
        body: 'grant_type=client_credentials',
      }),
    )
    const { answers, fast } = await bothWays.ask(latchkey.issuer, requests)
    expect(fast).toBe(SIGNING_ALGORITHMS.length)
    const used = answers.flatMap(({ answers }) =>
      answers.map(({ text }) => {
        const { access_token: token } = JSON.parse(text) as { access_token: string }
        const { alg, kid, typ } = decodeProtectedHeader(token)
        const key = keys.find((each) => each.kid === kid)
        const [header, payload, signature = ''] = token.split('.')
        const options = {
          ES256: { dsaEncoding: 'ieee-p1363' as const },
          PS256: { padding: 6, saltLength: 32 },
        }[alg as string]
        const good = verify(
          alg === 'EdDSA' ? null : 'sha256',
          Buffer.from(`${header}.${payload}`),
          { key: createPublicKey({ key: key as never, format: 'jwk' }), ...options },
          Buffer.from(signature, 'base64url'),
        )
        return { alg, typ, good }
      }),
    )
    expect(used).toEqual(
      SIGNING_ALGORITHMS.flatMap((alg) => [1, 2].map(() => ({ alg, typ: 'at+jwt', good: true }))),
    )
  })
})
