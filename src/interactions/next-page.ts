import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { cookieAttributes } from '../http/cookies/cookies.ts'
import type { SealedCookies } from '../http/cookies/sealed-cookie.ts'

/** What a browser remembers of an interaction whose page it has seen, for when it comes back to that page after the end. */
const interactionSchema = z.object({
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
export type RememberedInteraction = z.infer<typeof interactionSchema>

const restartedSchema = z.object({ identifier: z.string().optional() })

/** Seconds: pages are left open over night. */
const REMEMBERED = 86_400
/** Seconds from one page to the next. */
const RESTARTED = 120
/** Characters; a cookie holds 4096 with its name and attributes. */
const MAX_LENGTH = 3500

/** The next page after an interaction that is over, remembered by the browser. */
export interface NextPage {
  remember(reply: FastifyReply, uid: string, interaction: RememberedInteraction): void
  /** Undefined: this browser has not seen its page, or too long ago. */
  find(request: FastifyRequest, uid: string): RememberedInteraction | undefined
  /** The interaction goes on without its page. */
  done(
    request: FastifyRequest,
    reply: FastifyReply,
    uid: string,
    how: Pick<RememberedInteraction, 'refused' | 'cancelled'>,
  ): void
  /** The next interaction of this browser is this one made once more. @param identifier what was typed */
  restarted(reply: FastifyReply, identifier: string | undefined): void
  /** What `restarted` was told, once. */
  takeRestarted(request: FastifyRequest, reply: FastifyReply): { identifier?: string | undefined } | undefined
}

/**
 * Each interaction has a cookie of its own, sent with its own page alone, so that many interactions do not add up to
 * headers that are too large.
 */
export function createNextPage({ sealed, secure }: { sealed: SealedCookies; secure: boolean }): NextPage {
  // A `__Host-` cookie has no path. What an attacker plants under this name does not open.
  const prefix = secure ? '__Secure-latchkey_' : 'latchkey_'
  const pathOf = (uid: string) => `/interaction/${uid}`
  const attributes = (path: string) => ({ ...cookieAttributes(secure), path })
  const purpose = (uid: string) => `flow ${uid}`

  const find: NextPage['find'] = (request, uid) =>
    sealed.open(purpose(uid), request.cookies[`${prefix}way_on`], interactionSchema)

  const remember: NextPage['remember'] = (reply, uid, interaction) => {
    const { restart: _restart, ...short } = interaction
    const fitting = [interaction, short].map((each) => sealed.seal(purpose(uid), each, REMEMBERED))
    const value = fitting.find(({ length }) => length <= MAX_LENGTH)
    if (value !== undefined)
      reply.setCookie(`${prefix}way_on`, value, { ...attributes(pathOf(uid)), maxAge: REMEMBERED })
  }

  return {
    remember,
    find,
    done(request, reply, uid, how) {
      const interaction = find(request, uid)
      if (interaction !== undefined) remember(reply, uid, { ...interaction, done: true, ...how })
    },
    restarted(reply, identifier) {
      const value = sealed.seal('restarted', { identifier: identifier?.slice(0, 320) }, RESTARTED)
      reply.setCookie(`${prefix}restarted`, value, { ...attributes('/interaction'), maxAge: RESTARTED })
    },
    takeRestarted(request, reply) {
      const value = request.cookies[`${prefix}restarted`]
      if (value === undefined) return undefined
      reply.clearCookie(`${prefix}restarted`, attributes('/interaction'))
      return sealed.open('restarted', value, restartedSchema)
    },
  }
}
