import type { FastifyReply } from 'fastify'
import { csrfToken } from '../forms/csrf.ts'

/** Sends a page as it is, also as the answer to a form. */
export function sendPage(reply: FastifyReply, view: string, data: object, status: number): FastifyReply {
  reply.code(status).type('text/html; charset=utf-8').header('cache-control', 'no-store')
  return reply.view(view, { ...data, csrfToken: () => csrfToken(reply) })
}
