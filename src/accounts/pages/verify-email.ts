import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { partsOf } from '../../http/address.ts'
import type { ButtonForm, Form, Link, ShownClient } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { toSeconds } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message, type TextKey, t } from '../../shared/locales/texts.ts'
import { dayOf } from '../../shared/moment.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { appOn } from './app-of.ts'
import { onwards, type Pending, withInteraction } from './browser-state.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { startProven } from './proven-sign-in.ts'

export interface VerifyEmailPage extends Form {
  /** Where the person is on the way to. */
  client?: ShownClient | undefined
  /** Where the message went. */
  email?: string | undefined
  /** Set when the page was opened from the link in the message: one button, no field. */
  token?: string | undefined
  /** Whose address it becomes, and since when there is that account; with `token`. */
  owner?: { username: string; since: string } | undefined
  /** “This is not my account”; with `token`. */
  refuse?: ButtonForm | undefined
  resend?: ButtonForm | undefined
  /** Seconds until it can be sent again; undefined: now. */
  wait?: number | undefined
  /** Another address instead, while this one is not verified. */
  change?: Form | undefined
  notice?: string | undefined
  /** Where one may go without verifying now. */
  later?: Link | undefined
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/verify-email': VerifyEmailPage
    /** `before`: by an earlier use of the link, or by another one. */
    'accounts/email-verified': { next: Link; before?: boolean | undefined }
    'accounts/email-refused': { username: string; email: string }
  }
}

/** What a link or a code comes back with. */
const REFUSALS = {
  wrong: 'verifyEmail.wrong',
  exhausted: 'verifyEmail.exhausted',
  expired: 'verifyEmail.expired',
  taken: 'verifyEmail.taken',
} as const satisfies Readonly<Record<string, TextKey>>

/**
 * `/verify-email`: by the code, in the browser that registered, or by the link, anywhere. Opening the link uses
 * nothing up (mail scanners open links); its button does. The page names the account that gets the address: anybody can
 * register with another person's.
 *
 * In the browser that has just signed in (Pending) verifying also signs in and goes on to the app.
 */
