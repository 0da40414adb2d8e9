import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cookieAttributes } from '../http/cookies/cookies.ts'
import type { SealedCookies } from '../http/cookies/sealed-cookie.ts'
import { DEVICE_CODE_TTL } from '../shared/device-code.ts'

const PURPOSE = 'entered device code'
const schema = z.object({ code: z.string() })

/**
 * The code that was last entered in this browser and began a flow, for whoever comes back from it with nothing decided: the
 * server has its hash alone. Sealed, so that nobody plants one; sent with the page of codes alone.
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
