import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { safeReturnTo } from '../../http/return-to.ts'
import { flowId } from '../purpose.ts'
import type { FederationPages } from './dependencies.ts'

const form = z.object({
  flow: flowId.optional().catch(undefined),
  return_to: z.string().optional().catch(undefined),
  again: z.string().optional().catch(undefined),
  ticket: z.string().max(100).optional().catch(undefined),
})

/** `POST /login/:provider`: the buttons “Continue with …” of the sign-in and registration pages. */
export async function startRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  app.post<{ Params: { provider: string } }>(
    '/login/:provider',
    deps.http.limit('federation'),
    async (request, reply) => {
      const { flow, return_to, again, ticket } = form.parse(request.body ?? {})
      const returnTo = return_to === undefined ? undefined : safeReturnTo(deps.issuer, return_to)
      const { location } = await deps.flow.start(request, reply, request.params.provider, {
        purpose: { kind: 'page', flow, returnTo },
        again: again !== undefined,
        ticket,
      })
      return reply.redirect(location, 303)
    },
  )
}
