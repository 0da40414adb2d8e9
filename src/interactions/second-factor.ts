import type { FastifyInstance, FastifyReply } from 'fastify'
import type { VerifyPage } from '../factors/pages/verify-form.ts'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { ACR } from '../shared/acr.ts'
import type { InteractionDependencies, InteractionRequest, InteractionRoute } from './dependencies.ts'
import type { Endings } from './over.ts'

/**
 * `POST /interaction/:uid/verify`: the interaction goes on with the sign-in, once it was verified by a second factor.
 * @returns what shows the second factor of an interaction
 */
export function secondFactorRoute(
  app: FastifyInstance,
  deps: InteractionDependencies,
  endings: Endings,
): (
  request: InteractionRequest,
  reply: FastifyReply,
  details: InteractionDetails,
  form?: Partial<VerifyPage>,
  status?: number,
) => Promise<FastifyReply> {
  const { interactions, verifyForm } = deps

  const show: ReturnType<typeof secondFactorRoute> = async (
    request,
    reply,
    details,
    form = {},
    status = 200,
  ) => {
    const { uid, accountId = '', client, needed } = details
    const person = await deps.findAccount(accountId)
    // Deleted since; the sign-in page is next.
    if (person === undefined) return reply.redirect(`/interaction/${uid}?as=another`, 303)
    const shown = await verifyForm.page(request, reply, person, needed, {
      path: `/interaction/${uid}`,
      action: `/interaction/${uid}/verify`,
    })
    if (shown.method === undefined)
      return reply.redirect(deps.setUpPath(`/interaction/${uid}`, { passkey: needed?.acr === ACR.phr }), 303)
    const page: VerifyPage = {
      client,
      another: { action: `/interaction/${uid}/switch` },
      cancel: { action: `/interaction/${uid}/cancel` },
      ...shown,
      ...form,
    }
    return renderPage(reply, 'factors/verify', page, status)
  }

  app.post<InteractionRoute>(
    '/interaction/:uid/verify',
    deps.http.limit('signIn', null),
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      const person =
        details.prompt === 'mfa' && details.accountId !== undefined
          ? await deps.findAccount(details.accountId)
          : undefined
      // It waits for something else by now: another tab has gone on.
      if (person === undefined) return reply.redirect(`/interaction/${details.uid}`, 303)
      const outcome = await verifyForm.submit(request, reply, person)
      if (outcome.kind === 'refused') {
        const { status, kind: _kind, ...form } = outcome
        return show(request, reply, details, form, status)
      }
      const shown = { accountId: person.id, amr: outcome.amr }
      // The interaction goes on to another prompt, or to the app.
      const next = await interactions.verify(request, reply, shown)
      const left = await verifyForm.fewCodes(person, outcome.method)
      if (left === undefined) return reply.redirect(next, 303)
      return renderPage(reply, 'factors/recovery-code-used', { client: details.client, left, next })
    }),
  )
  app.post<InteractionRoute>(
    '/interaction/:uid/verify/send',
    deps.http.limit('signIn', null),
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      const { uid, prompt, accountId } = details
      const person =
        prompt === 'mfa' && accountId !== undefined ? await deps.findAccount(accountId) : undefined
      if (person === undefined) return reply.redirect(`/interaction/${uid}`, 303)
      const outcome = await verifyForm.send(request, person, `/interaction/${uid}`)
      if (outcome.kind === 'sent') return reply.redirect(outcome.href, 303)
      const { status, kind: _kind, ...form } = outcome
      return show(request, reply, details, form, status)
    }),
  )
  return show
}
