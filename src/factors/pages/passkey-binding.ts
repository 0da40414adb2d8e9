import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Cookies } from '../../http/cookies/cookies.ts'

const COOKIE = 'passkey'
/** Seconds; each page begins them anew. */
const TTL = 7200

/** Ties the challenge of a sign-in page to the browser that shows it: nobody is signed in there yet. */
export interface PasskeyBinding {
  /** Gives the browser its cookie. */
  bind(request: FastifyRequest, reply: FastifyReply): string
  /** Undefined: the browser sent none. */
  of(request: FastifyRequest): string | undefined
}

export function createPasskeyBinding(cookies: Cookies): PasskeyBinding {
  const cookieOf = (request: FastifyRequest) => {
    const value = cookies.read(request, COOKIE)
    return value !== undefined && /^[\w-]{43}$/.test(value) ? value : undefined
  }
  const hashOf = (value: string) => createHash('sha256').update(value).digest('base64url')
  return {
    bind(request, reply) {
      const value = cookieOf(request) ?? randomBytes(32).toString('base64url')
      cookies.set(reply, COOKIE, value, TTL)
      return hashOf(value)
    },
    of(request) {
      const value = cookieOf(request)
      return value === undefined ? undefined : hashOf(value)
    },
  }
}
