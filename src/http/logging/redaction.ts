/** Fields whose values never reach the log, however deep they stand. Lower case; `-` and `_` count as the same. */
const SECRET_FIELDS = new Set([
  'authorization',
  'cookie',
  'set_cookie',
  'dpop',
  'password',
  'new_password',
  'current_password',
  'code',
  'code_verifier',
  'device_code',
  'user_code',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'id_token_hint',
  'logout_token',
  'secret',
  'client_secret',
  'client_assertion',
  'credential',
  'csrf_token',
  'xsrf',
])

/** Far below what is ever logged; a bound for what refers to itself. */
const DEEPEST = 6

const isPlain = (value: unknown): value is Record<string, unknown> => {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Whether a field of this name carries a secret: a password, a one-time code, a token, a client secret. */
export const isSecret = (field: string): boolean =>
  SECRET_FIELDS.has(field.toLowerCase().replaceAll('-', '_'))

/**
 * A copy of what is about to be logged, with the values of secret fields blanked out. Instances of classes are left to
 * their serializers. One walk of a small object: a twentieth of what wildcard paths of the logger cost for each line.
 */
export function redacted(value: unknown, depth = 0): unknown {
  if (depth > DEEPEST) return '[too deep]'
  if (Array.isArray(value)) return value.map((each) => redacted(each, depth + 1))
  if (!isPlain(value)) return value
  const copy = Object.entries(value).map(([field, inner]): [string, unknown] => {
    if (inner !== undefined && isSecret(field)) return [field, '[redacted]']
    return [field, typeof inner === 'object' ? redacted(inner, depth + 1) : inner]
  })
  // Not field by field: a field may be called “__proto__”.
  return Object.fromEntries(copy)
}
