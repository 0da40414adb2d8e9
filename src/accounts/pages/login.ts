import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noticeIn } from '../../http/forms/notice.ts'
import type { ButtonForm, Form, PasskeyForm, ProviderButton, ShownClient } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { safeReturnTo } from '../../http/return-to.ts'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { t } from '../../shared/locales/texts.ts'
import type { ProviderOfDomain } from '../authenticate.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import type { AskedFor } from './known-name.ts'
import type { SignInOutcome } from './sign-in-form.ts'

export interface SignInPage extends Form {
  client?: ShownClient | undefined
  /** A device asks (RFC 8628): there is no app to go back to. */
  device?: boolean
  /** Signing in with a passkey; undefined: none works here. */
  passkey?: PasskeyForm | undefined
  /** A passkey that no account has, for the browser to forget: UnknownCredentialOptions in JSON. */
  forgetPasskey?: string | undefined
  /** Which fields there are; undefined: both. */
  asks?: AskedFor | 'nothing' | undefined
  /** Whose sign-in it is, where that is not asked for: what was typed before, or who is signed in. */
  name?: string | undefined
  /** Accounts that have signed in in this browser, to choose from. */
  accounts?: ChosenAccount[] | undefined
  /** The last sign-in of this browser was by a passkey. */
  lastByPasskey?: boolean | undefined
  /** For a person who is another one. */
  notYouHref?: string | undefined
  /** The first page, where the name was asked for by itself. */
  otherWaysHref?: string | undefined
  /** A phone number is a name to sign in by. */
  byPhone?: boolean
  providers: ProviderButton[]
  /** The page that leads to the provider of an organization; undefined: there are no organizations. */
  organizationHref?: string | undefined
  /** Undefined: registration is closed. */
  registerHref?: string | undefined
  forgotHref: string
  /** Goes back to the client with access_denied, or to where the code of a device is entered. */
  cancel?: ButtonForm | undefined
  /** The page to go back to, for a person who was to sign in once more and does not. */
  leave?: string | undefined
  notice?: string | undefined
}

/** An account of the list, on the sign-in page. */
export interface ChosenAccount {
  name: string
  /** The page that asks for its password or passkey. */
  href: string
  /** Takes it off the list. */
  forget: ButtonForm
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'interaction/sign-in': SignInPage
    /** The address signs in at the provider of an organization, and not by a password. */
    'interaction/at-provider': {
      client?: ShownClient | undefined
      organization: string
      provider: ProviderButton
      backHref: string
    }
  }
}

const NOTICES = {
  everywhere: 'signIn.everywhere',
  kept: 'signIn.kept',
  forgotten: 'signIn.accounts.forgotten',
} as const

const forgetting = z.object({
  name: z.string().max(320).catch(''),
  return_to: z.string().max(2048).optional().catch(undefined),
})

