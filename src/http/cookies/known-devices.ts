import { randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import type { KnownDevice } from '../../shared/known-device.ts'
import { accountNameKey } from '../pages/account-name.ts'
import type { Cookies } from './cookies.ts'
import type { SealedCookies } from './sealed-cookie.ts'

const NAME = 'device'
/** Seconds since the last sign-in; browsers keep no cookie longer (RFC 6265bis §5.5). */
const TTL = 400 * 86_400
/** Accounts that one browser is known to; the last to sign in stay. */
const MAX_ACCOUNTS = 8

const deviceSchema = z.object({
  accountId: z.string(),
  id: z.string(),
  generation: z.number(),
  /** The names of the account, as rate limits count them. */
  names: z.array(z.string()),
  /** Of the sign-in, in seconds since the epoch. */
  at: z.number(),
})
const cookieSchema = z.object({ devices: z.array(deviceSchema) })

/** An account that a browser has just signed in to. */
export interface SignedIn {
  accountId: string
  generation: number
  /** What may be typed as its name: username, email address. */
  names: readonly (string | null)[]
}

export interface KnownDevices {
  /** What this browser is known as, of every account that signed in here. Empty: a stranger. */
  of(request: FastifyRequest): readonly KnownDevice[]
  /** The one for the account that a form names. */
  named(request: FastifyRequest, name: string): KnownDevice | undefined
  /** After a sign-in. The id is a new one each time, so that a copy of an older cookie counts for itself. */
  remember(request: FastifyRequest, reply: FastifyReply, account: SignedIn): void
}

/**
 * Which browsers have signed in before (OWASP, “Device Cookies”), so that wrong passwords of strangers do not lock out
 * who belongs here. The cookie outlives sign-out; it signs nobody in and proves nothing but that. It is sealed, so
 * nobody makes one, and bound to account and generation: what ends the sessions of an account makes it worthless.
 */
export function createKnownDevices({
  cookies,
  sealed,
  clock,
}: {
  cookies: Cookies
  sealed: SealedCookies
  clock: Clock
}): KnownDevices {
  const read = (request: FastifyRequest) => {
    const value = sealed.open(NAME, cookies.read(request, NAME), cookieSchema)
    return (value?.devices ?? []).filter(({ at }) => at + TTL > epochSeconds(clock))
  }
  return {
    of: read,
    named: (request, name) => read(request).find(({ names }) => names.includes(accountNameKey(name))),
    remember(request, reply, { accountId, generation, names }) {
      const device = {
        accountId,
        generation,
        id: randomBytes(16).toString('base64url'),
        names: names.flatMap((name) => (name === null ? [] : [accountNameKey(name)])),
        at: epochSeconds(clock),
      }
      const others = read(request).filter((each) => each.accountId !== accountId)
      const devices = [device, ...others].slice(0, MAX_ACCOUNTS)
      cookies.set(reply, NAME, sealed.seal(NAME, { devices }, TTL), TTL)
    },
  }
}
