import type { FastifyInstance } from 'fastify'

/**
 * Ends each connection with the response that is under way on it once the server closes. Closing ends idle connections
 * and waits for the others; one that a proxy keeps open for its next request would keep the whole process from ending.
 */
export function registerClosing(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onResponse', (request, _reply, done) => {
    if (closing) request.raw.socket.end()
    done()
  })
}