/** `/login`: signing in without an app, for the account page and the console. */
export async function loginRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, sessions, signInForm } = deps
  const returnTo = (request: FastifyRequest) =>
    safeReturnTo(deps.issuer, (request.query as { return_to?: unknown }).return_to)

  const verifyPath = (request: FastifyRequest) =>
    `/login/verify?return_to=${encodeURIComponent(returnTo(request))}`

  const isAgain = (request: FastifyRequest) => (request.query as { again?: unknown }).again !== undefined

  const pagePath = (request: FastifyRequest, path: string, again: boolean) =>
    `${path}?${again ? 'again=1&' : ''}return_to=${encodeURIComponent(returnTo(request))}`

  /** As `pagePath`, for the person of this page. */
  const formAction = (request: FastifyRequest, path: string, again: boolean, name: string | undefined) =>
    name === undefined || again
      ? pagePath(request, path, again)
      : signInForm.pageFor(pagePath(request, path, again), name)

  /** The page with nothing but the way to the provider of an organization. */
  const atProvider = (
    request: FastifyRequest,
    reply: FastifyReply,
    provider: ProviderOfDomain,
    status: number,
  ) => {
    const again = isAgain(request)
    return renderPage(
      reply,
      'interaction/at-provider',
      {
        organization: provider.organization,
        provider: deps.upstream.button(provider, { returnTo: returnTo(request), again }),
        backHref: pagePath(request, '/login', again),
      },
      status,
    )
  }

  async function page(
    request: FastifyRequest,
    reply: FastifyReply,
    form: Partial<SignInPage> = {},
    again?: Awaited<ReturnType<typeof signedIn>>,
  ): Promise<SignInPage & { provider?: (ProviderOfDomain & { required: boolean }) | undefined }> {
    const is = isAgain(request)
    const { provider, ...asked } = again
      ? { asks: 'password' as const, name: undefined, provider: undefined }
      : await signInForm.asks(request, form)
    const where = { returnTo: returnTo(request), again: is }
    const buttons = asked.asks === 'password' ? [] : await deps.upstream.buttons(where)
    const made: SignInPage = {
      action: formAction(request, '/login', is, asked.name),
      passkey: await deps.passkeyForm.offer(
        request,
        reply,
        formAction(request, '/login/passkey', is, asked.name),
      ),
      byPhone: signInForm.byPhone,
      ...asked,
      providers: provider ? [deps.upstream.button(provider, where), ...buttons] : buttons,
      organizationHref:
        asked.name === undefined && deps.organizations.exist()
          ? `/login/organization?return_to=${encodeURIComponent(returnTo(request))}`
          : undefined,
      // A person who signs in again is not new here.
      registerHref: deps.registration === 'open' && !is && asked.name === undefined ? '/register' : undefined,
      ...(asked.name !== undefined && signInForm.firstPage(pagePath(request, '/login', is))),
      forgotHref: '/forgot-password',
      ...form,
      ...(is && { leave: await leave(request, reply) }),
    }
    if (!again) return { ...signInForm.remembered(request, made, pagePath(request, '/login', is)), provider }
    return { ...(await signInForm.again(again, made, where)), notYouHref: '/logout' }
  }

  /** The page that the form of a waiting act stands on; without an act, where the sign-in was to lead. */
  async function leave(request: FastifyRequest, reply: FastifyReply): Promise<string> {
    const back = returnTo(request)
    const id = /^\/confirm\/([\w-]+)$/.exec(back)?.[1]
    const interrupted = id && (await http.interrupted.find(id, await sessions.ownerOf(request, reply)))
    return interrupted ? interrupted.page : id ? '/account' : back
  }

  /** Who is signed in, and has to prove it once more. */
  async function signedIn(request: FastifyRequest, reply: FastifyReply) {
    const session = await sessions.current(request, reply)
    return session && (await deps.accounts.byId(session.accountId))
  }

  app.get('/login', async (request, reply) => {
    const session = await sessions.current(request, reply)
    // Back from where a sign-in led: it is fresh by now, and goes on there.
    const { return_to } = request.query as { return_to?: unknown }
    const done = return_to !== undefined && session !== undefined && isFresh(deps.clock, session.freshAt)
    if (isAgain(request) && !done) {
      const form = { notice: t('signIn.again') }
      const person = await signedIn(request, reply)
      return renderPage(reply, 'interaction/sign-in', await page(request, reply, form, person))
    }
    if (session !== undefined) return reply.redirect(returnTo(request), 303)
    if (await sessions.incomplete(request, reply)) return reply.redirect(verifyPath(request), 303)
    // A form was sent whose sender was signed out by then.
    const ended = 'ended' in (request.query as object) ? t('signIn.ended') : undefined
    const alert = (await deps.upstream.problem(request.query)) ?? ended
    const notice = noticeIn(
      NOTICES,
      Object.keys(NOTICES).find((word) => word in (request.query as object)),
    )
    const { provider, ...shown } = await page(request, reply, { alert, notice })
    if (provider?.required) return atProvider(request, reply, provider, 200)
    return renderPage(reply, 'interaction/sign-in', shown)
  })

  app.post('/login/accounts/forget', async (request, reply) => {
    const { name, return_to } = forgetting.parse(request.body ?? {})
    deps.remembered.forget(request, reply, name)
    const back = safeReturnTo(deps.issuer, return_to, '/login')
    return reply.redirect(`${back}${back.includes('?') ? '&' : '?'}forgotten=1`, 303)
  })

  app.get('/login/passkey', async (request, reply) => {
    // A script asks for any type; a person who comes here by an address has come for the form.
    if (request.headers.accept?.includes('text/html')) return reply.redirect('/login', 303)
    const options = await deps.passkeyForm.options(request, reply)
    return options ? reply.header('cache-control', 'no-store').send(options) : reply.callNotFound()
  })

  app.post('/login', http.limit('signIn', 'identifier'), async (request, reply) =>
    goOn(
      request,
      reply,
      await signInForm.submit(request, reply, undefined, { again: isAgain(request) }),
      (next) => (isAgain(request) ? next : deps.passkeyOffers.onTheWay(request, next)),
    ),
  )

  app.post(
    '/login/passkey',
    { ...http.limit('signIn', null), config: { formPage: '/login' } },
    async (request, reply) => goOn(request, reply, await deps.passkeyForm.submit(request, reply, undefined)),
  )

  /** @param onTheWay where the person goes first, on the way to what they signed in for */
  async function goOn(
    request: FastifyRequest,
    reply: FastifyReply,
    outcome: SignInOutcome,
    onTheWay = (next: string) => next,
  ) {
    if (outcome.kind === 'verify') return reply.redirect(outcome.location, 303)
    if (outcome.kind === 'at_provider') return atProvider(request, reply, outcome.provider, 403)
    if (outcome.kind === 'named') {
      const path = pagePath(request, '/login', isAgain(request))
      return reply.redirect(signInForm.pageFor(path, outcome.name), 303)
    }
    const before = isAgain(request) ? await signedIn(request, reply) : undefined
    if (outcome.kind === 'refused') {
      const { status, kind: _kind, ...form } = outcome
      return renderPage(reply, 'interaction/sign-in', await page(request, reply, form, before), status)
    }
    if (before !== undefined && before.id !== outcome.accountId) {
      const form = { alert: t('signIn.anotherAccount', { username: before.displayUsername }) }
      return renderPage(reply, 'interaction/sign-in', await page(request, reply, form, before), 403)
    }
    await sessions.start(request, reply, outcome)
    return reply.redirect(outcome.complete ? onTheWay(returnTo(request)) : verifyPath(request), 303)
  }
}
