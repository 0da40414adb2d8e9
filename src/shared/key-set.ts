import { isDeepStrictEqual } from 'node:util'

/**
 * A JWK Set (RFC 7517 §5), also out of a single JWK, which people have at hand as often. Anything else stays as it is, for the
 * registration of the client to reject.
 */
export const asKeySet = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value

/** Parameters that carry a private or symmetric key (RFC 7518 §6). */
export const PRIVATE_PARAMETERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** What a public key may say (RFC 7517 §4, RFC 7518 §6). */
const PUBLIC_PARAMETERS = ['kty', 'use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e'].concat([
  'x5u',
  'x5c',
  'x5t',
  'x5t#S256',
])

/** Shorter than any key: a mistake in typing. */
const NO_KEY = 40

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const publicOnly = (key: object): object =>
  Object.fromEntries(
    PUBLIC_PARAMETERS.filter((name) => Object.hasOwn(key, name)).map((name) => [
      name,
      Reflect.get(key, name),
    ]),
  )

function publicHalf(value: unknown): object | undefined {
  if (!isObject(value)) return undefined
  if ('kty' in value) return publicOnly(value)
  const keys: unknown = 'keys' in value ? value.keys : undefined
  return Array.isArray(keys) ? { keys: keys.filter(isObject).map(publicOnly) } : undefined
}

/**
 * What was typed for keys, as a form shows it again: public parameters alone, since a page is kept by the browser, and a private key takes many shapes.
 * @param typed a JWK Set, a JWK, or what was taken for one
 * @returns `typed` where that is all it says; a JWK Set or JWK without the rest; of what is neither, only an address or what is too short for a key
 */
export function withoutPrivateKeys(typed: string): string {
  try {
    const value: unknown = JSON.parse(typed)
    const half = publicHalf(value)
    if (half === undefined) return ''
    return isDeepStrictEqual(half, value) ? typed : JSON.stringify(half, null, 2)
  } catch {
    return typed.length <= NO_KEY || /^https?:\/\/\S{1,300}$/.test(typed) ? typed : ''
  }
}
