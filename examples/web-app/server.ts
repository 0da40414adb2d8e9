import { readFile } from 'node:fs/promises'
import cookie from '@fastify/cookie'
import formbody from '@fastify/formbody'
import Fastify from 'fastify'
import { createBooksApi } from './books.ts'
import { createRelyingParty } from './oidc.ts'
import { explain, foreignRequest, noSuchPage } from './problems.ts'
import { routes, showProblem } from './routes.ts'
import { createSessions } from './session.ts'

export interface WebAppOptions {
  issuer: string
  clientId: string
  clientSecret?: string | undefined
  port: number
  /** The address in people's browsers. Default: http://localhost:PORT */
  baseUrl?: string | undefined
  scope?: string | undefined
  /** Where examples/books-api is, if it is to be called; `scope` has its scopes then. */
  booksApi?: string | undefined
  /** Receives what went wrong; there are no tokens or codes in it. */
  onError?: (message: string) => void
}

export interface WebApp {
  url: string
  close(): Promise<void>
}

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/**
 * Starts the app on this machine's loopback. Register it with the redirect URI `baseUrl`/callback and the post-logout
 * redirect URI `baseUrl`/signed-out.
 *
 * @throws Error when the port is taken (EADDRINUSE) or the issuer is neither https nor on loopback
 */
export async function startWebApp(options: WebAppOptions): Promise<WebApp> {
  const base = new URL(options.baseUrl ?? `http://localhost:${options.port}`)
  const report = (error: unknown) => options.onError?.(error instanceof Error ? error.message : String(error))
  const party = createRelyingParty({
    issuer: options.issuer,
    clientId: options.clientId,
    clientSecret: options.clientSecret,
    redirectUri: new URL('/callback', base).href,
    signedOutUri: new URL('/signed-out', base).href,
    scope: options.scope ?? 'openid profile email offline_access',
  })

  const app = Fastify({ forceCloseConnections: true })
  app.register(cookie)
  app.register(formbody)
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(HEADERS)
    // SameSite stops other sites; this stops other ports of the same host too.
    const from = request.headers['sec-fetch-site']
    if (request.method === 'POST' && from !== undefined && from !== 'same-origin') {
      return showProblem(reply, foreignRequest)
    }
  })
  app.setErrorHandler((error, _request, reply) => {
    report(error)
    return showProblem(reply, explain(error))
  })
  app.setNotFoundHandler((_request, reply) => showProblem(reply, noSuchPage))
  const files = { 'style.css': 'text/css', 'countdown.js': 'text/javascript' }
  for (const [file, type] of Object.entries(files)) {
    const content = await readFile(new URL(file, import.meta.url), 'utf8')
    app.get(`/${file}`, (_request, reply) => reply.type(`${type}; charset=utf-8`).send(content))
  }
  const books = options.booksApi === undefined ? undefined : createBooksApi(party, options.booksApi)
  app.register(routes, { base, issuer: options.issuer, party, sessions: createSessions(), books, report })

  await app.listen({ port: options.port, host: 'localhost' })
  return { url: base.origin, close: () => app.close() }
}