export async function verifyEmailRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, accounts, browser, sessions } = deps
  const token = (source: unknown) =>
    z.object({ token: z.string().min(1).max(200) }).safeParse(source).data?.token

  const show = async (
    reply: FastifyReply,
    pending: Pending,
    form: Partial<VerifyEmailPage> = {},
    status = 200,
  ) =>
    renderPage(
      reply,
      'accounts/verify-email',
      {
        action: withInteraction('/verify-email', pending.interaction),
        client: await appOn(deps, pending.interaction),
        email: pending.email,
        resend: { action: withInteraction('/verify-email/resend', pending.interaction) },
        wait: await deps.resendCountdowns.left(pending.accountId, 'verification'),
        change: { action: withInteraction('/verify-email/address', pending.interaction) },
        ...form,
      },
      status,
    )

  /**
   * Who waits in this browser, for as long as that sign-in counts: whatever ends the sign-ins of an account ends it too, or
   * the reader of the mail may have ousted the one who registered. Else the cookie goes.
   */
  async function waiting(request: FastifyRequest, reply: FastifyReply) {
    const pending = await browser.pending(request)
    const account = pending && (await accounts.byId(pending.accountId))
    if (account?.disabledAt === null && account.generation === pending?.generation)
      return { pending, account }
    browser.clearPending(reply)
    return undefined
  }

  /** The address is proven: signs in, unless a copy of this cookie did so, as of when the password was checked. */
  async function goOn(request: FastifyRequest, reply: FastifyReply, accountId: string) {
    await giveBack(request)
    const signsIn = () =>
      renderPage(reply, 'accounts/email-verified', { next: { href: '/login', label: t('common.signIn') } })
    const pending = (await waiting(request, reply))?.pending
    if (
      pending?.accountId !== accountId ||
      (await deps.upstream.hasEnded(pending)) ||
      !(await browser.endPending(request, reply))
    )
      return signsIn()
    const { upstream, generation, at } = pending
    const amr = [upstream ? 'fed' : 'pwd']
    const signIn = { accountId, generation, amr, upstream, at: toSeconds(at) }
    if (!(await startProven(deps, request, reply, signIn))) return signsIn()
    return reply.redirect(onwards(pending.interaction ?? browser.interaction(request)), 303)
  }

  /** A link that was used already has done what it was for. */
  async function proven(request: FastifyRequest, reply: FastifyReply) {
    await giveBack(request)
    const signedIn = await sessions.current(request, reply)
    const next = signedIn
      ? { href: '/account', label: t('common.yourAccount') }
      : { href: '/login', label: t('common.signIn') }
    return renderPage(reply, 'accounts/email-verified', { next, before: true })
  }

  const nothingPending = () => new AppError('nothing_to_verify', 400, message('verifyEmail.nothing'))

  app.get('/verify-email', http.limit('oneTimeToken'), async (request, reply) => {
    const given = token(request.query)
    if (given !== undefined) {
      const found = await accounts.verification.peek(given)
      if (!found && (await accounts.verification.isProven(given))) return proven(request, reply)
      if (!found) throw new AppError('link_expired', 410, message(REFUSALS.expired))
      await giveBack(request)
      return renderPage(reply, 'accounts/verify-email', {
        action: withInteraction('/verify-email', browser.interaction(request)),
        client: await appOn(deps, browser.interaction(request)),
        token: given,
        email: found.email,
        owner: { username: found.username, since: dayOf(found.createdAt) },
        refuse: { action: '/verify-email/refuse', fields: { token: given } },
      })
    }
    // Nothing was guessed.
    await giveBack(request)
    const found = await waiting(request, reply)
    if (!found) {
      if (await sessions.current(request, reply)) return reply.redirect('/account', 303)
      throw nothingPending()
    }
    // The link was opened on another device in between.
    if (found.account.email !== null) return goOn(request, reply, found.account.id)
    return show(reply, found.pending)
  })

  /** The form of a link stands on the page of that link, also for a person who is signed in. */
  const ofLink = {
    ...http.limit('oneTimeToken'),
    config: {
      formPage({ body, url }: FastifyRequest) {
        const given = token(body)
        const query = new URLSearchParams(partsOf(url).query)
        if (given !== undefined) query.set('token', given)
        return given === undefined ? undefined : `/verify-email?${query}`
      },
    },
  }

  app.post('/verify-email', ofLink, async (request, reply) => {
    const given = token(request.body)
    if (given !== undefined) {
      const outcome = await accounts.verification.byToken(given)
      if (outcome.kind === 'verified') return goOn(request, reply, outcome.accountId)
      // The button was pressed twice, or in another tab.
      if (await accounts.verification.isProven(given)) return proven(request, reply)
      throw new AppError('link_expired', 410, message(REFUSALS[outcome.kind]))
    }
    const found = await waiting(request, reply)
    if (!found) throw nothingPending()
    const { pending, account } = found
    if (account.email !== null) return goOn(request, reply, account.id)
    const code = z
      .object({ code: z.string().transform((text) => text.replaceAll(/[\s-]/g, '')) })
      .safeParse(request.body).data?.code
    if (code === undefined || !/^\d{6}$/.test(code))
      return show(reply, pending, { errors: { code: t('verifyEmail.code.enter') } }, 422)
    const outcome = await accounts.verification.byCode(pending.accountId, code)
    if (outcome.kind === 'verified') return goOn(request, reply, outcome.accountId)
    return show(reply, pending, { errors: { code: t(REFUSALS[outcome.kind]) } }, 422)
  })

  app.post('/verify-email/refuse', ofLink, async (request, reply) => {
    const given = token(request.body) ?? ''
    const found = await accounts.verification.peek(given)
    if (!found || !(await accounts.verification.refuse(given)))
      throw new AppError('link_expired', 410, message(REFUSALS.expired))
    return renderPage(reply, 'accounts/email-refused', { username: found.username, email: found.email })
  })

  app.post('/verify-email/resend', http.limit('mail', null), async (request, reply) => {
    const found = await waiting(request, reply)
    if (!found) throw nothingPending()
    const { pending, account } = found
    if (account.email !== null) return goOn(request, reply, account.id)
    // What is sent wears the brand of the app.
    await appOn(deps, pending.interaction)
    await accounts.verification.send(pending.accountId, pending.interaction)
    await deps.resendCountdowns.begin(pending.accountId, 'verification')
    return show(reply, pending, { notice: t('email.resent') })
  })
  app.post('/verify-email/address', http.limit('mail', 'email'), async (request, reply) => {
    const found = await waiting(request, reply)
    // Only while nothing is proven: a proven address is changed on the account page, after a fresh sign-in.
    if (found?.account.email !== null) throw nothingPending()
    const { pending } = found
    const { email } = z.object({ email: z.string().max(1024).default('') }).parse(request.body ?? {})
    const action = withInteraction('/verify-email/address', pending.interaction)
    await appOn(deps, pending.interaction)
    try {
      await accounts.changeEmail(pending.accountId, email, pending)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      return show(reply, pending, { change: { action, errors: error.sentences, values: { email } } }, 422)
    }
    await deps.resendCountdowns.begin(pending.accountId, 'verification')
    const account = await accounts.byId(pending.accountId)
    const changed = { ...pending, email: account?.pendingEmail ?? email.trim() }
    browser.setPending(reply, changed)
    return show(reply, changed, { notice: t('verifyEmail.changed', { email: changed.email }) })
  })
}
