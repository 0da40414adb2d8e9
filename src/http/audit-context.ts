import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type AuditContext, runInAuditContext, settleCurrent } from '../shared/audit-context.ts'

type OfRequest = Pick<FastifyRequest, 'raw' | 'id' | 'ip' | 'headers'>

const CONTEXT = Symbol('audit context')
type Marked = IncomingMessage & { [CONTEXT]?: AuditContext }

function contextOf(request: OfRequest): AuditContext {
  const context: AuditContext = {
    actor: { kind: 'anonymous' },
    address: request.ip,
    requestId: request.id,
    userAgent: String(request.headers['user-agent'] ?? '').slice(0, 300),
    settling: [],
  }
  ;(request.raw as Marked)[CONTEXT] = context
  return context
}

/** Runs the work of a request in its audit context, before its hooks are. */
export const runRequest = <T>(request: OfRequest, work: () => T): T =>
  runInAuditContext(contextOf(request), work)

/** Gives each request an audit context, and holds its answer back until the entries are on disk. Before other hooks. */
export function registerAuditContext(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    runInAuditContext((request.raw as Marked)[CONTEXT] ?? contextOf(request), done)
  })
  // A body is read on events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    const context = (request.raw as Marked)[CONTEXT]
    if (context) runInAuditContext(context, done)
    else done()
  })
  app.addHook('onSend', async (request, _reply, payload) => {
    await settleCurrent((request.raw as Marked)[CONTEXT])
    return payload
  })
}
