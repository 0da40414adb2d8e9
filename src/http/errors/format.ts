import type { FastifyInstance, FastifyRequest } from 'fastify'

/** A page; RFC 9457 problem details; or an OAuth error object (RFC 6749 §5.2). */
export type ErrorFormat = 'html' | 'problem' | 'oauth'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A function: one route answers browsers and programs. */
    errorFormat?: ErrorFormat | ((request: FastifyRequest) => ErrorFormat)
  }
}

/** How errors of all routes registered in this context from now on are written, unless a route says otherwise. */
export function setErrorFormat(app: FastifyInstance, format: ErrorFormat): void {
  app.addHook('onRoute', (route) => {
    route.config = { errorFormat: format, ...route.config }
  })
}

const ofRequest = new WeakMap<FastifyRequest, ErrorFormat>()

/** Writes the errors of one request so from now on, whatever its route says. */
export const writeErrorsAs = (request: FastifyRequest, format: ErrorFormat): void =>
  void ofRequest.set(request, format)

/** The format for one request: what its route says; else a page for browsers, problem details for programs. */
export function errorFormat(request: FastifyRequest): ErrorFormat {
  const { errorFormat: chosen } = request.routeOptions.config
  const told = ofRequest.get(request)
  if (told !== undefined) return told
  if (chosen !== undefined) return typeof chosen === 'function' ? chosen(request) : chosen
  // No route, so no config: the paths of the API are answered in its format whatever Accept says.
  if (/^\/api(\/|\?|$)/.test(request.url)) return 'problem'
  return (request.headers.accept ?? '').includes('text/html') ? 'html' : 'problem'
}
