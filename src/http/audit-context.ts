import type { FastifyInstance, FastifyRequest } from 'fastify'
import { type Act, during, settled } from '../shared/audit-context.ts'

const acts = new WeakMap<FastifyRequest, Act>()

/** Makes each request an act, and holds its answer back until what the act leaves on disk is there. Before other hooks. */
export function registerActs(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const act: Act = {
      actor: { kind: 'anonymous' },
      address: request.ip,
      requestId: request.id,
      settling: [],
    }
    acts.set(request, act)
    during(act, done)
  })
  // A body is read on events of the socket, which know nothing of the request.
  app.addHook('preValidation', (request, _reply, done) => {
    const act = acts.get(request)
    if (act) during(act, done)
    else done()
  })
  app.addHook('onSend', async (request, _reply, payload) => {
    const act = acts.get(request)
    if (act && act.settling.length > 0) await settled(act)
    return payload
  })
}
