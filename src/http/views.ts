import { fileURLToPath } from 'node:url'
import view from '@fastify/view'
import { Eta } from 'eta'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { CSRF_FIELD, csrfToken } from './csrf.ts'
import type { Pages } from './pages.ts'

const VIEWS = fileURLToPath(new URL('../../views/', import.meta.url))

/**
 * Eta templates from views/, escaped by default.
 * @param options.cache compile each template once; off while developing
 */
export async function registerViews(
  app: FastifyInstance,
  options: { issuer: URL; cache: boolean; asset: (name: string) => string },
): Promise<void> {
  await app.register(view, {
    engine: { eta: new Eta({ views: VIEWS, autoTrim: false }) },
    root: VIEWS,
    production: options.cache,
    defaultContext: { asset: options.asset, webUrl, host: options.issuer.host, csrfField: CSRF_FIELD },
  })
}

/**
 * Sends a page. Forms in it get this browser's CSRF token by themselves.
 * @param status HTTP status, 200 unless given
 */
export function renderPage<View extends keyof Pages>(
  reply: FastifyReply,
  page: View,
  data: Pages[View],
  status = 200,
): FastifyReply {
  reply.code(status).type('text/html; charset=utf-8').header('cache-control', 'no-store')
  return reply.view(page, { ...data, csrfToken: () => csrfToken(reply) })
}

/**
 * A page as text, for where the protocol library sends the answer. Its forms carry no CSRF token of ours: whoever
 * receives them has to bring their own.
 */
export function pageText<View extends keyof Pages>(
  app: FastifyInstance,
  page: View,
  data: Pages[View],
): Promise<string> {
  return app.view(page, data)
}

/**
 * An address that a page may link to: a path of ours, or http(s). Else undefined: what a client's registration names
 * (client_uri, policy_uri) is checked where it is registered, and once more here.
 */
function webUrl(value: string | undefined): string | undefined {
  if (value === undefined || /^\/(?!\/)/.test(value)) return value
  const protocol = URL.parse(value)?.protocol
  return protocol === 'https:' || protocol === 'http:' ? value : undefined
}
