import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Cookies } from '../../http/cookies/cookies.ts'

/** One cookie for all authorization requests of a browser, so that several tabs can be under way at once. */
const COOKIE = 'upstream'
/** Seconds: nothing that is bound to a browser is kept for longer. */
export const BINDING_TTL = 7200

const hashOf = (value: string): string => createHash('sha256').update(value).digest('base64url')

/** What ties state on the server to the browser that it was made for (RFC 9700 §4.7.1). */
export interface BrowserBinding {
  /** The hash to store; gives the browser its cookie. */
  bind(request: FastifyRequest, reply: FastifyReply): string
  /** Whether a request comes from the browser that a stored hash belongs to. */
  matches(request: FastifyRequest, stored: unknown): boolean
}

export function createBrowserBinding(cookies: Cookies): BrowserBinding {
  const current = (request: FastifyRequest) => {
    const value = cookies.read(request, COOKIE)
    return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined
  }
  return {
    bind(request, reply) {
      const value = current(request) ?? randomBytes(32).toString('base64url')
      cookies.set(reply, COOKIE, value, BINDING_TTL)
      return hashOf(value)
    },
    matches(request, stored) {
      const value = current(request)
      return value !== undefined && hashOf(value) === stored
    },
  }
}
