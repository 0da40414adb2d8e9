import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cookieAttributes } from '../http/cookies/cookies.ts'
import type { SealedCookies } from '../http/cookies/sealed-cookie.ts'

/** What a browser remembers of a flow that it has seen, for when the flow is over and somebody comes back to its page. */
const flowSchema = z.object({
  app: z.string(),
  /** A page of the app. */
  home: z.string().optional(),
  /** The authorization request, to make it once more; undefined: it works once, or is too long. */
  restart: z.string().optional(),
  /** The person has done their part. */
  done: z.boolean(),
  /** … by saying no. */
  refused: z.boolean().optional(),
  /** … by leaving: of a device, the code is free again. */
  cancelled: z.boolean().optional(),
  /** A device asked. */
  device: z.boolean().optional(),
})
export type RememberedFlow = z.infer<typeof flowSchema>

const restartedSchema = z.object({ identifier: z.string().optional() })

/** Seconds: pages are left open over night. */
const REMEMBERED = 86_400
/** Seconds from one page to the next. */
const RESTARTED = 120
/** Characters; a cookie holds 4096 with its name and attributes. */
const LONGEST = 3500

/**
 * The way on from the page of a flow that is over: each flow has a cookie of its own, sent with its own page alone, so
 * that many flows do not add up to headers that are too large.
 */
export function createWayOn({ sealed, secure }: { sealed: SealedCookies; secure: boolean }) {
  // A `__Host-` cookie has no path. What somebody else plants under this name does not open.
  const prefix = secure ? '__Secure-latchkey_' : 'latchkey_'
  const pathOf = (uid: string) => `/interaction/${uid}`
  const attributes = (path: string) => ({ ...cookieAttributes(secure), path })
  const purpose = (uid: string) => `flow ${uid}`

  function remember(reply: FastifyReply, uid: string, flow: RememberedFlow): void {
    const { restart: _restart, ...short } = flow
    const fitting = [flow, short].map((each) => sealed.seal(purpose(uid), each, REMEMBERED))
    const value = fitting.find(({ length }) => length <= LONGEST)
    if (value !== undefined)
      reply.setCookie(`${prefix}way_on`, value, { ...attributes(pathOf(uid)), maxAge: REMEMBERED })
  }
  const find = (request: FastifyRequest, uid: string): RememberedFlow | undefined =>
    sealed.open(purpose(uid), request.cookies[`${prefix}way_on`], flowSchema)

  return {
    remember,
    find,
    /** The flow goes on without its page. */
    done(
      request: FastifyRequest,
      reply: FastifyReply,
      uid: string,
      how: Pick<RememberedFlow, 'refused' | 'cancelled'> = {},
    ): void {
      const flow = find(request, uid)
      if (flow !== undefined) remember(reply, uid, { ...flow, done: true, ...how })
    },
    /** The next flow of this browser is this one made once more. @param identifier what was typed */
    restarted(reply: FastifyReply, identifier: string | undefined): void {
      const value = sealed.seal('restarted', { identifier: identifier?.slice(0, 320) }, RESTARTED)
      reply.setCookie(`${prefix}restarted`, value, { ...attributes('/interaction'), maxAge: RESTARTED })
    },
    takeRestarted(request: FastifyRequest, reply: FastifyReply) {
      const value = request.cookies[`${prefix}restarted`]
      if (value === undefined) return undefined
      reply.clearCookie(`${prefix}restarted`, attributes('/interaction'))
      return sealed.open('restarted', value, restartedSchema)
    },
  }
}
