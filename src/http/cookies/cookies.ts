import cookie from '@fastify/cookie'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/**
 * The full name of a cookie of ours. On https it carries the `__Host-` prefix (RFC 6265bis §4.1.3.2), so that no
 * sibling domain can plant one; browsers refuse that prefix on plain http.
 */
export const cookieName = (name: string, secure: boolean): string =>
  secure ? `__Host-latchkey_${name}` : `latchkey_${name}`

/** The attributes of every cookie of ours. */
export const cookieAttributes = (secure: boolean) =>
  ({ httpOnly: true, sameSite: 'lax', path: '/', secure }) as const

export interface Cookies {
  read(request: FastifyRequest, name: string): string | undefined
  /** @param maxAge seconds; without it the cookie ends with the browser session */
  set(reply: FastifyReply, name: string, value: string, maxAge?: number): void
  clear(reply: FastifyReply, name: string): void
}

/** Reads and writes cookies under their full names. `name` is the short one (`csrf`). */
export function createCookies(secure: boolean): Cookies {
  const attributes = cookieAttributes(secure)
  return {
    read: (request, name) => request.cookies[cookieName(name, secure)],
    set(reply, name, value, maxAge) {
      reply.setCookie(cookieName(name, secure), value, {
        ...attributes,
        ...(maxAge !== undefined && { maxAge }),
      })
    },
    clear(reply, name) {
      reply.clearCookie(cookieName(name, secure), attributes)
    },
  }
}

export async function registerCookies(app: FastifyInstance): Promise<void> {
  await app.register(cookie)
}

/** As `clear` of Cookies, also where the protocol library answers in place of the reply. */
export function clearAtOnce(reply: FastifyReply, name: string, secure: boolean): void {
  const gone = { ...cookieAttributes(secure), expires: new Date(0), maxAge: 0 }
  const line = reply.server.serializeCookie(cookieName(name, secure), '', gone)
  reply.raw.appendHeader('set-cookie', line)
}
