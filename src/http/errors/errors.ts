import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { ZodError } from 'zod'
import { AppError } from '../../shared/errors.ts'
import { message, type TextKey, t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'
import { withoutPlaces } from '../../shared/paging.ts'
import { flashOf, markRejected } from '../forms/flash.ts'
import { shownAgain } from '../forms/forms.ts'
import { formPage } from '../forms/page.ts'
import { unreadForm } from '../forms/unread-form.ts'
import { inLanguageOf } from '../language.ts'
import type { Link } from '../pages/pages.ts'
import { sendPage } from '../pages/send-page.ts'
import { renderPage } from '../pages/views.ts'
import { errorFormat } from './format.ts'
import { errorsByField, problem } from './problem.ts'

export interface HttpErrorPage {
  status: number
  message: string
  requestId: string
  /** The page with the form that was rejected. */
  wayBack?: string | undefined
  /** Where to go on instead, when that form leads nowhere. */
  leadsTo?: Link | undefined
  /** Something of the console that is not there: its overview and its search are. */
  lost?: boolean | undefined
}

declare module '../pages/pages.ts' {
  interface Pages {
    'http/error': HttpErrorPage
  }
}

/**
 * Everything that was thrown and everything that was not found, answered in one place.
 * @param translate what an error of a layer below (a driver's) means to the client
 */
export function registerErrors(app: FastifyInstance, translate: (error: unknown) => unknown): void {
  app.setErrorHandler((error, request, reply) =>
    inLanguageOf(request, () => respond(publicError(translate(error)), error, request, reply)),
  )
  app.setNotFoundHandler((request, reply) => {
    const error = new AppError('not_found', 404, message('error.notFound'))
    return respond(error, error, request, reply)
  })
}

const REJECTIONS: Readonly<Record<string, TextKey>> = {
  FST_CSRF_MISSING_SECRET: 'error.form.noCookies',
  FST_CSRF_INVALID_TOKEN: 'error.form.old',
}

const PLAIN: Readonly<Record<number, TextKey>> = {
  400: 'error.unreadable',
  404: 'error.nothing',
  405: 'error.method',
  413: 'error.tooLarge',
  414: 'error.tooLong',
  415: 'error.format',
  503: 'error.busy',
}

/** Where a person goes on whom an error has left without a page. */
const LEADS: Readonly<Record<string, { href: string; label: TextKey }>> = {
  link_expired: { href: '/login', label: 'error.newCode' },
  nothing_to_verify: { href: '/login', label: 'error.newCode' },
}

const CODES: Record<number, string> = {
  413: 'too_large',
  415: 'unsupported_media_type',
  503: 'unavailable',
}

/** What the client gets to know about an error. */
export function publicError(error: unknown): AppError {
  if (error instanceof AppError) return error
  if (error instanceof ZodError) {
    return new AppError('invalid_fields', 422, message('error.fields'), { cause: error })
  }
  const { code = '', statusCode: status = 500 } =
    error instanceof Error ? (error as Partial<FastifyError>) : {}
  const rejection = REJECTIONS[code]
  if (rejection !== undefined) return new AppError('form_expired', 403, message(rejection), { cause: error })
  if (status < 400 || (status >= 500 && status !== 503)) {
    return new AppError('server_error', 500, message('error.ours'), { cause: error })
  }
  const plain = message(PLAIN[status] ?? 'error.refused')
  return new AppError(CODES[status] ?? 'invalid_request', status, plain, { cause: error })
}

function respond(shown: AppError, original: unknown, request: FastifyRequest, reply: FastifyReply) {
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
      const data = {
        status,
        message: code === 'invalid_page' ? t('error.pageGone') : publicMessage,
        requestId: request.id,
        wayBack: formPage(request),
        leadsTo: leadsTo(code, request),
        lost: status === 404 && /^\/admin(?:[/?]|$)/.test(request.url),
      }
      const flash = flashOf(request)
      if (flash === undefined) return renderPage(reply, 'http/error', data, status)
      // A site that made the browser send a form gets nothing shown on a page of ours; and where the server
      // fails, the page that the form stands on may fail too.
      if (status >= 500 || code === 'cross_site_request') return sendPage(reply, 'http/error', data, status)
      markRejected(reply)
      return typedInto(request)
        .then((typed) => flash.rejection(request, reply, shown, typed))
        .then((sent) => (sent ? reply : sendPage(reply, 'http/error', data, status)))
    }
    case 'oauth':
      return reply.code(status).send({ error: oauthCode(shown), error_description: publicMessage })
    case 'problem': {
      return reply
        .code(status)
        .type('application/problem+json; charset=utf-8')
        .send({
          ...shown.members,
          ...problem(status, code, publicMessage, request.id, errorsByField(original)),
        })
    }
  }
}

function leadsTo(code: string, request: FastifyRequest): Link | undefined {
  // Of every list: the same search and filters, from the beginning.
  if (code === 'invalid_page') return { href: withoutPlaces(request.url), label: t('common.pages.first') }
  const lead = own(LEADS, code)
  return lead && { href: lead.href, label: t(lead.label) }
}

/** What was typed, if the browser vouches that it was typed on a page of ours. */
async function typedInto(request: FastifyRequest): Promise<Record<string, string> | undefined> {
  if (request.headers['sec-fetch-site'] !== 'same-origin') return undefined
  const body = request.body ?? (await unreadForm(request))
  return typeof body === 'object' ? shownAgain(body) : undefined
}

function oauthCode(error: AppError): string {
  if (error.status === 429 || error.status === 503) return 'temporarily_unavailable'
  return error.status >= 500 ? 'server_error' : 'invalid_request'
}
