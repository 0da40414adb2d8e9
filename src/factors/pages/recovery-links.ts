import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Cookies } from '../../http/cookies/cookies.ts'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'
import type { Http } from '../../http/http.ts'
import type { ButtonForm } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import type { Clock } from '../../shared/clock.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { minuteOf } from '../../shared/moment.ts'
import type { Recovery } from '../recovery/recovery.ts'
import type { MailboxProof } from './mailbox-proof.ts'
import { RECOVERY, type RecoveringPerson } from './recovery.ts'

const STOP = `${RECOVERY}/stop`
const FINISH = `${RECOVERY}/finish`
const NAME = 'recovery'
/** Seconds in which a person who has opened the link that finishes has to sign in. */
const TTL = 3600

export interface RecoveryLinkPage {
  username: string
  /** They are signed in by a second factor, which is not lost. */
  stop?: ButtonForm | undefined
  finish?: ButtonForm | undefined
  /** Who is signed in, where it is not the person whose link it is: another sign-in is needed. */
  another?: { username: string; signIn: ButtonForm } | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    /** Behind the link that stops a recovery. */
    'factors/recovery-stop': Form & { username: string; readyAt: string }
    /** Behind the link that finishes it. */
    'factors/recovery-finish': RecoveryLinkPage
    /** What became of it. */
    'factors/recovery-over': { outcome: 'stopped' | 'finished' | 'gone' }
  }
}

const link = z.object({ token: z.string().max(200).default('') })
const carried = z.object({ token: z.string() })

/**
 * The links in the mails about a recovery.
 *
 *   GET  /login/recover/stop?token=    one button; no sign-in is needed
 *   POST /login/recover/stop?token=    ► stops it (303)
 *   GET  /login/recover/finish?token=  ► keeps the token in a cookie, off the address (303)
 *   GET  /login/recover/finish         asks for the first step of a sign-in to that account, then shows one button
 *   POST /login/recover/finish         ► removes every second factor (303)
 *
 * Who is signed in by a second factor has not lost it, and is shown how to stop it.
 */
export async function recoveryLinkRoutes(
  app: FastifyInstance,
  deps: {
    clock: Clock
    http: Pick<Http, 'limit' | 'forms'>
    cookies: Cookies
    sealed: SealedCookies
    sessions: Pick<AuditedSessions, 'current' | 'incomplete' | 'end'>
    findAccount(id: string): Promise<RecoveringPerson | undefined>
    recovery: Recovery
    mailboxProof: Pick<MailboxProof, 'keep'>
  },
): Promise<void> {
  const { http, sessions, recovery, cookies, sealed } = deps
  await http.forms(app)

  const over = (reply: FastifyReply, outcome: 'stopped' | 'finished' | 'gone') =>
    renderPage(reply, 'factors/recovery-over', { outcome }, outcome === 'gone' ? 410 : 200)

  app.get(STOP, http.limit('oneTimeToken'), async (request, reply) => {
    const { token } = link.parse(request.query)
    const found = await recovery.find(token)
    if (!found) return over(reply, 'gone')
    await giveBack(request)
    return renderPage(reply, 'factors/recovery-stop', {
      action: `${STOP}?token=${token}`,
      username: found.username,
      readyAt: minuteOf(found.readyAt),
    })
  })

  app.post(STOP, http.limit('oneTimeToken'), async (request, reply) => {
    const stopped = await recovery.stopByLink(link.parse(request.query).token)
    if (stopped) await giveBack(request)
    return reply.redirect(`${RECOVERY}/${stopped ? 'stopped' : 'gone'}`, 303)
  })

  for (const outcome of ['stopped', 'finished', 'gone'] as const)
    app.get(`${RECOVERY}/${outcome}`, (_request, reply) => over(reply, outcome))

  const carriedToken = (request: FastifyRequest): string =>
    sealed.open(NAME, cookies.read(request, NAME), carried)?.token ?? ''

  async function findFinishing(request: FastifyRequest, token: string) {
    const found = await recovery.find(token)
    if (!found?.finishes) return undefined
    await giveBack(request)
    return found
  }

  /** Who is signed in. `first`: by the first step alone, lately. */
  async function signedIn(request: FastifyRequest, reply: FastifyReply) {
    const waiting = await sessions.incomplete(request, reply)
    if (waiting) return { ...waiting, first: isFresh(deps.clock, waiting.loginTs), second: false }
    const done = await sessions.current(request, reply)
    return done && { ...done, first: false, second: done.verifiedAt !== undefined }
  }

  app.get(FINISH, http.limit('oneTimeToken'), async (request, reply) => {
    const { token } = link.parse(request.query)
    const found = await findFinishing(request, token || carriedToken(request))
    if (!found) return over(reply, 'gone')
    if (token !== '') {
      cookies.set(reply, NAME, sealed.seal(NAME, { token }, TTL), TTL)
      return reply.redirect(FINISH, 303)
    }
    const session = await signedIn(request, reply)
    const own = session?.accountId === found.accountId
    if (!session) return reply.redirect(`/login?return_to=${FINISH}`, 303)
    if (own && !session.first && !session.second)
      return reply.redirect(`/login?again=1&return_to=${FINISH}`, 303)
    const other = own ? undefined : await deps.findAccount(session.accountId)
    const page: RecoveryLinkPage = {
      username: found.username,
      finish: own && session.first ? { action: FINISH } : undefined,
      stop: own && session.second ? { action: `${FINISH}/stop` } : undefined,
      another: own
        ? undefined
        : { username: other?.displayUsername ?? '', signIn: { action: `${FINISH}/another` } },
    }
    return renderPage(reply, 'factors/recovery-finish', page)
  })

  app.post(FINISH, http.limit('oneTimeToken'), async (request, reply) => {
    const token = carriedToken(request)
    const session = await signedIn(request, reply)
    // What it takes may have ended since the page was shown; the page says what is missing.
    if (!session?.first) return reply.redirect(FINISH, 303)
    const done = await recovery.finish({ accountId: session.accountId, token })
    if (!done) return reply.redirect(FINISH, 303)
    await giveBack(request)
    cookies.clear(reply, NAME)
    // The link came by mail: in this browser a factor is set up again without a code.
    const account = await deps.findAccount(session.accountId)
    if (account) deps.mailboxProof.keep(reply, account)
    return reply.redirect(`${RECOVERY}/finished`, 303)
  })

  app.post(`${FINISH}/stop`, http.limit('account'), async (request, reply) => {
    const stopped = await recovery.stopByLink(carriedToken(request))
    cookies.clear(reply, NAME)
    return reply.redirect(`${RECOVERY}/${stopped ? 'stopped' : 'gone'}`, 303)
  })

  app.post(`${FINISH}/another`, http.limit('account'), async (request, reply) => {
    await sessions.end(request, reply)
    return reply.redirect(`/login?return_to=${FINISH}`, 303)
  })
}
