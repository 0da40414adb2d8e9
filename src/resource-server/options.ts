import { z } from 'zod'

/** Asymmetric only: with `none` or HS* a public key, or nothing, would do to forge a token (RFC 8725 §2.1, §3.1). */
export const signingAlgorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
export type SigningAlgorithm = (typeof signingAlgorithms)[number]

export interface ResourceServerOptions {
  /** The issuer identifier of the authorization server, spelt exactly as it spells itself. */
  issuer: string
  /** This API's resource indicator: what `aud` must name (RFC 8707, RFC 9068 §4). */
  audience: string
  /** Signature algorithms to accept. Default: all four. */
  algorithms?: readonly SigningAlgorithm[]
  /**
   * Asks the issuer about tokens that are no JWT (RFC 7662), with the credentials of this API, or as a client. Without it they
   * are refused. A token that names no audience is accepted only if it was issued to this very client.
   */
  introspection?: {
    clientId: string
    clientSecret: string
    /** How long an answer is believed, in seconds: 0 to 10, default 5. A revoked token works on for that long. */
    cacheSeconds?: number
    /**
     * Asks about JWTs too, once they have passed every check here: what was revoked or signed out ends within `cacheSeconds`,
     * rather than when it expires. Default: false.
     */
    jwts?: boolean
  }
  /**
   * Where clients reach this API, with the path that a proxy strips, if any. DPoP proofs name it. Default: the origin
   * of `audience`; if that is no http(s) URL, what the request says (see `trustProxy` of Fastify).
   */
  publicUrl?: string
  /** Refuse bearer tokens: every token must be bound to a key (RFC 9449). Default: false. */
  requireDpop?: boolean
  /**
   * Remembers proofs that were used, for several processes: resolves to false when `id` is there already. Default: the
   * memory of this process.
   * @param expiresAt milliseconds since the epoch
   */
  rememberProof?: (id: string, expiresAt: number) => Promise<boolean>
  /** How far clocks may differ, in seconds: 0 to 60, default 10. */
  clockTolerance?: number
  /** At most one fetch of the key set for unknown keys in this many seconds. Default 30. */
  jwksCooldown?: number
  /** The name of the API for people (RFC 9728 §2), and the realm of its challenges. */
  name?: string
  /** Where developers read about the API (RFC 9728 §2). */
  documentation?: string
  /** For requests to the issuer. Default: the global one. */
  fetch?: typeof fetch
  /** Milliseconds since the epoch. Default: Date.now. */
  clock?: () => number
}

const loopback = new Set(['localhost', '127.0.0.1', '[::1]'])

/** https, or http on this machine: a key set that came over plain http is worth nothing. */
export function isTrustworthyUrl(value: string): boolean {
  const url = URL.parse(value)
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback.has(url.hostname))
}

const secureUrl = z
  .string()
  .refine(isTrustworthyUrl, 'must be an https URL (http only on localhost)')
  .refine((value) => !/[?#]/.test(value), 'must not have a query or fragment')

const optionsSchema = z.strictObject({
  issuer: secureUrl,
  audience: z.string().min(1),
  algorithms: z
    .array(z.enum(signingAlgorithms))
    .min(1)
    .default([...signingAlgorithms]),
  introspection: z
    .strictObject({
      clientId: z.string().min(1),
      clientSecret: z.string().min(1),
      cacheSeconds: z.number().min(0).max(10).default(5),
      jwts: z.boolean().default(false),
    })
    .optional(),
  publicUrl: secureUrl.transform((value) => value.replace(/\/+$/, '')).optional(),
  requireDpop: z.boolean().default(false),
  rememberProof: z.custom<(id: string, expiresAt: number) => Promise<boolean>>(isFunction).optional(),
  clockTolerance: z.number().min(0).max(60).default(10),
  jwksCooldown: z.number().min(1).default(30),
  name: z
    .string()
    .regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/, 'must be printable ASCII without quotes')
    .optional(),
  documentation: z.string().optional(),
  fetch: z.custom<typeof fetch>(isFunction).default(() => fetch),
  clock: z.custom<() => number>(isFunction).default(() => Date.now),
})

function isFunction(value: unknown): boolean {
  return typeof value === 'function'
}

export type Settings = z.output<typeof optionsSchema>

/** @throws Error that names every option that is wrong */
export function parseOptions(options: unknown): Settings {
  const parsed = optionsSchema.safeParse(options)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'options'}: ${message}`,
  )
  throw new Error(`latchkey/resource-server: ${problems.join('; ')}`)
}
