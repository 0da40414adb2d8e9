import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../http/forms.ts'
import type { Http } from '../http/http.ts'
import type { ClientView, ConsentPage, ProviderButton, SignInPage } from '../http/pages.ts'
import { renderPage } from '../http/views.ts'

/**
 * The pages inside a flow: sign-in and consent. What a flow is and how it goes on belongs to the protocol (Flows,
 * below); who a person is, to accounts (SignInForm). Here they meet.
 *
 *   GET  /interaction/:uid           sign-in or consent, whichever the flow waits for
 *   POST /interaction/:uid/sign-in   ► the flow goes on (303)
 *   POST /interaction/:uid/consent   ► the flow goes on (303)
 *   POST /interaction/:uid/cancel    ► the app gets access_denied (303)
 *   POST /interaction/:uid/switch    ► sign-in as somebody else (303)
 */
export interface FlowDetails {
  uid: string
  prompt: 'login' | 'consent'
  client: ClientView
  accountId: string | undefined
  loginHint: string | undefined
  /** The account that the app asks for; undefined: any. */
  expects: string | undefined
  startedAt: number
  returnHost: string | undefined
  requestedScopes: string[]
  staysConnected: boolean
  missing: { scopes: string[]; resources: Record<string, string[]> }
}

export interface Flows {
  details(request: FastifyRequest, reply: FastifyReply): Promise<FlowDetails>
  signIn(
    request: FastifyRequest,
    reply: FastifyReply,
    who: { accountId: string; generation: number; amr: string[]; at?: number },
  ): Promise<string>
  allow(request: FastifyRequest, reply: FastifyReply): Promise<string>
  refuse(request: FastifyRequest, reply: FastifyReply): Promise<string>
  /** A sign-in elsewhere in this browser that answers the flow, if there was one. */
  answeredBy(
    request: FastifyRequest,
    reply: FastifyReply,
    details: FlowDetails,
  ): Promise<{ accountId: string; generation: number; amr: string[]; at: number } | undefined>
}

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

export interface InteractionRoutesOptions {
  flows: Flows
  signInForm: SignInForm
  http: Pick<Http, 'limit' | 'forms'>
  registration: 'open' | 'closed'
  /** @param again the person is signed in, and has to prove themselves once more */
  providers(flow: string, again: boolean): Promise<ProviderButton[]>
  /** What a sign-in elsewhere came back with, from the query of the page. */
  upstreamProblem(query: unknown): Promise<string | undefined>
  findAccount(id: string): Promise<{ username: string; email?: string | undefined } | undefined>
  /** What is asked for, in words. */
  describeScopes(details: FlowDetails): Promise<ConsentPage['scopes']>
}

/** Whether somebody signs in whom the app did not ask for (OpenID Connect Core §3.1.2.1, `id_token_hint`). */
const isAnother = ({ expects }: FlowDetails, accountId: string): boolean =>
  expects !== undefined && expects !== accountId

/** Says nothing of the account that is asked for: whoever holds a hint has not shown yet that it is theirs. */
const another = ({ client }: FlowDetails): string =>
  `That is another account than the one that ${client.name} asks for. Sign in with the account that you used there before, or cancel and go back to ${client.name}.`

const consentForm = z.object({ decision: z.enum(['allow', 'deny']) })

export async function interactionRoutes(
  app: FastifyInstance,
  options: InteractionRoutesOptions,
): Promise<void> {
  const { flows, signInForm, http } = options
  await http.forms(app)

  const signInPage = async (details: FlowDetails, form: Partial<SignInPage> = {}): Promise<SignInPage> => ({
    action: `/interaction/${details.uid}/sign-in`,
    client: details.client,
    providers: await options.providers(details.uid, details.accountId !== undefined),
    // A new account is not the one that is asked for.
    registerHref:
      options.registration === 'open' && details.expects === undefined
        ? `/register?flow=${details.uid}`
        : undefined,
    forgotHref: `/forgot-password?flow=${details.uid}`,
    cancel: { action: `/interaction/${details.uid}/cancel` },
    notice: await expectation(details),
    ...(details.loginHint !== undefined && { values: { identifier: details.loginHint.slice(0, 254) } }),
    ...form,
  })

  async function expectation(details: FlowDetails): Promise<string | undefined> {
    if (details.expects === undefined) return undefined
    const { accountId, client } = details
    const wanted = `${client.name} asks for the account that you used there before`
    const account =
      accountId !== undefined && isAnother(details, accountId)
        ? await options.findAccount(accountId)
        : undefined
    return account ? `You are signed in as ${account.username}, but ${wanted}.` : `${wanted}.`
  }

  async function consentPage(reply: FastifyReply, details: FlowDetails, accountId: string) {
    const account = await options.findAccount(accountId)
    return renderPage(reply, 'interaction/consent', {
      action: `/interaction/${details.uid}/consent`,
      client: details.client,
      account: account ?? { username: 'a closed account' },
      ...(details.expects === undefined && {
        switchAccount: { action: `/interaction/${details.uid}/switch` },
      }),
      scopes: await options.describeScopes(details),
      returnHost: details.returnHost,
    })
  }

  app.get<{ Params: { uid: string }; Querystring: { as?: string } }>(
    '/interaction/:uid',
    async (request, reply) => {
      const details = await flows.details(request, reply)
      if (request.query.as === 'another')
        return renderPage(reply, 'interaction/sign-in', await signInPage(details))
      if (details.prompt === 'consent' && details.accountId !== undefined)
        return consentPage(reply, details, details.accountId)
      const answer = await flows.answeredBy(request, reply, details)
      if (answer && isAnother(details, answer.accountId))
        return renderPage(
          reply,
          'interaction/sign-in',
          await signInPage(details, { alert: another(details) }),
        )
      if (answer) return reply.redirect(await flows.signIn(request, reply, answer), 303)
      const alert = await options.upstreamProblem(request.query)
      return renderPage(reply, 'interaction/sign-in', await signInPage(details, { alert }))
    },
  )

  app.post<{ Params: { uid: string } }>(
    '/interaction/:uid/sign-in',
    http.limit('signIn', 'identifier'),
    async (request, reply) => {
      const details = await flows.details(request, reply)
      const outcome = await signInForm.submit(request, reply, details.uid)
      if (outcome.kind === 'verify') return reply.redirect(outcome.location, 303)
      if (outcome.kind === 'signed_in' && isAnother(details, outcome.accountId)) {
        const form = { values: shownAgain(request.body), notice: undefined, alert: another(details) }
        return renderPage(reply, 'interaction/sign-in', await signInPage(details, form), 403)
      }
      if (outcome.kind === 'signed_in')
        return reply.redirect(await flows.signIn(request, reply, outcome), 303)
      const { status, kind: _kind, ...form } = outcome
      return renderPage(reply, 'interaction/sign-in', await signInPage(details, form), status)
    },
  )

  app.post('/interaction/:uid/consent', async (request, reply) => {
    const { decision } = consentForm.parse(request.body)
    return reply.redirect(await flows[decision === 'allow' ? 'allow' : 'refuse'](request, reply), 303)
  })

  app.post('/interaction/:uid/cancel', async (request, reply) =>
    reply.redirect(await flows.refuse(request, reply), 303),
  )

  app.post<{ Params: { uid: string } }>('/interaction/:uid/switch', async (request, reply) => {
    const { uid } = await flows.details(request, reply)
    return reply.redirect(`/interaction/${uid}?as=another`, 303)
  })
}
