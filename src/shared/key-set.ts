/**
 * A JWK Set (RFC 7517 §5), also out of a single JWK, which people have at hand as often. Anything else stays as it is, for the
 * registration of the client to reject.
 */
export const asKeySet = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'kty' in value ? { keys: [value] } : value
