import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Cookies } from '../../http/cookies/cookies.ts'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'
import { FRESH_SECONDS } from '../../shared/fresh-sign-in.ts'
import type { SecondFactor } from '../../shared/second-factor.ts'
import { needsMailbox } from '../../shared/second-factor-rule.ts'

const NAME = 'mailbox'

const schema = z.object({ accountId: z.string(), generation: z.number() })

type Proven = Pick<{ id: string; generation: number }, 'id' | 'generation'>

/** The person of a session, whose account may have had a second factor before. */
export interface Enrolling {
  session: { amr: readonly string[] }
  account: Proven & { secondFactors: readonly SecondFactor[]; hadSecondFactor: boolean }
}

/** Whose mailbox a browser has shown: it may set up the first second factor of an account that had one before, while a sign-in is fresh. */
export interface MailboxProof {
  /** Call it once a code or a link that was mailed has come back. One account a browser. */
  keep(reply: FastifyReply, account: Proven): void
  holds(request: FastifyRequest, account: Proven): boolean
  /** Whether a sign-in has to show the mailbox still, before it sets a factor up. */
  lacks(request: FastifyRequest, person: Enrolling): boolean
}

/** Where the mailbox is shown, on the way to a page that sets a factor up. */
export const MAILBOX = '/login/set-up/mailbox'

export const mailboxPath = (returnTo: string): string =>
  `${MAILBOX}?return_to=${encodeURIComponent(returnTo)}`

export function createMailboxProof({
  cookies,
  sealed,
}: {
  cookies: Cookies
  sealed: SealedCookies
}): MailboxProof {
  const holds: MailboxProof['holds'] = (request, { id, generation }) => {
    const proven = sealed.open(NAME, cookies.read(request, NAME), schema)
    return proven?.accountId === id && proven.generation === generation
  }
  return {
    keep(reply, { id, generation }) {
      const value = sealed.seal(NAME, { accountId: id, generation }, FRESH_SECONDS)
      cookies.set(reply, NAME, value, FRESH_SECONDS)
    },
    holds,
    lacks: (request, { session, account }) => needsMailbox(account, session.amr) && !holds(request, account),
  }
}
