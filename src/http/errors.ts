import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ZodError } from 'zod'
import { AppError } from '../errors.ts'
import { errorFormat } from './error-format.ts'
import { errorsByField, problem } from './problem.ts'
import { renderPage } from './views.ts'

/**
 * Everything that was thrown and everything that was not found, answered in one place.
 * @param translate what an error of somewhere below (a driver's) means to whoever sent the request
 */
export function registerErrors(app: FastifyInstance, translate: (error: unknown) => unknown): void {
  app.setErrorHandler((error, request, reply) =>
    respond(app, publicError(translate(error)), error, request, reply),
  )
  app.setNotFoundHandler((request, reply) => {
    const error = new AppError(
      'not_found',
      404,
      'There is nothing at this address. Check it for a typing mistake.',
    )
    return respond(app, error, error, request, reply)
  })
}

const REFUSED: Record<string, string> = {
  FST_CSRF_MISSING_SECRET:
    'Your browser did not send the cookie that belongs to this form. Allow cookies for this site, open the form again and send it once more.',
  FST_CSRF_INVALID_TOKEN:
    'This form is no longer valid, perhaps because it was open for a long time. Open it again and send it once more. Your browser’s Back button may bring back what you typed.',
}

const PLAIN: Record<number, string> = {
  400: 'This request cannot be read.',
  404: 'There is nothing at this address.',
  405: 'This address does not take that kind of request.',
  413: 'This request is too large.',
  414: 'This address is too long.',
  415: 'This request has a format that is not accepted here.',
  503: 'The server is busy. Please try again in a moment.',
}

const CODES: Record<number, string> = {
  413: 'too_large',
  415: 'unsupported_media_type',
  503: 'unavailable',
}

/** What whoever made the request gets to know about an error. */
export function publicError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof ZodError) {
    return new AppError('invalid_fields', 422, 'Some fields are missing or wrong.', { cause: error })
  }
  const { code = '', statusCode: status = 500 } =
    error instanceof Error ? (error as Partial<FastifyError>) : {}
  const refusal = REFUSED[code]
  if (refusal !== undefined) return new AppError('form_expired', 403, refusal, { cause: error })
  if (status < 400 || (status >= 500 && status !== 503)) {
    const message = 'Something went wrong on our side. Please try again in a moment.'
    return new AppError('server_error', 500, message, { cause: error })
  }
  const message = PLAIN[status] ?? 'This request was refused.'
  return new AppError(CODES[status] ?? 'invalid_request', status, message, { cause: error })
}

function respond(
  app: FastifyInstance,
  shown: AppError,
  original: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  if (shown.status >= 500) request.log.error({ err: original, error_code: shown.code }, 'request failed')
  else
    request.log.info(
      { error_code: shown.code, status: shown.status, reason: shown.message },
      'request refused',
    )
  if (shown.retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(shown.retryAfter)))
  reply.header('cache-control', 'no-store')
  const { status, code, publicMessage } = shown
  switch (errorFormat(request)) {
    case 'html': {
      const data = { status, message: publicMessage, requestId: request.id, wayBack: wayBack(app, request) }
      return renderPage(reply, 'http/error', data, status)
    }
    case 'oauth':
      return reply.code(status).send({ error: oauthCode(shown), error_description: publicMessage })
    case 'problem': {
      return reply
        .code(status)
        .type('application/problem+json; charset=utf-8')
        .send(problem(status, code, publicMessage, request.id, errorsByField(original)))
    }
  }
}

function oauthCode(error: AppError): string {
  if (error.status === 429 || error.status === 503) return 'temporarily_unavailable'
  return error.status >= 500 ? 'server_error' : 'invalid_request'
}

/** The page that the refused form stood on: the nearest path upwards that answers to GET. Undefined: none. */
function wayBack(app: FastifyInstance, request: FastifyRequest): string | undefined {
  const pattern = request.routeOptions.url
  if (pattern === undefined || request.method === 'GET') return undefined
  const [path = '', query] = request.url.split('?', 2)
  const route = pattern.split('/')
  const actual = path.split('/')
  for (let length = route.length; length > 1; length--) {
    if (!app.hasRoute({ method: 'GET', url: route.slice(0, length).join('/') })) continue
    const back = actual.slice(0, length).join('/')
    return length === route.length && query !== undefined ? `${back}?${query}` : back
  }
  return undefined
}
