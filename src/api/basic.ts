import type { FastifyRequest } from 'fastify'
import { AppError } from '../shared/errors.ts'

export interface BasicCredentials {
  user: string
  password: string
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The credentials of a Basic header (RFC 7617 §2: UTF-8, no control characters); undefined: malformed. */
export function parseBasic(header: string): BasicCredentials | undefined {
  const encoded = /^basic +([a-z0-9+/]+={0,2})$/i.exec(header)?.[1]
  if (encoded === undefined) return undefined
  let text: string
  try {
    text = utf8.decode(Buffer.from(encoded, 'base64'))
  } catch {
    return undefined
  }
  const colon = text.indexOf(':')
  if (colon < 0 || /\p{Cc}/u.test(text)) return undefined
  return { user: text.slice(0, colon), password: text.slice(colon + 1) }
}

const isLoopback = (address: string): boolean => /^(::ffff:)?127\.|^::1$/.test(address)

/**
 * Basic sends the password itself with every request, so it never goes over plain http except on one machine.
 * Behind a proxy, `X-Forwarded-Proto` of a trusted one tells (TRUST_PROXY).
 * @throws AppError https_required, 403
 */
export function requireSecureTransport(request: FastifyRequest): void {
  if (request.protocol === 'https' || isLoopback(request.ip)) return
  throw new AppError(
    'https_required',
    403,
    'HTTP Basic is accepted over https only. The password that was sent may have been seen: change it.',
    {
      detail:
        'HTTP Basic over plain http; behind a proxy that ends TLS, set TRUST_PROXY and have it send X-Forwarded-Proto',
    },
  )
}
