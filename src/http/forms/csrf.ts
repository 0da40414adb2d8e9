import type { KeyObject } from 'node:crypto'
import csrfProtection from '@fastify/csrf-protection'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { own } from '../../shared/own.ts'
import { derivedKey } from '../../shared/secrets.ts'
import { cookieAttributes, cookieName } from '../cookies/cookies.ts'
import { isSafeMethod } from './same-origin.ts'

/** The hidden field that carries the token in every form. */
export const CSRF_FIELD = 'csrf_token'

/**
 * CSRF tokens: a random 144-bit cookie, and in each form a salted HMAC of it. Stateless, so any process can check
 * one; any number of tabs share the cookie, so all of their tokens stay valid.
 * @param options.key a secret of at least 32 bytes; the HMAC key is derived from it
 */
export async function registerCsrf(
  app: FastifyInstance,
  options: { key: KeyObject; secure: boolean },
): Promise<void> {
  const hmacKey = derivedKey(options.key, '', 'latchkey csrf v1').export().toString('base64url')
  await app.register(csrfProtection, {
    cookieKey: cookieName('csrf', options.secure),
    cookieOpts: cookieAttributes(options.secure),
    csrfOpts: { hmacKey },
    getToken: tokenInBody,
  })
}

function tokenInBody(request: FastifyRequest): string | undefined {
  const { body } = request
  if (typeof body !== 'object' || body === null) return undefined
  const token = own(body as Record<string, unknown>, CSRF_FIELD)
  return typeof token === 'string' ? token : undefined
}

const tokens = new WeakMap<FastifyReply, string>()

/** The token for the forms of this page, setting the browser's cookie when it has none. */
export function csrfToken(reply: FastifyReply): string {
  // Asked twice on a first visit, the plugin would set two cookies, and the first form's token would be dead.
  const token = tokens.get(reply) ?? reply.generateCsrf()
  tokens.set(reply, token)
  return token
}

/**
 * Rejects every unsafe request in this context that does not carry this browser's token. The rejection is an error
 * FST_CSRF_…, 403, which the error handler puts in plain words.
 */
export function requireCsrfToken(app: FastifyInstance): void {
  app.addHook('preValidation', (request, reply, done) => {
    if (isSafeMethod(request.method)) done()
    else app.csrfProtection(request, reply, done)
  })
}
