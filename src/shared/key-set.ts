/**
 * A JWK Set (RFC 7517 §5), also out of a single JWK, which people have at hand as often. Anything else stays as it is, for the
 * registration of the client to reject.
 */
export const asKeySet = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value

/** Parameters that carry a private or symmetric key (RFC 7518 §6). */
export const PRIVATE_PARAMETERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'] as const

/** Members of a JSON object by their names alone, for a text that is no JSON. */
const PRIVATE_MEMBER = new RegExp(`"(?:${PRIVATE_PARAMETERS.join('|')})"\\s*:`)

/**
 * What was typed for keys, without private parameters: a form that is shown again holds no private key, which would be kept by the browser.
 * @param typed a JWK Set, a JWK, or what was taken for one
 * @returns `typed` as it is where it has no private key; empty where one is in a text that cannot be read
 */
export function withoutPrivateKeys(typed: string): string {
  let found = false
  const publicMember = (name: string, value: unknown) => {
    const secret = (PRIVATE_PARAMETERS as readonly string[]).includes(name)
    found ||= secret
    return secret ? undefined : value
  }
  try {
    const text = JSON.stringify(JSON.parse(typed, publicMember), null, 2)
    return found ? text : typed
  } catch {
    return PRIVATE_MEMBER.test(typed) || typed.includes('PRIVATE KEY') ? '' : typed
  }
}
