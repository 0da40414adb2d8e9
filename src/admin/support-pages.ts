import type { FastifyInstance } from 'fastify'
import type { Impersonations } from '../accounts/impersonations/impersonations.ts'
import type { Http } from '../http/http.ts'
import { renderPage } from '../http/pages/views.ts'
import type { AuditedSessions } from '../oidc/sessions/audited.ts'

declare module '../http/pages/pages.ts' {
  interface Pages {
    'http/support': { person: string }
  }
}

/** `/support`: the way out of being signed in as another person, for the banner of every page. */
export async function supportPages(
  app: FastifyInstance,
  deps: {
    http: Pick<Http, 'forms' | 'support'>
    sessions: Pick<AuditedSessions, 'endImpersonation'>
    impersonations: Pick<Impersonations, 'ended'>
  },
): Promise<void> {
  const { support } = deps.http
  await deps.http.forms(app)

  // Where the banner of a page has no form: pages of the protocol.
  app.get('/support', async (request, reply) => {
    const state = support.read(request)
    return state === undefined ? reply.redirect('/', 303) : renderPage(reply, 'http/support', state)
  })

  app.post('/support/end', async (request, reply) => {
    const state = support.read(request)
    if (state === undefined) return reply.redirect('/', 303)
    const { ended, back } = await deps.sessions.endImpersonation(request, reply, state.own)
    support.clear(reply)
    if (ended) await deps.impersonations.ended(ended.impersonation.id, 'button')
    return reply.redirect(back ? `/admin/users/${state.accountId}` : '/', 303)
  })
}
