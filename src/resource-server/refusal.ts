import type { NeededSignIn } from './sign-in.ts'

/** The error codes of RFC 6750 §3.1, RFC 9449 §7.1 and RFC 9470 §3. */
export type ErrorCode =
  | 'invalid_request'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'invalid_dpop_proof'
  | 'insufficient_user_authentication'

export interface RefusalOptions {
  error?: ErrorCode
  /** For the caller: ASCII without quotes or backslashes, since it also stands in a header. */
  description: string
  /** For the log. No token in it. */
  reason?: string
  cause?: unknown
  /** Seconds; sent as Retry-After. */
  retryAfter?: number
  /** The scopes that the route needs. */
  scope?: readonly string[]
  /** The sign-in that the route needs. */
  signIn?: NeededSignIn
}

/**
 * A request that does not get through: 400 malformed, 401 no (valid) token or too weak a sign-in, 403 too few scopes, 503 the issuer cannot
 * be asked. `description` is public, `message` and `cause` are for the log.
 */
export class Refusal extends Error {
  readonly status: 400 | 401 | 403 | 503
  readonly error: ErrorCode | undefined
  readonly description: string
  readonly retryAfter: number | undefined
  readonly scope: readonly string[] | undefined
  readonly signIn: NeededSignIn | undefined

  constructor(status: 400 | 401 | 403 | 503, options: RefusalOptions) {
    super(options.reason ?? options.description, 'cause' in options ? { cause: options.cause } : undefined)
    this.name = 'Refusal'
    this.status = status
    this.error = options.error
    this.description = options.description
    this.retryAfter = options.retryAfter
    this.scope = options.scope
    this.signIn = options.signIn
  }
}

/** 401 invalid_token. @param reason for the log: what exactly is wrong */
export const invalidToken = (reason: string, cause?: unknown): Refusal =>
  new Refusal(401, {
    error: 'invalid_token',
    description: 'The access token is not valid here.',
    reason,
    cause,
  })

/** 400 invalid_request. */
export const invalidRequest = (description: string): Refusal =>
  new Refusal(400, { error: 'invalid_request', description })

/** 503: nobody can say now whether the token is valid. @param retryAfter seconds */
export const unavailable = (reason: string, retryAfter: number, cause?: unknown): Refusal =>
  new Refusal(503, {
    description: 'Access tokens cannot be checked at the moment. Try again shortly.',
    reason,
    retryAfter: Math.max(1, Math.ceil(retryAfter)),
    cause,
  })
