import { generateKeyPairSync } from 'node:crypto'
import { type JWK, Provider } from 'oidc-provider'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMapAdapter } from '../../bench/map-adapter.ts'
import { PATCHES, type Patch } from '../../src/oidc/provider/patches.ts'
import { makePlainModels } from '../../src/oidc/provider/plain-models.ts'
import { rememberDetails } from '../../src/oidc/sessions/details.ts'
import { mergeSessions } from '../../src/oidc/sessions/merge.ts'
import { narrowByRole } from '../../src/oidc/tokens/by-role.ts'
import { startLatchkey } from '../support/latchkey.ts'

// A refresh token says when the first of its kind was issued.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const MODELS = [
  'AccessToken',
  'AuthorizationCode',
  'ClientCredentials',
  'DeviceCode',
  'Grant',
  'RefreshToken',
  'RegistrationAccessToken',
  'Session',
] as const

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const options = {
  adapter: createMapAdapter(),
  jwks: { keys: [privateKey.export({ format: 'jwk' }) as JWK] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: false } },
}

function providers() {
  const library = new Provider('https://op.example', options)
  const ours = new Provider('https://op.example', options)
  makePlainModels(ours)
  return { library, ours }
}

const never = async () => {
  throw new Error('asked by a constructor')
}

/** Both with the fields that the server has the library store beside its own. */
function extendedProviders() {
  const both = providers()
  for (const provider of [both.library, both.ours]) {
    rememberDetails(provider)
    mergeSessions(provider, { endSession: never })
    narrowByRole(provider, { findResource: never, membershipsOf: never })
  }
  return both
}

type Made = Record<string, unknown> & {
  getValueAndPayload(): Promise<{ value: string; payload: Record<string, unknown> }>
}
type Model = { new (input?: object): Made; name: string; IN_PAYLOAD: readonly string[] }
const modelOf = (provider: Provider, name: (typeof MODELS)[number]) =>
  Reflect.get(provider, name) as unknown as Model

const outcomeOf = (make: () => Made, chance: readonly string[]) => {
  try {
    // What is undefined is stored by neither.
    const known = Object.entries(make()).filter(
      ([name, value]) => value !== undefined && !chance.includes(name),
    )
    return Object.fromEntries(known)
  } catch (error) {
    return String(error)
  }
}

const payloadsOf = (stored: readonly string[], name: string): [string, object | null | undefined][] => [
  ['none', undefined],
  ['null', null],
  ['nothing', {}],
  [
    'all that it stores',
    Object.fromEntries(stored.map((field, at) => [field, field === 'kind' ? name : `value ${at}`])),
  ],
  [
    'values that are no texts',
    Object.fromEntries(stored.map((field) => [field, field === 'kind' ? '' : null])),
  ],
  ['undefined ones', Object.fromEntries(stored.map((field) => [field, undefined]))],
  ['what it does not store', { jti: 'an id', constructor: 'x', hasOwnProperty: 1, unknown: true }],
  ['a prototype', JSON.parse('{"__proto__":{"accountId":"inherited"},"jti":"an id"}')],
  ['what it inherits', Object.create({ accountId: 'inherited', jti: 'inherited', kind: name })],
  ['another kind', { kind: 'Another', jti: 'an id' }],
]

test.each(
  MODELS.flatMap((name) => [
    { name, fields: 'its own fields', both: providers },
    { name, fields: 'fields of ours beside', both: extendedProviders },
  ]),
)('$name with $fields is made of a payload as by the library', ({ name, both }) => {
  const { library, ours } = both()
  const [theirs, plain] = [modelOf(library, name), modelOf(ours, name)]
  for (const [which, payload] of payloadsOf(theirs.IN_PAYLOAD, name)) {
    const given = payload as object
    // A session without an id gets one by chance.
    const own = { ...given } as { uid?: string; jti?: string }
    const chance = (['uid', 'jti'] as const).filter((field) => name === 'Session' && !own[field])
    expect(
      outcomeOf(() => new plain(given), chance),
      which,
    ).toEqual(outcomeOf(() => new theirs(given), chance))
  }
})

test('the fields of ours are among those that are compared', () => {
  const { ours } = extendedProviders()
  for (const [name, fields] of [
    ['Session', ['asFound', 'signIns']],
    ['Grant', ['organization']],
    ['AccessToken', ['byRole']],
  ] as const) {
    const payload = Object.fromEntries(fields.map((field) => [field, 'kept']))
    expect(new (modelOf(ours, name))(payload)).toMatchObject(payload)
  }
})

test('the server makes its models so: a field that is undefined is none of theirs', async () => {
  let built: Provider | undefined
  const take: Patch = {
    name: 'taken by a test',
    why: 'The server hands its provider to nobody.',
    test: 'test/oidc/plain-models.test.ts',
    apply: (provider) => {
      built = provider
    },
  }
  const patches = PATCHES as Patch[]
  patches.push(take)
  try {
    await startLatchkey()
  } finally {
    patches.pop()
  }
  if (built === undefined) throw new Error('no provider was built')
  for (const name of ['RefreshToken', 'Grant', 'Session'] as const) {
    const made = new (modelOf(built, name))({ accountId: undefined })
    expect(Object.hasOwn(made, 'accountId'), name).toBe(false)
  }
})

test('a model is still what it was of', () => {
  const { ours } = providers()
  const token = new ours.RefreshToken({ accountId: 'someone' } as never)
  expect(token).toBeInstanceOf(ours.RefreshToken)
  expect(token).toBeInstanceOf(ours.BaseToken)
  expect(Reflect.get(ours.RefreshToken, 'IN_PAYLOAD')).toEqual(
    Reflect.get(providers().library.RefreshToken, 'IN_PAYLOAD'),
  )
})

test('what a model leaves out is stored by neither', async () => {
  const { library, ours } = providers()
  const payloads = await Promise.all(
    [library, ours].map(async (provider) => {
      const token = new (modelOf(provider, 'RefreshToken'))({
        accountId: 'someone',
        acr: undefined,
        exp: 2_000_000_000,
        iat: 1_000_000_000,
        jti: 'an id',
        nonce: undefined,
        unknown: true,
      })
      return (await token.getValueAndPayload()).payload
    }),
  )
  expect(JSON.stringify(payloads[1])).toBe(JSON.stringify(payloads[0]))
})
