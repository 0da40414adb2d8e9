import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../accounts/account.ts'
import { shownAgain } from '../http/forms/forms.ts'
import type { Http } from '../http/http.ts'
import type { ConsentPage, DeviceConfirmPage, ProviderButton, SignInPage } from '../http/pages/pages.ts'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails, Interactions } from '../oidc/authorization/interactions.ts'
import { AppError } from '../shared/errors.ts'
import { createWayOn } from './next-page.ts'

export type SignInOutcome =
  | { kind: 'signed_in'; accountId: string; generation: number; amr: string[] }
  /** The e-mail address has to be verified first: the page to go to. */
  | { kind: 'verify'; location: string }
  | {
      kind: 'refused'
      status: number
      values: Record<string, string>
      errors: Record<string, string>
      alert?: string
    }

export interface SignInForm {
  /** Checks what was typed. @param flow the interaction to come back to */
  submit(request: FastifyRequest, reply: FastifyReply, flow: string | undefined): Promise<SignInOutcome>
}

/**
 * The pages of an authorization request that waits for a person: sign-in and consent. What it is and how it goes on belongs to
 * the protocol (Interactions); who a person is, to accounts (SignInForm). Here they meet.
 *
 *   GET  /interaction/:uid           sign-in or consent, whichever the flow waits for
 *   POST /interaction/:uid/sign-in   ► the flow goes on (303)
 *   POST /interaction/:uid/consent   ► the flow goes on (303)
 *   POST /interaction/:uid/select    ► the flow goes on with who is signed in (303)
 *   POST /interaction/:uid/cancel    ► the app gets access_denied; of a device, its code is free again (303)
 *   POST /interaction/:uid/switch    ► sign-in as somebody else (303)
 */
export interface InteractionRoutesOptions {
  flows: Interactions
  signInForm: SignInForm
  http: Pick<Http, 'limit' | 'forms' | 'sealed'>
  /** Whether the issuer is https. */
  secure: boolean
  registration: 'open' | 'closed'
  /** @param again the person is signed in, and has to prove themselves once more */
  providers(flow: string, again: boolean): Promise<ProviderButton[]>
  /** What a sign-in elsewhere came back with, from the query of the page. */
  upstreamProblem(query: unknown): Promise<string | undefined>
  findAccount(id: string): Promise<Pick<Account, 'displayUsername' | 'email'> | undefined>
  /** What is asked for, in words. */
  describeScopes(details: InteractionDetails): Promise<ConsentPage['scopes']>
  /** A device that asks, in words. */
  describeDevice(device: NonNullable<InteractionDetails['device']>): DeviceConfirmPage['device']
}

/** Whether somebody signs in whom the app did not ask for (OpenID Connect Core §3.1.2.1, `id_token_hint`). */
const isAnother = ({ expects }: InteractionDetails, accountId: string): boolean =>
  expects !== undefined && expects !== accountId

/** Says nothing of the account that is asked for: whoever holds a hint has not shown yet that it is theirs. */
const another = ({ client }: InteractionDetails): string =>
  `That is another account than the one that ${client.name} asks for. Sign in with the account that you used there before, or cancel and go back to ${client.name}.`

/** Where a code is entered, with what is wrong with the last one. */
const EXPIRED = '/device?problem=expired'

interface FlowRoute {
  Params: { uid: string }
  Querystring: { as?: string }
}
type FlowRequest = FastifyRequest<FlowRoute>

const consentForm = z.object({ decision: z.enum(['allow', 'deny']) })
const isDenied = ({ body }: FastifyRequest): boolean => consentForm.safeParse(body).data?.decision === 'deny'

