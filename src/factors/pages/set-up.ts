import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Accounts } from '../../accounts/accounts.ts'
import type { Signed } from '../../accounts/pages/account/signed-in.ts'
import { takenBy } from '../../http/forms/flash.ts'
import { setFormPage } from '../../http/forms/page.ts'
import type { Http } from '../../http/http.ts'
import type { PasskeyForm, ShownClient } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import type { AuditedSessions } from '../../oidc/sessions/audited.ts'
import type { Clock } from '../../shared/clock.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { t } from '../../shared/locales/texts.ts'
import { hasStrongFactor } from '../../shared/second-factor.ts'
import type { Factors } from '../factors.ts'
import { type MailboxProof, mailboxPath } from './mailbox-proof.ts'
import { newCodesPage } from './recovery-codes-page.ts'
import { setUpMailboxRoutes } from './set-up-mailbox.ts'
import { setUpPhoneRoutes } from './set-up-phone.ts'
import { createTotpEnrolment, type TotpSetupPage } from './totp-enrolment.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    /** A second factor has to be set up before the person can go on. */
    'factors/set-up': {
      username: string
      /** Undefined: passkeys are switched off, or not to be had on this host. */
      passkey: PasskeyForm | undefined
      /** Undefined: only a passkey is enough. */
      app: ButtonForm | undefined
      /** Codes by SMS. Undefined: they are not enough, or none are sent. */
      phone?: { href: string } | undefined
      /** Goes back to the client with access_denied. */
      cancel: ButtonForm | undefined
      signOut: ButtonForm
      /** Undefined: the account cannot be opened before the factor is set up. */
      accountHref: string | undefined
      /** The app that asks for it. */
      client?: ShownClient | undefined
      /** It is the console that asks for it. */
      toConsole?: boolean | undefined
    }
  }
}

export type SetUpPerson = Pick<Signed, 'session' | 'account'>

export interface SetUpDependencies {
  clock: Clock
  issuer: URL
  http: Pick<Http, 'forms' | 'limit'>
  factors: Pick<Factors, 'totp' | 'phones' | 'emailCodes' | 'resendCountdowns'>
  mailboxProof: MailboxProof
  sessions: Pick<AuditedSessions, 'current' | 'incomplete' | 'verify' | 'ownerOf'>
  findAccount: Accounts['byId']
  /** The app of an interaction, by its uid. */
  appOf(uid: string): Promise<ShownClient | undefined>
  /** The form that adds a passkey. Undefined: none can be added. */
  passkeyForm(signed: SetUpPerson): Promise<PasskeyForm | undefined>
}

/** Where a person is led who needs a second factor, or a stronger one, than the account has. */
const SET_UP = '/login/set-up'

export const isSetUp = (path: string): boolean => /^\/login\/set-up(?![\w-])/.test(path)

const params = z.object({ id: z.string().max(64) })

/** The sign-in that may set a factor up: one that counts, or that lacks nothing else. */
export async function enrolling(
  sessions: Pick<AuditedSessions, 'current' | 'incomplete'>,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const session = await sessions.current(request, reply)
  if (session) return session
  const waiting = await sessions.incomplete(request, reply)
  return waiting?.missing === 'set-up' ? waiting : undefined
}

/**
 * The page for a person whose sign-in needs more than the account has. What administers (`needs=strong`) takes no code by SMS.
 * @param needs.passkey nothing else is enough
 */
export const setUpPath = (returnTo: string, needs: { passkey: boolean } = { passkey: false }): string =>
  `${SET_UP}?${new URLSearchParams({ ...(needs.passkey && { needs: 'passkey' }), return_to: returnTo })}`

/**
 * Setting up a second factor on the way to what needs one: an app, the console. Only for a sign-in that is fresh and has shown
 * all that the account has: whose password alone is known sets up nothing on an account that has a factor.
 *
 *   GET  /login/set-up          a passkey, or an authenticator app
 *   POST /login/set-up/app      ► GET /login/set-up/app/:id, POST the same ► recovery codes ► on
 *
 * A passkey is added by the page of passkeys (passkeys.ts), which leads on. An account that had a factor before shows its mailbox first
 * (set-up-mailbox.ts).
 */
