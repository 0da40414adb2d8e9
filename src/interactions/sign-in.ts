import type { FastifyInstance, FastifyReply } from 'fastify'
import type { SignInPage } from '../accounts/pages/login.ts'
import type { SignInOutcome } from '../accounts/pages/sign-in-form.ts'
import { shownAgain } from '../http/forms/forms.ts'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { t } from '../shared/locales/texts.ts'
import type {
  InteractionDependencies,
  InteractionRequest,
  InteractionRoute,
  OrganizationProvider,
} from './dependencies.ts'
import type { Endings } from './over.ts'

/** Whether an account is another one than the app asks for (OpenID Connect Core §3.1.2.1, `id_token_hint`). */
export const isAnother = ({ expects }: InteractionDetails, accountId: string): boolean =>
  expects !== undefined && expects !== accountId

/** Whether the person has said that they are not the one who is signed in here. */
export const asAnother = ({ query }: InteractionRequest): boolean => query.as === 'another'

/** Whether an account was taken off the list just now. */
const wasForgotten = ({ query }: InteractionRequest): boolean => 'forgotten' in query

/** Says nothing of the account that is asked for: who holds an id_token_hint has not shown yet that it is theirs. */
export const anotherAlert = ({ client }: InteractionDetails): string =>
  t('signIn.another', { client: client.name })

type Show = (
  request: InteractionRequest,
  reply: FastifyReply,
  details: InteractionDetails,
  form?: Partial<SignInPage>,
  status?: number,
) => Promise<FastifyReply>

/**
 * `POST /interaction/:uid/sign-in`, `POST /interaction/:uid/passkey`: the interaction goes on with the account whose password was
 * typed, or whose passkey was used.
 * @returns what shows the sign-in page of an interaction
 */
