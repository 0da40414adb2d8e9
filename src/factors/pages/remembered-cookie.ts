import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Cookies } from '../../http/cookies/cookies.ts'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'
import type { RememberedBrowsers } from '../remembered-browsers/remembered-browsers.ts'

const NAME = 'remembered'
const DAY = 86_400
/** Accounts that one browser remembers; the last ones stay. */
const MAX_ACCOUNTS = 8

const schema = z.object({ tokens: z.array(z.object({ accountId: z.string(), token: z.string() })) })

/** Whom a browser remembers: people who need not show their second factor in it again for a while. */
export interface RememberedCookie {
  /** Days; 0: no browser is remembered. */
  readonly days: number
  /** Call it once a second factor was really shown, by a person who asked for it. */
  remember(
    request: FastifyRequest,
    reply: FastifyReply,
    account: { id: string; generation: number },
  ): Promise<void>
  /** Whether the second factor of the account was shown in this browser lately enough. */
  recognises(request: FastifyRequest, account: { id: string; generation: number }): Promise<boolean>
}

/** The tokens are of RememberedBrowsers; the cookie that carries them is sealed. */
export function createRememberedCookie(deps: {
  cookies: Cookies
  sealed: SealedCookies
  browsers: Pick<RememberedBrowsers, 'days' | 'remember' | 'recognise'>
}): RememberedCookie {
  const { cookies, sealed, browsers } = deps
  const read = (request: FastifyRequest) =>
    sealed.open(NAME, cookies.read(request, NAME), schema)?.tokens ?? []
  return {
    get days() {
      return browsers.days()
    },
    async remember(request, reply, { id, generation }) {
      const userAgent = String(request.headers['user-agent'] ?? '')
      const token = await browsers.remember({ id, generation }, { userAgent, address: request.ip })
      if (token === undefined) return
      const others = read(request).filter(({ accountId }) => accountId !== id)
      const tokens = [{ accountId: id, token }, ...others].slice(0, MAX_ACCOUNTS)
      const ttl = browsers.days() * DAY
      cookies.set(reply, NAME, sealed.seal(NAME, { tokens }, ttl), ttl)
    },
    async recognises(request, { id, generation }) {
      const token = read(request).find(({ accountId }) => accountId === id)?.token
      return token !== undefined && browsers.recognise({ id, generation }, token)
    },
  }
}