export async function setUpRoutes(app: FastifyInstance, deps: SetUpDependencies): Promise<void> {
  const { clock, factors, http, issuer, sessions } = deps
  await http.forms(app, sessions.ownerOf)
  const enrolment = createTotpEnrolment(factors.totp)
  const returnTo = ({ query }: FastifyRequest) =>
    safeReturnTo(issuer, (query as { return_to?: unknown }).return_to)
  const needs = ({ query }: FastifyRequest) => {
    const { needs: given } = query as { needs?: unknown }
    return given === 'passkey' || given === 'strong' ? given : undefined
  }
  const onlyPasskey = (request: FastifyRequest) => needs(request) === 'passkey'
  const at = (request: FastifyRequest, path: string) => {
    const needed = needs(request)
    return `${SET_UP}${path}?${new URLSearchParams({ ...(needed && { needs: needed }), return_to: returnTo(request) })}`
  }
  const here = (request: FastifyRequest) => at(request, '')

  /** Undefined: the person has to sign in first, or again, and is led there. @param back the page to come back to */
  async function visitor(
    request: FastifyRequest,
    reply: FastifyReply,
    back: string,
  ): Promise<SetUpPerson | undefined> {
    const session = await enrolling(sessions, request, reply)
    const account = session && (await deps.findAccount(session.accountId))
    if (session && account && isFresh(clock, session.freshAt)) return { session, account }
    const again = account ? 'again=1&' : ''
    reply.redirect(`/login?${again}return_to=${encodeURIComponent(back)}`, 303)
    return undefined
  }

  /** As `visitor`, who has shown the mailbox too, where the account had a factor before. */
  async function person(request: FastifyRequest, reply: FastifyReply): Promise<SetUpPerson | undefined> {
    const found = await visitor(request, reply, here(request))
    if (!found || !deps.mailboxProof.lacks(request, found)) return found
    reply.redirect(mailboxPath(here(request)), 303)
    return undefined
  }

  /** Whether what the person came for is not asked of them (any more): another tab, or the Back button. */
  const done = (request: FastifyRequest, { account }: SetUpPerson) =>
    onlyPasskey(request)
      ? account.secondFactors.includes('passkey')
      : needs(request) === 'strong'
        ? hasStrongFactor(account.secondFactors)
        : account.secondFactors.length > 0

  const takesPhone = (request: FastifyRequest, { account }: SetUpPerson) =>
    needs(request) === undefined && factors.phones.mayAdd(account)

  setUpMailboxRoutes(app, deps, visitor)
  setUpPhoneRoutes(app, { ...deps, phones: factors.phones }, { person, done, takesPhone, returnTo, here, at })

  app.get(SET_UP, async (request, reply) => {
    const signed = await person(request, reply)
    if (!signed) return reply
    if (done(request, signed)) return reply.redirect(returnTo(request), 303)
    const passkey = await deps.passkeyForm(signed)
    const interaction = /^\/interaction\/[\w-]+$/.exec(returnTo(request))?.[0]
    return renderPage(reply, 'factors/set-up', {
      username: signed.account.displayUsername,
      passkey: passkey && { ...passkey, fields: { return_to: returnTo(request) } },
      app: onlyPasskey(request) ? undefined : { action: at(request, '/app') },
      phone: takesPhone(request, signed) ? { href: at(request, '/phone') } : undefined,
      cancel: interaction === undefined ? undefined : { action: `${interaction}/cancel` },
      signOut: { action: '/account/sign-out' },
      // A sign-in that waits for its factor is led back here from the pages of its account.
      accountHref: interaction === undefined && !('missing' in signed.session) ? '/account' : undefined,
      client:
        interaction === undefined ? undefined : await deps.appOf(interaction.slice('/interaction/'.length)),
      toConsole: /^\/admin(?:[/?]|$)/.test(returnTo(request)),
    })
  })

  app.post(`${SET_UP}/app`, http.limit('account'), async (request, reply) => {
    const signed = await person(request, reply)
    if (!signed) return reply
    if (done(request, signed)) return reply.redirect(returnTo(request), 303)
    return reply.redirect(at(request, `/app/${await enrolment.begin(signed.account.id)}`), 303)
  })

  app.get(`${SET_UP}/codes`, async (request, reply) => {
    const signed = await person(request, reply)
    if (!signed) return reply
    // What the form was answered with is shown in the place of this, once; loaded again, the page leads on.
    return takenBy(request)?.page === undefined
      ? reply.redirect(returnTo(request), 303)
      : renderPage(reply, 'factors/recovery-codes', {})
  })

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    { account }: SetUpPerson,
    form: Partial<TotpSetupPage> = {},
    status = 200,
  ) {
    const { id } = params.parse(request.params)
    const setup = await enrolment.page(account.id, id)
    if (!setup) return reply.redirect(here(request), 303)
    return renderPage(
      reply,
      'factors/totp-setup',
      {
        action: at(request, `/app/${id}`),
        leave: { href: here(request), label: t('common.anotherWay') },
        ...setup,
        ...form,
      },
      status,
    )
  }

  app.get(`${SET_UP}/app/:id`, async (request, reply) => {
    const signed = await person(request, reply)
    return signed ? show(request, reply, signed) : reply
  })

  app.post(`${SET_UP}/app/:id`, http.limit('account'), async (request, reply) => {
    const signed = await person(request, reply)
    if (!signed) return reply
    const { account, session } = signed
    const outcome = await enrolment.submit(session, params.parse(request.params).id, request)
    if (outcome.kind === 'gone') return reply.redirect(here(request), 303)
    if (outcome.kind === 'refused')
      return show(request, reply, signed, { errors: outcome.errors }, outcome.status)
    await sessions.verify(request, reply, { accountId: account.id, uid: session.uid, amr: ['otp'] })
    if (outcome.recoveryCodes === undefined) return reply.redirect(returnTo(request), 303)
    setFormPage(request, at(request, '/codes'))
    const of = { username: account.displayUsername, service: issuer.host, at: clock() }
    return renderPage(
      reply,
      'factors/recovery-codes',
      newCodesPage(outcome.recoveryCodes, of, returnTo(request)),
    )
  })
}