export function signInRoute(app: FastifyInstance, deps: InteractionDependencies, endings: Endings): Show {
  const { interactions } = deps

  async function expectation(details: InteractionDetails): Promise<string | undefined> {
    if (details.expects === undefined) return undefined
    const { accountId, client } = details
    const account =
      accountId !== undefined && isAnother(details, accountId) ? await deps.findAccount(accountId) : undefined
    return account
      ? t('signIn.expects.but', { username: account.displayUsername, client: client.name })
      : t('signIn.expects', { client: client.name })
  }

  /** Where the person is expected to sign in: by the organization or the address that the app names. */
  async function providerOf({ organization, loginHint }: InteractionDetails) {
    const named =
      organization === undefined ? undefined : await deps.organizations.ofOrganization(organization)
    return named ?? (loginHint === undefined ? undefined : deps.organizations.ofHint(loginHint))
  }

  /** The person who is signed in here, and signs in again. */
  async function signedIn(request: InteractionRequest, reply: FastifyReply, details: InteractionDetails) {
    const { accountId } = details
    if (accountId === undefined || asAnother(request) || isAnother(details, accountId)) return undefined
    // A browser whose sign-in has ended is a stranger: it learns nothing of the account.
    if ((await deps.signedInAs(request, reply)) !== accountId) return undefined
    return deps.findAccount(accountId)
  }

  const pathOf = (request: InteractionRequest, { uid }: InteractionDetails, below = '') =>
    `/interaction/${uid}${below}${asAnother(request) ? '?as=another' : ''}`

  const atProvider = (
    request: InteractionRequest,
    reply: FastifyReply,
    details: InteractionDetails,
    provider: OrganizationProvider,
    status: number,
  ) =>
    renderPage(
      reply,
      'interaction/at-provider',
      {
        client: details.client,
        organization: provider.organization,
        provider: deps.providerButton(provider, details.uid),
        backHref: deps.signInForm.pageFor(pathOf(request, details), ''),
      },
      status,
    )

  const show: Show = async (request, reply, details, form = {}, status = 200) => {
    const again = await signedIn(request, reply, details)
    const { provider, ...asked } = again
      ? { asks: 'password' as const, name: undefined, provider: undefined }
      : await deps.signInForm.asks(request, form, details.loginHint?.slice(0, 254))
    if (provider?.required && request.method === 'GET' && form.alert === undefined)
      return atProvider(request, reply, details, provider, 200)
    const path = (below: string) =>
      asked.name === undefined
        ? pathOf(request, details, below)
        : deps.signInForm.pageFor(pathOf(request, details, below), asked.name)
    const expected = asked.name === undefined ? await providerOf(details) : provider
    const buttons =
      asked.name === undefined ? await deps.providers(details.uid, details.accountId !== undefined) : []
    const page: SignInPage = {
      action: path('/sign-in'),
      passkey: await deps.passkeyForm.offer(request, reply, path('/passkey')),
      client: details.client,
      device: details.device !== undefined,
      byPhone: deps.signInForm.byPhone,
      ...asked,
      ...(asked.name !== undefined && deps.signInForm.firstPage(pathOf(request, details))),
      providers: expected ? [deps.providerButton(expected, details.uid), ...buttons] : buttons,
      organizationHref:
        asked.name === undefined && deps.organizations.exist()
          ? `/login/organization?flow=${details.uid}`
          : undefined,
      // A new account is not the one that is asked for; and who is signed in here, and signs in again, is not new.
      registerHref:
        deps.registration === 'open' &&
        details.expects === undefined &&
        asked.name === undefined &&
        (details.accountId === undefined || asAnother(request))
          ? `/register?flow=${details.uid}`
          : undefined,
      forgotHref: `/forgot-password?flow=${details.uid}`,
      cancel: { action: `/interaction/${details.uid}/cancel` },
      notice:
        (await expectation(details)) ??
        (wasForgotten(request) ? t('signIn.accounts.forgotten') : undefined) ??
        (expected && t('atProvider.here', { organization: expected.organization, provider: expected.name })),
      ...form,
    }
    if (again === undefined) {
      const shown = deps.signInForm.remembered(request, page, pathOf(request, details))
      return renderPage(reply, 'interaction/sign-in', shown, status)
    }
    const theirs = await deps.signInForm.again(again, page, { interaction: details.uid, again: true })
    const notYouHref = details.expects === undefined ? `/interaction/${details.uid}?as=another` : undefined
    return renderPage(reply, 'interaction/sign-in', { ...theirs, notYouHref }, status)
  }

  app.post<InteractionRoute>(
    '/interaction/:uid/sign-in',
    deps.http.limit('signIn', 'identifier'),
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      return goOn(request, reply, details, await deps.signInForm.submit(request, reply, details.uid))
    }),
  )

  app.post<InteractionRoute>(
    '/interaction/:uid/passkey',
    deps.http.limit('signIn', null),
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      return goOn(request, reply, details, await deps.passkeyForm.submit(request, reply, details.uid))
    }),
  )

  async function goOn(
    request: InteractionRequest,
    reply: FastifyReply,
    details: InteractionDetails,
    outcome: SignInOutcome,
  ) {
    if (outcome.kind === 'at_provider') return atProvider(request, reply, details, outcome.provider, 403)
    if (outcome.kind === 'named')
      return reply.redirect(deps.signInForm.pageFor(pathOf(request, details), outcome.name), 303)
    if (outcome.kind === 'verify') return reply.redirect(outcome.location, 303)
    if (outcome.kind === 'signed_in' && isAnother(details, outcome.accountId)) {
      const form = { values: shownAgain(request.body), notice: undefined, alert: anotherAlert(details) }
      return show(request, reply, details, form, 403)
    }
    if (outcome.kind === 'signed_in')
      return endings.goOn(request, reply, await interactions.signIn(request, reply, outcome))
    const { status, kind: _kind, ...form } = outcome
    return show(request, reply, details, form, status)
  }
  return show
}
