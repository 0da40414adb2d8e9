import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { parseForm } from '../../http/forms/forms.ts'
import type { ButtonForm, Form, Link } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import type { AppError } from '../../shared/errors.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import { emailCodeNotSent } from '../codes/not-sent.ts'
import { MAILBOX, mailboxPath } from './mailbox-proof.ts'
import type { SetUpDependencies, SetUpPerson } from './set-up.ts'
import { WRONG_CODE } from './verify-form.ts'

/** The mailbox is asked for, before an account that had a second factor gets its first again. */
export interface MailboxPage extends Form {
  username: string
  /** Undefined: the account has no verified address, and an administrator has to help. */
  send: ButtonForm | undefined
  /** A code was sent on this page, and may be typed still. */
  sent: boolean
  /** Seconds until the next one can be sent; undefined: now. */
  wait?: number | undefined
  notice?: string | undefined
  signOut: ButtonForm
  /** Goes back to the client with access_denied. */
  cancel?: ButtonForm | undefined
  leave?: Link | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'factors/mailbox': MailboxPage
  }
}

const typed = z.object({
  code: z.string().trim().min(1, saying('codes.enter')).max(64, saying('codes.tooLong')),
})
const query = z.object({ sent: z.string().optional().catch(undefined) })

/**
 * Showing the mailbox, on the way to a page that sets a second factor up.
 *
 *   GET  /login/set-up/mailbox       the form
 *   POST /login/set-up/mailbox/send  ► a code is mailed; the form (303)
 *   POST /login/set-up/mailbox       ► the page that the person came from (303)
 */
export function setUpMailboxRoutes(
  app: FastifyInstance,
  { clock, http, issuer, factors, mailboxProof }: SetUpDependencies,
  visitor: (request: FastifyRequest, reply: FastifyReply, back: string) => Promise<SetUpPerson | undefined>,
): void {
  const returnTo = (request: FastifyRequest) =>
    safeReturnTo(issuer, (request.query as { return_to?: unknown }).return_to)
  const sending = (request: FastifyRequest) =>
    mailboxPath(returnTo(request)).replace(MAILBOX, `${MAILBOX}/send`)

  /** Whose mailbox is to be shown. Undefined: nobody's, and the answer leads on. */
  async function person(request: FastifyRequest, reply: FastifyReply) {
    const found = await visitor(request, reply, mailboxPath(returnTo(request)))
    if (!found || mailboxProof.lacks(request, found)) return found
    reply.redirect(returnTo(request), 303)
    return undefined
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    { account, session }: SetUpPerson,
    form: Partial<MailboxPage> = {},
    status = 200,
  ) {
    const sent = query.parse(request.query).sent !== undefined
    // The page that sets a factor up may be on the way to an app itself.
    const beyond = new URL(returnTo(request), issuer).searchParams.get('return_to') ?? ''
    const interaction = /^\/interaction\/[\w-]+/.exec(beyond)?.[0]
    const page: MailboxPage = {
      action: `${mailboxPath(returnTo(request))}${sent ? '&sent=1' : ''}`,
      username: account.displayUsername,
      send: account.email === null ? undefined : { action: sending(request) },
      sent,
      wait: sent ? await factors.resendCountdowns.left(account.id, 'email') : undefined,
      notice: sent && request.method === 'GET' ? t('codes.sent.email') : undefined,
      signOut: { action: '/account/sign-out' },
      cancel: interaction === undefined ? undefined : { action: `${interaction}/cancel` },
      leave:
        'missing' in session || interaction !== undefined
          ? undefined
          : { href: '/account/security', label: t('common.notNow') },
      ...form,
    }
    return renderPage(reply, 'factors/mailbox', page, status)
  }

  app.get(MAILBOX, async (request, reply) => {
    const found = await person(request, reply)
    return found ? show(request, reply, found) : reply
  })

  app.post(`${MAILBOX}/send`, http.limit('account'), async (request, reply) => {
    const found = await person(request, reply)
    if (!found) return reply
    const { id } = found.account
    const outcome = await factors.emailCodes.send(id, 'enrolment')
    if (outcome.kind === 'sent') {
      await factors.resendCountdowns.begin(id, 'email')
      return reply.redirect(`${mailboxPath(returnTo(request))}&sent=1`, 303)
    }
    const { status, publicMessage: alert }: AppError = emailCodeNotSent(outcome, clock())
    return show(request, reply, found, { alert }, status)
  })

  app.post(MAILBOX, http.limit('account'), async (request, reply) => {
    const found = await person(request, reply)
    if (!found) return reply
    const form = parseForm(typed, request.body)
    if (!form.ok) return show(request, reply, found, { errors: form.errors }, 422)
    const { account } = found
    const outcome = await factors.emailCodes.verify(account.id, form.value.code, 'enrolment')
    if (outcome.kind !== 'verified')
      return show(request, reply, found, { errors: { code: t(WRONG_CODE) } }, 401)
    mailboxProof.keep(reply, account)
    return reply.redirect(returnTo(request), 303)
  })
}
