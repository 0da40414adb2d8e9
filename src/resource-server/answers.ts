import { STATUS_CODES } from 'node:http'
import type { FastifyReply } from 'fastify'
import type { Credentials } from './credentials.ts'
import type { Settings } from './options.ts'
import type { Refusal } from './refusal.ts'

/** What a challenge says besides the refusal itself. */
export interface ChallengeContext {
  settings: Pick<Settings, 'algorithms' | 'requireDpop' | 'name'>
  /** Where the metadata of this API is (RFC 9728 §5.1). */
  metadataUrl: string | undefined
  /** How the token was presented; undefined: there was none. */
  scheme: Credentials['scheme'] | undefined
}

function challenge(scheme: string, parameters: Record<string, string | number | undefined>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [`${name}="${value}"`],
  )
  return given.length === 0 ? scheme : `${scheme} ${given.join(', ')}`
}

/** What a client has to ask for in its next authorization request (RFC 9470 §3). */
const askedOf = ({ signIn }: Refusal) =>
  signIn && {
    ...(signIn.acr.length > 0 && { acr_values: signIn.acr.join(' ') }),
    ...(signIn.maxAuthAge !== undefined && { max_age: signIn.maxAuthAge }),
  }

/**
 * WWW-Authenticate: one challenge for each scheme that would do (RFC 6750 §3, RFC 9449 §7.1). The error stands in that
 * of the scheme that was used; a request without a token gets none (RFC 6750 §3.1).
 */
export function challenges(refusal: Refusal, { settings, metadataUrl, scheme }: ChallengeContext): string[] {
  const used = settings.requireDpop ? 'DPoP' : (scheme ?? 'Bearer')
  const of = (name: Credentials['scheme']) =>
    challenge(name, {
      realm: settings.name,
      scope: refusal.scope?.join(' '),
      ...(name === used && {
        error: refusal.error,
        error_description: refusal.error && refusal.description,
        ...askedOf(refusal),
      }),
      ...(name === 'DPoP' && { algs: settings.algorithms.join(' ') }),
      resource_metadata: metadataUrl,
    })
  return settings.requireDpop ? [of('DPoP')] : [of('Bearer'), of('DPoP')]
}

/** Sends the refusal: RFC 6750 in the headers, problem details (RFC 9457) in the body. */
export function answer(reply: FastifyReply, refusal: Refusal, context: ChallengeContext): FastifyReply {
  const { status, error, description, retryAfter, scope } = refusal
  reply.code(status).header('cache-control', 'no-store')
  if (retryAfter !== undefined) reply.header('retry-after', retryAfter)
  if (status !== 503) reply.header('www-authenticate', challenges(refusal, context))
  return reply.type('application/problem+json; charset=utf-8').send({
    title: STATUS_CODES[status],
    status,
    detail: description,
    code: error ?? (status === 503 ? 'temporarily_unavailable' : 'missing_token'),
    ...(status === 403 && scope && { scope: scope.join(' ') }),
    ...askedOf(refusal),
  })
}
