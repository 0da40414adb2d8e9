import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { safeReturnTo } from '../../http/return-to.ts'
import type { FederationPages } from '../dependencies.ts'
import { interactionUid } from '../login/intent.ts'

const form = z.object({
  flow: interactionUid.optional().catch(undefined),
  return_to: z.string().optional().catch(undefined),
  again: z.string().optional().catch(undefined),
  ticket: z.string().max(100).optional().catch(undefined),
  invitation: z.string().max(200).optional().catch(undefined),
})

/** The buttons stand on the sign-in page, of an interaction or on its own. */
function pageOf({ body }: FastifyRequest): string | undefined {
  const { flow: interaction, return_to } = form.safeParse(body ?? {}).data ?? {}
  if (interaction !== undefined) return `/interaction/${interaction}`
  return return_to === undefined ? '/login' : `/login?return_to=${encodeURIComponent(return_to)}`
}

/** `POST /login/:provider`: the buttons “Continue with …” of the sign-in and registration pages. */
export async function startRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  app.post<{ Params: { provider: string } }>(
    '/login/:provider',
    { ...deps.http.limit('federation'), config: { formPage: pageOf } },
    async (request, reply) => {
      const {
        flow: interaction,
        return_to,
        again,
        ticket: pendingId,
        invitation,
      } = form.parse(request.body ?? {})
      const offered = invitation === undefined ? undefined : await deps.accounts.invitations.peek(invitation)
      // The page tells why it works no more.
      if (invitation !== undefined && !offered) return reply.redirect('/invitation', 303)
      const returnTo = return_to === undefined ? undefined : safeReturnTo(deps.issuer, return_to)
      const { location } = await deps.flow.start(request, reply, request.params.provider, {
        intent: offered ? { kind: 'invitation', id: offered.id } : { kind: 'page', interaction, returnTo },
        again: again !== undefined,
        pendingId,
      })
      return reply.redirect(location, 303)
    },
  )
}
