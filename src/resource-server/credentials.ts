import type { FastifyRequest } from 'fastify'
import { invalidRequest } from './refusal.ts'

/** How a request presents its access token. */
export interface Credentials {
  scheme: 'Bearer' | 'DPoP'
  token: string
  /** The value of the DPoP header (RFC 9449 §4.1). */
  proof: string | undefined
}

/** Longer ones are nobody's; Node's own limit for all headers together is 16 KiB. */
const MAX_TOKEN = 8192
const ONE_TOKEN = 'Send one access token, in one Authorization header.'

/** Node keeps the first of two Authorization headers in silence, so the raw list is what counts. */
function valuesOf(request: FastifyRequest, name: string): string[] {
  const { rawHeaders } = request.raw
  return rawHeaders.flatMap((value, at) =>
    at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name ? [value] : [],
  )
}

/**
 * The access token of a request, from the Authorization header only (RFC 6750 §2.1, RFC 9449 §7.1): in a URL it would
 * end in logs and histories (RFC 9700 §4.3.2). Undefined: there is none.
 * @throws Refusal 400 invalid_request when there are two, or one where it must not be, or a malformed one
 */
export function credentialsOf(request: FastifyRequest): Credentials | undefined {
  const [authorization, second] = valuesOf(request, 'authorization')
  if (second !== undefined) throw invalidRequest(ONE_TOKEN)
  if (
    typeof request.query === 'object' &&
    request.query !== null &&
    Object.hasOwn(request.query, 'access_token')
  )
    throw invalidRequest('Access tokens are not taken from the URL. Send an Authorization header.')
  const [, name, value = ''] = /^\s*(\S+)(?:[ \t]+(.*))?$/.exec(authorization ?? '') ?? []
  const scheme = (['Bearer', 'DPoP'] as const).find((each) => each.toLowerCase() === name?.toLowerCase())
  if (scheme === undefined) return undefined

  const token = value.trim()
  if (token.length > MAX_TOKEN || !/^[\w~+/.-]+=*$/.test(token))
    throw invalidRequest('The Authorization header does not hold a well-formed access token.')
  const [proof, secondProof] = valuesOf(request, 'dpop')
  if (secondProof !== undefined) throw invalidRequest('Send one DPoP header.')
  return { scheme, token, proof }
}

/**
 * A second token in a form, which a parser further on might take for the one that counts (RFC 6750 §2).
 * @throws Refusal 400 invalid_request
 */
export function refuseTokenInForm(request: FastifyRequest): void {
  const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
  if (
    isForm &&
    typeof request.body === 'object' &&
    request.body !== null &&
    Object.hasOwn(request.body, 'access_token')
  )
    throw invalidRequest(ONE_TOKEN)
}
