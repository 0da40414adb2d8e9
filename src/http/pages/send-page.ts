import type { FastifyReply } from 'fastify'
import { currentLocale } from '../../shared/locales/texts.ts'
import { csrfToken } from '../forms/csrf.ts'

/** Sends a page as it is, also as the answer to a form. */
export function sendPage(reply: FastifyReply, view: string, data: object, status: number): FastifyReply {
  const { method, url } = reply.request
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({ 'cache-control': 'no-store', 'content-language': currentLocale() })
  return reply.view(view, {
    ...data,
    csrfToken: () => csrfToken(reply),
    // Where the page is that a change of the language leads back to.
    here: method === 'GET' && status !== 404 ? url : '/',
  })
}
