import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { type Cookies, clearAtOnce } from './cookies.ts'
import type { SealedCookies } from './sealed-cookie.ts'

/** Its short name. */
export const SUPPORT = 'support'
/** Seconds: the way back to the administrator's own sign-in outlives the impersonation by so much. */
const TTL = 12 * 3600

const schema = z.object({ own: z.string(), person: z.string(), accountId: z.string(), until: z.number() })

/** What the browser of an administrator keeps while they are signed in as another person. */
export interface SupportState {
  /** The id of the administrator's own session, kept aside. */
  own: string
  /** The person's username, for the banner. */
  person: string
  accountId: string
  /** Seconds since the epoch. */
  until: number
}

/** The banner on every page. */
export interface SupportBanner {
  person: string
  /** Milliseconds since the epoch. */
  until: number
  over: boolean
}

export interface SupportCookie {
  read(request: FastifyRequest): SupportState | undefined
  keep(reply: FastifyReply, state: SupportState): void
  clear(reply: FastifyReply): void
  bannerOf(request: FastifyRequest): SupportBanner | undefined
  /** Says how to find out whether the session of a browser is that of an impersonation which goes on. Until then its time alone counts. */
  decideBy(goesOn: GoesOn): void
  /** Finds it out, for the banner of this request. Asked for of browsers with the cookie alone. */
  look(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

type GoesOn = (request: FastifyRequest, reply: FastifyReply) => Promise<boolean>

/** It signs nobody in as the person: it says that a session here is not the own one, and leads back to that. Sealed. */
export function createSupportCookie(deps: {
  cookies: Cookies
  sealed: SealedCookies
  clock: Clock
  secure: boolean
}): SupportCookie {
  const cleared = new WeakSet<FastifyRequest>()
  const ended = new WeakSet<FastifyRequest>()
  let goesOn: GoesOn = async () => true
  const read = (request: FastifyRequest) =>
    cleared.has(request) ? undefined : deps.sealed.open(SUPPORT, deps.cookies.read(request, SUPPORT), schema)
  return {
    read,
    keep: (reply, state) => deps.cookies.set(reply, SUPPORT, deps.sealed.seal(SUPPORT, state, TTL), TTL),
    clear(reply) {
      cleared.add(reply.request)
      if (deps.cookies.read(reply.request, SUPPORT) !== undefined) clearAtOnce(reply, SUPPORT, deps.secure)
    },
    bannerOf(request) {
      const state = read(request)
      if (state === undefined) return undefined
      const until = state.until * 1000
      return { person: state.person, until, over: until <= deps.clock() || ended.has(request) }
    },
    decideBy(given) {
      goesOn = given
    },
    async look(request, reply) {
      if (!(await goesOn(request, reply))) ended.add(request)
    },
  }
}
