import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cookieAttributes } from '../http/cookies/cookies.ts'
import type { SealedCookies } from '../http/cookies/sealed-cookie.ts'
import { DEVICE_CODE_TTL } from '../shared/device-code.ts'

const PURPOSE = 'entered device code'
const schema = z.object({ code: z.string() })

/**
 * The code that was last entered in this browser and began an interaction, for when the person comes back with nothing
 * decided: the server has its hash alone. Sealed, so that no attacker plants one; sent with the page of codes alone.
 */
export function createEnteredCode({
  sealed,
  secure,
  path,
}: {
  sealed: SealedCookies
  secure: boolean
  path: string
}) {
  // A `__Host-` cookie has no path.
  const name = `${secure ? '__Secure-' : ''}latchkey_device_code`
  return {
    remember(reply: FastifyReply, code: string): void {
      const value = sealed.seal(PURPOSE, { code }, DEVICE_CODE_TTL)
      const attributes = { ...cookieAttributes(secure), path, maxAge: DEVICE_CODE_TTL }
      // Written at once: the library ends this answer, and no hook runs.
      reply.header('set-cookie', reply.server.serializeCookie(name, value, attributes))
    },
    find: (request: FastifyRequest): string | undefined =>
      sealed.open(PURPOSE, request.cookies[name], schema)?.code,
  }
}
