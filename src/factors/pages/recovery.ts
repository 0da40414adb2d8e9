import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Http } from '../../http/http.ts'
import type { ButtonForm, ShownClient } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import { t } from '../../shared/locales/texts.ts'
import { durationInWords, minuteOf } from '../../shared/moment.ts'
import type { Recovery } from '../recovery/recovery.ts'
import type { VerifiedPerson } from './verify-form.ts'

/** The page for who has lost every second factor; those of the links in mails stand below it. */
export const RECOVERY = '/login/recover'

/** Whether a page asks for the first step of a sign-in, and not for the second one. */
export const isBehindFirstStep = (path: string): boolean => /^\/login\/recover(?:[/?]|$)/.test(path)

/** @param verifyPath the page that it is left for, with what the person was on the way to, and gone back to */
export const recoveryPath = (verifyPath: string): string =>
  `${RECOVERY}?return_to=${encodeURIComponent(verifyPath)}`

/** For a person who has lost every second factor, behind the first step of a sign-in. */
export interface RecoverPage {
  username: string
  /** “24 hours” */
  delay: string
  /** Undefined: the account has no verified address, and an administrator has to help. */
  start?: ButtonForm | undefined
  /** One that waits. */
  waiting?:
    | {
        byAdministrator: boolean
        readyAt: string
        /** It can be finished until then, by the link that was sent; another one is sent by the button. */
        ready?: { until: string; sendAgain: ButtonForm } | undefined
      }
    | undefined
  notice?: string | undefined
  verifyHref: string
  /** The app that they were on the way to. */
  client?: ShownClient | undefined
  /** Goes back to it with access_denied. */
  cancel?: ButtonForm | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/recover': RecoverPage
  }
}

/** A person, as these pages ask for them. */
export type RecoveringPerson = VerifiedPerson & { email: string | null }

export interface RecoveryPagesDependencies {
  issuer: URL
  /** The app of an interaction, by its uid. */
  appOf(uid: string): Promise<ShownClient | undefined>
  http: Pick<Http, 'limit' | 'forms'>
  sessions: Pick<AuditedSessions, 'current' | 'incomplete'>
  findAccount(id: string): Promise<RecoveringPerson | undefined>
  recovery: Recovery
  /** The setting: hours. */
  delay(): number
  /** A browser in words, by its User-Agent header. */
  describeBrowser(userAgent: string): string
}

/**
 * `/login/recover`: starting to recover an account whose second factors are lost, for a sign-in that waits for its second factor.
 *
 *   GET  /login/recover       what it is, or when it is ready; who is signed in already is led to their account
 *   POST /login/recover       ► starts it (303)
 *   POST /login/recover/send  ► sends the link of one that is ready once more (303)
 */
export async function recoveryRoutes(app: FastifyInstance, deps: RecoveryPagesDependencies): Promise<void> {
  const { http, sessions, recovery } = deps
  await http.forms(app)

  const verifyPathOf = ({ query }: FastifyRequest) =>
    safeReturnTo(deps.issuer, (query as { return_to?: unknown }).return_to, '/login/verify')
  /** This page, or a form of it, for the same second factor. */
  const at = (request: FastifyRequest, path = '') =>
    recoveryPath(verifyPathOf(request)).replace(RECOVERY, RECOVERY + path)

  /** Whose sign-in waits for its second factor. Undefined: none does, and the answer leads on. */
  async function waitingPerson(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<RecoveringPerson | undefined> {
    const session = await sessions.incomplete(request, reply)
    const person = session && (await deps.findAccount(session.accountId))
    if (person && person.secondFactors.length > 0) return person
    // There is nothing to remove.
    if (person) {
      reply.redirect('/login/verify', 303)
      return undefined
    }
    const done = await sessions.current(request, reply)
    const here = encodeURIComponent(at(request))
    reply.redirect(
      done === undefined
        ? `/login?return_to=${here}`
        : // A browser that is remembered has shown no second factor: the person may have lost it.
          done.amr.includes('rba') && done.verifiedAt === undefined
          ? `/login?again=1&return_to=${here}`
          : '/account/security',
      303,
    )
    return undefined
  }

  app.get<{ Querystring: { done?: unknown } }>(RECOVERY, async (request, reply) => {
    const person = await waitingPerson(request, reply)
    if (!person) return reply
    const waiting = await recovery.waiting(person)
    const verifyHref = verifyPathOf(request)
    const uid = /^\/interaction\/([\w-]+)$/.exec(verifyHref)?.[1]
    const client = uid === undefined ? undefined : await deps.appOf(uid)
    const page: RecoverPage = {
      username: person.displayUsername,
      delay: durationInWords(deps.delay() * 3600),
      start: person.email === null ? undefined : { action: at(request) },
      waiting: waiting && {
        byAdministrator: waiting.startedBy === 'administrator',
        readyAt: minuteOf(waiting.readyAt),
        ready: waiting.ready
          ? { until: minuteOf(waiting.expiresAt), sendAgain: { action: at(request, '/send') } }
          : undefined,
      },
      notice: request.query.done === 'sent' ? t('recover.sent') : undefined,
      ...{ verifyHref, client },
      cancel: client && { action: `/interaction/${uid}/cancel` },
    }
    return renderPage(reply, 'factors/recover', page)
  })

  app.post(RECOVERY, http.limit('mail', null), async (request, reply) => {
    const person = await waitingPerson(request, reply)
    if (!person) return reply
    const device = deps.describeBrowser(String(request.headers['user-agent'] ?? ''))
    await recovery.start(person.id, { kind: 'owner', device, address: request.ip })
    return reply.redirect(at(request), 303)
  })

  app.post(`${RECOVERY}/send`, http.limit('mail', null), async (request, reply) => {
    const person = await waitingPerson(request, reply)
    if (!person) return reply
    const sent = await recovery.sendAgain(person.id)
    return reply.redirect(sent ? `${at(request)}&done=sent` : at(request), 303)
  })
}
