import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { Cookies } from './cookies.ts'
import type { SealedCookies } from './sealed-cookie.ts'

const NAME = 'accounts'
/** Seconds since the last sign-in. */
const TTL = 90 * 86_400
const MAX_ACCOUNTS = 5

const accountSchema = z.object({
  id: z.string(),
  /** The username, as it is shown. */
  name: z.string(),
  /** How it signed in last: `password`, `passkey`, or the ID of a provider. */
  way: z.string().optional(),
  /** When, in seconds since the epoch. */
  at: z.number(),
})
const cookieSchema = z.object({ accounts: z.array(accountSchema) })

/** An account that has signed in in a browser, and how it did. */
export type RememberedAccount = Pick<z.infer<typeof accountSchema>, 'id' | 'name' | 'way'>

export interface RememberedAccounts {
  /** Those of this browser, the last to sign in first. Empty also where they are switched off. */
  of(request: FastifyRequest): readonly RememberedAccount[]
  /** After a sign-in. Without a way, the one before stays. */
  remember(request: FastifyRequest, reply: FastifyReply, account: RememberedAccount): void
  /** Takes one off the list of this browser, by its name; whatever it is signed in to stays. */
  forget(request: FastifyRequest, reply: FastifyReply, name: string): void
}

/**
 * Which accounts have signed in in a browser, to be chosen from at the next sign-in. The cookie outlives sign-out, signs nobody in, and
 * is read by this server alone: nothing is looked up for it, so an account that is gone looks like one that is not.
 */
export function createRememberedAccounts(deps: {
  cookies: Cookies
  sealed: SealedCookies
  clock: Clock
  /** Read at each use. */
  enabled(): boolean
}): RememberedAccounts {
  const { cookies, sealed, clock } = deps
  const read = (request: FastifyRequest) => {
    const kept = sealed.open(NAME, cookies.read(request, NAME), cookieSchema)?.accounts ?? []
    return kept.filter(({ at }) => at + TTL > epochSeconds(clock))
  }
  const keep = (reply: FastifyReply, accounts: z.infer<typeof accountSchema>[]) => {
    if (accounts.length === 0) cookies.clear(reply, NAME)
    else cookies.set(reply, NAME, sealed.seal(NAME, { accounts }, TTL), TTL)
  }
  return {
    of: (request) => (deps.enabled() ? read(request) : []),
    remember(request, reply, { id, name, way }) {
      if (!deps.enabled()) return
      const kept = read(request)
      const last = way ?? kept.find((each) => each.id === id)?.way
      const account = { id, name, ...(last !== undefined && { way: last }), at: epochSeconds(clock) }
      keep(reply, [account, ...kept.filter((each) => each.id !== id)].slice(0, MAX_ACCOUNTS))
    },
    forget(request, reply, name) {
      keep(
        reply,
        read(request).filter((each) => each.name !== name),
      )
    },
  }
}
