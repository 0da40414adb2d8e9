import type { FastifyInstance, FastifyReply } from 'fastify'
import type { VerifyPage } from '../factors/pages/verify-form.ts'
import { renderPage } from '../http/pages/views.ts'
import type { InteractionDetails } from '../oidc/authorization/interaction.ts'
import { ACR } from '../shared/acr.ts'
import type { InteractionDependencies, InteractionRequest, InteractionRoute } from './dependencies.ts'
import type { Endings } from './over.ts'

/**
 * `POST /interaction/:uid/verify`: the interaction goes on with the sign-in, once it was verified by a second factor.
 * Behind a recovery code it does so by `GET /interaction/:uid/recovery-codes`, which says how many are left where they are few.
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

  /** The person whose second factor an interaction waits for, or got. Undefined: it waits for something else by now. */
  const personOf = async ({ prompt, accountId }: InteractionDetails) =>
    prompt === 'mfa' && accountId !== undefined ? deps.findAccount(accountId) : undefined

  app.post<InteractionRoute>(
    '/interaction/:uid/verify',
    deps.http.limit('signIn', null),
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      const person = await personOf(details)
      // Another tab has gone on.
      if (person === undefined) return reply.redirect(`/interaction/${details.uid}`, 303)
      // The form was sent again: its code is used by now.
      const done = await interactions.verifiedSince(request, reply, details)
      if (done !== undefined) return reply.redirect(done, 303)
      const outcome = await verifyForm.submit(request, reply, person)
      if (outcome.kind === 'refused') {
        const { status, kind: _kind, ...form } = outcome
        return show(request, reply, details, form, status)
      }
      const shown = { accountId: person.id, amr: outcome.amr }
      // The interaction goes on to another prompt, or to the app.
      const next = await interactions.verify(request, reply, shown)
      const byCode = outcome.method === 'recovery_code'
      return reply.redirect(byCode ? `/interaction/${details.uid}/recovery-codes` : next, 303)
    }),
  )
  app.get<InteractionRoute>(
    '/interaction/:uid/recovery-codes',
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      const person = await personOf(details)
      const next = person && (await interactions.verifiedSince(request, reply, details))
      if (person === undefined || next === undefined)
        return reply.redirect(`/interaction/${details.uid}`, 303)
      const left = await verifyForm.fewCodes(person)
      if (left === undefined) return reply.redirect(next, 303)
      return renderPage(reply, 'factors/recovery-code-used', { client: details.client, left, next })
    }),
  )
  app.post<InteractionRoute>(
    '/interaction/:uid/verify/send',
    deps.http.limit('signIn', null),
    endings.unlessOver(async (request, reply) => {
      const details = await interactions.details(request, reply)
      const { uid } = details
      const person = await personOf(details)
      if (person === undefined) return reply.redirect(`/interaction/${uid}`, 303)
      const outcome = await verifyForm.send(request, person, `/interaction/${uid}`)
      if (outcome.kind === 'sent') return reply.redirect(outcome.href, 303)
      const { status, kind: _kind, ...form } = outcome
      return show(request, reply, details, form, status)
    }),
  )
  return show
}
