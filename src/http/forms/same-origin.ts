import type { FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Whether a method changes nothing (RFC 9110 §9.2.1). */
export const isSafeMethod = (method: string): boolean => SAFE_METHODS.has(method)

/**
 * Whether a browser says that a request comes from a page of another origin: Sec-Fetch-Site decides, else Origin,
 * else Referer. With none of them, or with `Origin: null`, nothing is known and the answer is false: our own
 * `Referrer-Policy: no-referrer` makes older browsers send `Origin: null` with our own forms (Fetch, “append a request
 * Origin header”). The CSRF token decides those.
 */
export function isCrossOrigin(issuer: URL, headers: FastifyRequest['headers']): boolean {
  const site = headers['sec-fetch-site']
  // “none”: the person did it, by the address bar or a reload. “same-site” is a sibling domain, and refused.
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  const { origin, referer } = headers
  if (origin !== undefined && origin !== 'null') return origin !== issuer.origin
  if (referer !== undefined) return URL.parse(referer)?.origin !== issuer.origin
  return false
}

/**
 * A hook for every route that trusts a cookie: rejects unsafe requests that another site has sent.
 * @throws AppError cross_site_request, 403
 */
export function refuseCrossOrigin(issuer: URL) {
  return async (request: FastifyRequest): Promise<void> => {
    if (isSafeMethod(request.method) || !isCrossOrigin(issuer, request.headers)) return
    throw new AppError('cross_site_request', 403, message('error.form.elsewhere'))
  }
}
