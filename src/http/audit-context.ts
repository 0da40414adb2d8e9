import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AuditContext, runInAuditContext, settleCurrent } from '../shared/audit-context.ts'

const contexts = new WeakMap<FastifyRequest, AuditContext>()

/** Gives each request an audit context, and holds its answer back until the entries are on disk. Before other hooks. */
export function registerAuditContext(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const context: AuditContext = {
      actor: { kind: 'anonymous' },
      address: request.ip,
      requestId: request.id,
      userAgent: String(request.headers['user-agent'] ?? '').slice(0, 300),
      settling: [],
    }
    contexts.set(request, context)
    runInAuditContext(context, done)
  })
  // A body is read on events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    const context = contexts.get(request)
    if (context) runInAuditContext(context, done)
    else done()
  })
  app.addHook('onSend', async (request, _reply, payload) => {
    await settleCurrent(contexts.get(request))
    return payload
  })
}
