import { z } from 'zod'

const text = z.string().optional()
const flag = z.boolean().optional()
const number = z.number().optional()
const texts = z.array(z.string()).optional()

/**
 * What is known of a rejected request: what was sent, what was registered then. Names, URIs, times and yes or no; never a
 * secret, code, token, assertion, verifier or password (RFC 6819 §5.1.5.1 for the reason). Every field may be missing.
 */
export const detailsSchema = z.object({
  /** The names of the parameters that were sent. */
  parameters: texts,
  grant_type: text,
  response_type: text,
  scope: text,
  resource: texts,
  prompt: text,
  acr_values: text,
  /** The parameter, as JSON. */
  claims: text,
  /** The web page that the request came from. */
  origin: text,
  redirect_uri: text,
  post_logout_redirect_uri: text,
  /** A URI held what looked like a code or token, which was struck out. */
  masked: flag,
  /** The registered URI that is nearest to what was sent, and what differs. */
  closest: text,
  reason: text,
  challenge: z.object({ sent: z.boolean(), method: text }).optional(),
  verifier: z.object({ sent: z.boolean(), length: number }).optional(),
  /** How the client tried to show who it is. */
  authentication: text,
  /** What the program calls itself that sent the request; of people’s browsers nothing is kept. */
  user_agent: text,
  /** What the client said it is, when no enabled client is called that. */
  claimed_client_id: text,
  /** The claims that decide about a client assertion (RFC 7523 §3); times in seconds since the epoch. */
  assertion: z
    .object({ alg: text, kid: text, iss: text, sub: text, aud: texts, iat: number, nbf: number, exp: number })
    .optional(),
  /** Those of a signed request (RFC 9101). */
  request_object: z
    .object({
      alg: text,
      kid: text,
      typ: text,
      iss: text,
      client_id: text,
      aud: texts,
      nbf: number,
      exp: number,
    })
    .optional(),
  /** Those of a DPoP proof (RFC 9449 §4.2). */
  proof: z.object({ alg: text, typ: text, htm: text, htu: text, iat: number }).optional(),
  /** What the library says to operators only. */
  detail: text,
  registered: z
    .object({
      redirect_uris: texts,
      post_logout_redirect_uris: texts,
      grant_types: texts,
      scope: text,
      resource_scope: text,
      auth_method: text,
      auth_alg: text,
      /** The ids of the keys of its jwks. */
      kids: texts,
      jwks_uri: text,
      pkce: text,
      par: flag,
      dpop: flag,
      request_alg: text,
      signed_requests: flag,
      profile: text,
      /** Whom it is for, in the words of its registration. */
      access: texts,
    })
    .optional(),
  /** Of the code that was sent, as long as it was there. */
  code: z.object({ own: z.boolean(), redirect_uri: text, challenge: z.boolean() }).optional(),
  /** Whether a client is called what was claimed. */
  client: z.enum(['enabled', 'disabled', 'unknown']).optional(),
  /** What the secret is that was sent: one that has expired, another client's, a good one with something around it. */
  secret: z.enum(['expired', 'of_another_client', 'padded', 'none_valid', 'unmatched']).optional(),
  /** Seconds since the epoch. */
  secret_expired_at: number,
  secret_of: text,
  /** The API whose credential it is. */
  api: text,
})

export type RejectionDetails = z.output<typeof detailsSchema>

/** What was stored, as far as it can be read: a row of another version keeps the fields that are still known. */
export function parseDetails(json: string): RejectionDetails {
  let stored: unknown
  try {
    stored = JSON.parse(json)
  } catch {
    return {}
  }
  const whole = detailsSchema.safeParse(stored)
  if (whole.success) return whole.data
  const wrong = new Set(whole.error.issues.map(({ path }) => path[0]))
  if (typeof stored !== 'object' || stored === null) return {}
  return detailsSchema.parse(Object.fromEntries(Object.entries(stored).filter(([name]) => !wrong.has(name))))
}
