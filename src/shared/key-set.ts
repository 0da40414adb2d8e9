/**
 * A JWK Set (RFC 7517 §5), also out of a single JWK, which people have at hand as often. Anything else stays as it is, for the
 * registration of the client to reject.
 */
export const asKeySet = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value

/** Parameters that carry a private or symmetric key (RFC 7518 §6). */
export const PRIVATE_PARAMETERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** A private key in what is no JSON: its parameters as other languages write them, PEM and the like, or DER without a word. */
const LOOKS_PRIVATE = new RegExp(
  `(?<!\\w)(?:${PRIVATE_PARAMETERS.join('|')})["'\\\\]{0,2}\\s{0,9}[:=]|private|^\\s{0,99}MI[A-Za-z0-9+/]{40}`,
  'i',
)

const isKeys = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('kty' in value || 'keys' in value)

/**
 * What was typed for keys, without private parameters: a form that is shown again holds no private key, which would be kept by the browser.
 * @param typed a JWK Set, a JWK, or what was taken for one
 * @returns `typed` as it is where it has no private key; without private parameters where it is a JWK Set or JWK that has some; else empty
 */
export function withoutPrivateKeys(typed: string): string {
  let found = false
  const publicMember = (name: string, value: unknown) => {
    const secret =
      (PRIVATE_PARAMETERS as readonly string[]).includes(name) ||
      (typeof value === 'string' && /private/i.test(value))
    found ||= secret
    return secret ? undefined : value
  }
  try {
    const value: unknown = JSON.parse(typed, publicMember)
    if (!isKeys(value)) return ''
    return found ? JSON.stringify(value, null, 2) : typed
  } catch {
    return LOOKS_PRIVATE.test(typed) ? '' : typed
  }
}
