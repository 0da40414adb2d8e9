import { generateKeyPairSync } from 'node:crypto'
import { type JWK, Provider } from 'oidc-provider'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createMapAdapter } from '../../bench/map-adapter.ts'
import { makePlainModels } from '../../src/oidc/provider/plain-models.ts'

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

for (const name of MODELS)
  test(`${name} is made of a payload as by the library`, () => {
    const { library, ours } = providers()
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
