import type { FastifyError, FastifyInstance } from 'fastify'
import { publicError } from '../../http/errors/errors.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import { ValidationError } from '../../shared/validation-error.ts'

/** What was wrong, by the words of RFC 7644 §3.12. */
export type ScimType =
  | 'uniqueness'
  | 'invalidFilter'
  | 'invalidSyntax'
  | 'invalidPath'
  | 'invalidValue'
  | 'noTarget'
  | 'mutability'

export const scimError = (status: number, detail: string, scimType?: ScimType): AppError =>
  new AppError('scim_refused', status, detail, { ...(scimType && { members: { scimType } }) })

export const notFound = (): AppError => scimError(404, 'There is no such resource.')

const SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** What a refusal of a service, or of the server, is to a directory. */
function shownOf(error: unknown): {
  status: number
  detail: string
  scimType?: unknown
  retryAfter?: number
} {
  if (error instanceof VersionConflict)
    return { status: 412, detail: 'This was changed since you read it. Read it again.' }
  if (error instanceof ValidationError) {
    const detail = error.problems.map(({ field, message }) => `${field}: ${message}`).join(' ')
    return error.status === 409
      ? { status: 409, scimType: 'uniqueness', detail }
      : { status: 400, scimType: 'invalidValue', detail }
  }
  const { code, members, publicMessage: detail, retryAfter, status } = publicError(error)
  // A body that the parser of JSON refuses.
  const syntax = code === 'invalid_request' && (error as Partial<FastifyError>).statusCode === 400
  return {
    status,
    detail,
    scimType: syntax ? 'invalidSyntax' : members?.scimType,
    ...(retryAfter !== undefined && { retryAfter }),
  }
}

/** Answers everything that goes wrong in a context as RFC 7644 §3.12 says. @param translate what an error of the database means */
export function answerScimErrors(app: FastifyInstance, translate: (error: unknown) => unknown): void {
  app.setErrorHandler((thrown, request, reply) => {
    const { status, detail, scimType, retryAfter } = shownOf(translate(thrown))
    if (status >= 500) request.log.error({ err: thrown }, 'request failed')
    else request.log.info({ status, reason: detail }, 'request refused')
    if (retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(retryAfter)))
    return reply
      .code(status)
      .type('application/scim+json; charset=utf-8')
      .send(
        JSON.stringify({
          schemas: [SCHEMA],
          status: String(status),
          ...(scimType ? { scimType } : {}),
          detail,
        }),
      )
  })
}
