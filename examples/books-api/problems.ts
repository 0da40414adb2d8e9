import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyInstance, FastifyReply } from 'fastify'
import type { z } from 'zod'

/** Messages by the field's name. */
export type FieldErrors = Record<string, string[]>

/** What a client is told in so many words; everything else that is thrown becomes a 500 without details. */
export class Problem extends Error {
  readonly status: number
  /** Stable and machine-readable. */
  readonly code: string
  readonly errors: FieldErrors | undefined

  constructor(status: number, code: string, detail: string, errors?: FieldErrors) {
    super(detail)
    this.status = status
    this.code = code
    this.errors = errors
  }
}

export const notFound = () => new Problem(404, 'not_found', 'There is no such book.')

/** @throws Problem 422 that names each wrong field */
export function parse<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input)
  if (parsed.success) return parsed.data
  const errors: FieldErrors = {}
  for (const issue of parsed.error.issues) {
    const fields = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path.join('.') || 'body']
    const message = issue.code === 'unrecognized_keys' ? 'is not known' : issue.message
    for (const field of fields) errors[field] = [...(errors[field] ?? []), message]
  }
  throw new Problem(422, 'invalid_fields', 'Some fields are missing or wrong.', errors)
}

const DETAILS: Record<number, string> = {
  400: 'The request cannot be read.',
  413: 'The request is too large.',
  415: 'Send JSON or multipart/form-data.',
  429: 'Too many requests. Wait a little.',
}

/** Every error as problem details (RFC 9457), in the same shape as those of the guard. */
export function registerProblems(app: FastifyInstance): void {
  const send = (reply: FastifyReply, { status, code, message: detail, errors }: Problem) =>
    reply
      .code(status)
      .header('cache-control', 'no-store')
      .type('application/problem+json; charset=utf-8')
      .send({ title: STATUS_CODES[status], status, detail, code, ...(errors && { errors }) })

  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (error instanceof Problem) return send(reply, error)
    const status = error.statusCode === 406 ? 415 : (error.statusCode ?? 500)
    const detail = DETAILS[status]
    if (detail !== undefined) {
      const code = (STATUS_CODES[status] ?? 'error').toLowerCase().replaceAll(' ', '_')
      return send(reply, new Problem(status, code, detail))
    }
    request.log.error({ err: error }, 'request failed')
    return send(reply, new Problem(500, 'server_error', 'Something went wrong here. Try again later.'))
  })
  app.setNotFoundHandler((_request, reply) =>
    send(reply, new Problem(404, 'not_found', 'There is nothing at this address.')),
  )
}
