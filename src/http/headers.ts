import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Called by programs, never shown as a page: it gets `programHeaders` instead of those of pages. */
    forPrograms?: boolean
  }
}

const YEAR = 365 * 24 * 60 * 60

/** Features no page of ours uses, and so no script smuggled into one may use; passkeys, for our own pages alone. */
const PERMISSIONS =
  'camera=(), display-capture=(), geolocation=(), microphone=(), midi=(), payment=(), serial=(), usb=(), publickey-credentials-get=(self), publickey-credentials-create=(self)'

/** What a page may load, and where from. */
const POLICY = {
  'default-src': ["'none'"],
  // Explicit, because the protocol library adds the hash of its form_post script to this directive.
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  // https: for the logos of clients.
  'img-src': ["'self'", 'data:', 'https:'],
  'font-src': ["'self'"],
  'connect-src': ["'self'"],
  'frame-ancestors': ["'none'"],
  'base-uri': ["'none'"],
  // No form-action: Chrome applies it to the redirects after a form, and ours end at the client.
}

/** The header `content-security-policy` of a page that may do more than others. @param more sources, by their directives */
export const policyWith = (more: Readonly<Record<string, readonly string[]>>): string =>
  Object.entries({ ...POLICY, ...more })
    .map(([directive, sources]) => `${directive} ${sources.join(' ')}`)
    .join('; ')

/** What every page says, in the words of helmet, and the names as it writes them. */
export function headersForPages({ secure }: { secure: boolean }): ReadonlyMap<string, string> {
  const headers = new Map([['permissions-policy', PERMISSIONS]])
  const setHeaders = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: POLICY,
    },
    frameguard: { action: 'deny' },
    referrerPolicy: { policy: 'no-referrer' },
    crossOriginOpenerPolicy: { policy: 'same-origin' },
    // The operator decides about the other hosts below this one.
    hsts: secure ? { maxAge: YEAR, includeSubDomains: false } : false,
  })
  const response = {
    setHeader: (name: string, value: string) => void headers.set(name, value),
    removeHeader: () => undefined,
  }
  // It looks at no request: nothing of these depends on one, and so they are made once.
  setHeaders({} as IncomingMessage, response as unknown as ServerResponse, (error) => {
    if (error) throw error
  })
  return headers
}

/**
 * Response headers for everything this server sends.
 * @param options.secure whether the issuer is https
 */
export function registerHeaders(app: FastifyInstance, options: { secure: boolean }): void {
  const headers = headersForPages(options)
  app.addHook('onRequest', (request, reply, done) => {
    // On the response itself: what the protocol library answers has them too.
    if (!request.routeOptions.config.forPrograms)
      for (const [name, value] of headers) reply.raw.setHeader(name, value)
    done()
  })
  app.addHook('onSend', async (_request, reply, payload) => {
    // Pages hold CSRF tokens and names of people: no cache, no restored page after sign-out.
    const type = reply.getHeader('content-type')
    if (typeof type === 'string' && type.startsWith('text/html')) reply.header('cache-control', 'no-store')
    return payload
  })
}

/** What every answer to a program says. */
export const headersForPrograms = ({ secure }: { secure: boolean }): Record<string, string> => ({
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  ...(secure && { 'strict-transport-security': `max-age=${YEAR}` }),
})

/**
 * The headers of a context that only programs call. They are the same for every answer, so nothing is worked out for
 * each request: on the token endpoint the headers of pages cost a tenth of the answer.
 * @returns what every route of the context needs in its options
 */
export function programHeaders(scope: FastifyInstance, options: { secure: boolean }) {
  const headers = headersForPrograms(options)
  scope.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers)
    done()
  })
  return { config: { forPrograms: true } } as const
}
