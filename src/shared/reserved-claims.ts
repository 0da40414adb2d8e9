/**
 * Names that no claim of an administrator's may have: what a token, userinfo or an introspection says by itself (RFC 7519 §4.1, OpenID
 * Connect Core §2, §5.1, §5.6, RFC 7662 §2.2, RFC 7800, RFC 8693, RFC 9068, RFC 9396, RFC 9701), and the standard claims of a person.
 */
const OF_PROTOCOL =
  'iss sub aud exp nbf iat jti auth_time nonce acr amr azp at_hash c_hash s_hash sid events cnf act may_act scope client_id authorization_details token_introspection active token_type username _claim_names _claim_sources typ toe txn sub_jwk htm htu ath client_assertion entitlements groups roles org_id org_name org_roles __proto__ constructor prototype'
const OF_PERSON =
  'name given_name family_name middle_name nickname preferred_username profile picture website email email_verified gender birthdate zoneinfo locale phone_number phone_number_verified address updated_at'

const RESERVED: ReadonlySet<string> = new Set([...OF_PROTOCOL.split(' '), ...OF_PERSON.split(' ')])

/**
 * Whether a claim name is taken by a standard, or begins with what this server keeps for itself; in any case of its letters: programs
 * in Go take “Email” for “email”, and the last of both counts.
 */
export function isReservedClaim(name: string): boolean {
  const lower = name.toLowerCase()
  return RESERVED.has(lower) || lower.startsWith('urn:latchkey:')
}