export async function interactionRoutes(
  app: FastifyInstance,
  options: InteractionRoutesOptions,
): Promise<void> {
  const { flows, signInForm, http } = options
  await http.forms(app)
  const wayOn = createWayOn({ sealed: http.sealed, secure: options.secure })

  type Work = (request: FlowRequest, reply: FastifyReply) => Promise<FastifyReply>
  /**
   * For whom comes to a flow that is over: it is made once more, or it says where to go on.
   * @param leaves whether this request was to end the flow
   */
  const leadingOn =
    (work: Work, leaves: (request: FlowRequest) => boolean = () => false): Work =>
    async (request, reply) => {
      try {
        return await work(request, reply)
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'interaction_expired') throw error
        const flow = wayOn.find(request, request.params.uid)
        if (flow === undefined) throw error
        if (!flow.done && leaves(request))
          return renderPage(reply, 'interaction/over', { ...flow, cancelled: true })
        if (flow.done || flow.restart === undefined)
          return renderPage(reply, 'interaction/over', flow, flow.done ? 200 : 410)
        wayOn.restarted(reply, shownAgain(request.body).identifier)
        return reply.redirect(flow.restart, 303)
      }
    }

  /** The flow goes on, away from its page. */
  const goOn = (
    request: FlowRequest,
    reply: FastifyReply,
    location: string,
    how: Parameters<typeof wayOn.done>[3] = {},
  ) => {
    wayOn.done(request, reply, request.params.uid, how)
    return reply.redirect(location, 303)
  }

  const signInPage = async (
    request: FlowRequest,
    details: InteractionDetails,
    form: Partial<SignInPage> = {},
  ): Promise<SignInPage> => ({
    action: `/interaction/${details.uid}/sign-in${asAnother(request) ? '?as=another' : ''}`,
    client: details.client,
    device: details.device !== undefined,
    providers: await options.providers(details.uid, details.accountId !== undefined),
    // A new account is not the one that is asked for; and who is signed in here, and signs in again, is not new.
    registerHref:
      options.registration === 'open' &&
      details.expects === undefined &&
      (details.accountId === undefined || asAnother(request))
        ? `/register?flow=${details.uid}`
        : undefined,
    forgotHref: `/forgot-password?flow=${details.uid}`,
    cancel: { action: `/interaction/${details.uid}/cancel` },
    notice: await expectation(details),
    ...(details.loginHint !== undefined && { values: { identifier: details.loginHint.slice(0, 254) } }),
    ...form,
  })

  async function findAccount(id: string): Promise<ConsentPage['account'] | undefined> {
    const account = await options.findAccount(id)
    return account && { username: account.displayUsername, email: account.email ?? undefined }
  }

  async function expectation(details: InteractionDetails): Promise<string | undefined> {
    if (details.expects === undefined) return undefined
    const { accountId, client } = details
    const wanted = `${client.name} asks for the account that you used there before`
    const account =
      accountId !== undefined && isAnother(details, accountId) ? await findAccount(accountId) : undefined
    return account ? `You are signed in as ${account.username}, but ${wanted}.` : `${wanted}.`
  }

  async function consentPage(reply: FastifyReply, details: InteractionDetails, accountId: string) {
    const account = await findAccount(accountId)
    const page: ConsentPage = {
      action: `/interaction/${details.uid}/consent`,
      client: details.client,
      account: account ?? { username: 'a closed account' },
      ...(details.expects === undefined && {
        switchAccount: { action: `/interaction/${details.uid}/switch` },
      }),
      scopes: await options.describeScopes(details),
      leadsTo: details.leadsTo,
    }
    return details.device === undefined
      ? renderPage(reply, 'interaction/consent', page)
      : renderPage(reply, 'device/confirm', { ...page, device: options.describeDevice(details.device) })
  }

  async function selectPage(reply: FastifyReply, details: InteractionDetails, accountId: string) {
    const account = await findAccount(accountId)
    return renderPage(reply, 'interaction/select-account', {
      action: `/interaction/${details.uid}/select`,
      client: details.client,
      account: account ?? { username: 'a closed account' },
      ...(details.expects === undefined && {
        switchAccount: { action: `/interaction/${details.uid}/switch` },
      }),
      cancel: { action: `/interaction/${details.uid}/cancel` },
    })
  }

  app.get<FlowRoute>(
    '/interaction/:uid',
    leadingOn(async (request, reply) => {
      const details = await flows.details(request, reply)
      const { uid, client, homeUrl: home, restartUrl: restart } = details
      if (details.device?.expired) return reply.redirect(EXPIRED, 303)
      const flow = { app: client.name, home, restart, device: details.device !== undefined }
      wayOn.remember(reply, uid, { ...flow, done: false })
      const again = restartedForm(wayOn.takeRestarted(request, reply))
      if (asAnother(request))
        return renderPage(reply, 'interaction/sign-in', await signInPage(request, details))
      if (details.prompt === 'consent' && details.accountId !== undefined)
        return consentPage(reply, details, details.accountId)
      const answer = await flows.answeredBy(request, reply, details)
      if (answer && isAnother(details, answer.accountId)) {
        const form = { alert: another(details) }
        return renderPage(reply, 'interaction/sign-in', await signInPage(request, details, form))
      }
      if (answer) {
        const location = await flows.signIn(request, reply, answer)
        wayOn.remember(reply, uid, { ...flow, done: true })
        return reply.redirect(location, 303)
      }
      const alert = await options.upstreamProblem(request.query)
      const { accountId } = details
      if (details.prompt === 'select_account' && accountId !== undefined && !isAnother(details, accountId))
        return selectPage(reply, details, accountId)
      return renderPage(reply, 'interaction/sign-in', await signInPage(request, details, { alert, ...again }))
    }),
  )

  app.post<FlowRoute>(
    '/interaction/:uid/sign-in',
    http.limit('signIn', 'identifier'),
    leadingOn(async (request, reply) => {
      const details = await flows.details(request, reply)
      const outcome = await signInForm.submit(request, reply, details.uid)
      if (outcome.kind === 'verify') return reply.redirect(outcome.location, 303)
      if (outcome.kind === 'signed_in' && isAnother(details, outcome.accountId)) {
        const form = { values: shownAgain(request.body), notice: undefined, alert: another(details) }
        return renderPage(reply, 'interaction/sign-in', await signInPage(request, details, form), 403)
      }
      if (outcome.kind === 'signed_in')
        return goOn(request, reply, await flows.signIn(request, reply, outcome))
      const { status, kind: _kind, ...form } = outcome
      return renderPage(reply, 'interaction/sign-in', await signInPage(request, details, form), status)
    }),
  )

  app.post<FlowRoute>(
    '/interaction/:uid/consent',
    leadingOn(async (request, reply) => {
      const { decision } = consentForm.parse(request.body)
      if (decision === 'deny')
        return goOn(request, reply, await flows.refuse(request, reply), { refused: true })
      return goOn(request, reply, await flows.allow(request, reply))
    }, isDenied),
  )

  app.post<FlowRoute>(
    '/interaction/:uid/select',
    leadingOn(async (request, reply) => goOn(request, reply, await flows.select(request, reply))),
  )

  app.post<FlowRoute>(
    '/interaction/:uid/cancel',
    leadingOn(
      async (request, reply) => goOn(request, reply, await flows.cancel(request, reply), { cancelled: true }),
      () => true,
    ),
  )

  app.post<FlowRoute>(
    '/interaction/:uid/switch',
    leadingOn(async (request, reply) => {
      const { uid } = await flows.details(request, reply)
      return reply.redirect(`/interaction/${uid}?as=another`, 303)
    }),
  )
}

/** Whether somebody said that they are not who is signed in here. */
const asAnother = ({ query }: FlowRequest): boolean => query.as === 'another'

/** The sign-in page of a flow that was made once more. */
const restartedForm = (restarted: { identifier?: string | undefined } | undefined) =>
  restarted && {
    notice:
      'The page was open for too long, so the sign-in was started again. Enter your password once more.',
    ...(restarted.identifier && { values: { identifier: restarted.identifier } }),
  }
