import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'

/**
 * Listens no more, and leaves connections open that are idle, each for one more request at most. A proxy that sends one at this moment, over a
 * connection that it keeps, is answered with `Connection: close` instead of a reset (RFC 9112, section 9.6); a POST that was reset it may
 * not send again. Resolves when no connection is left, or after so many milliseconds.
 */
export async function drain(server: Server, milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, milliseconds)
  // The one of HTTP ends idle connections at once.
  NetServer.prototype.close.call(server, () => resolve())
  await promise
  clearTimeout(timer)
}
