import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ClientsDependencies } from './clients/dependencies.ts'

/** How long the page that shows a new secret may take to load, in seconds. */
const TTL = 120
const PURPOSE = 'new client secret'
const content = z.object({ id: z.string(), secret: z.string(), by: z.string() })

/**
 * Carries a new secret from the form that made it to the page that shows it: sealed, in the browser that sent the form, and
 * nowhere on the server. Shown to the same administrator, once.
 */
export function createShownOnce({ cookies, sealed }: Pick<ClientsDependencies, 'cookies' | 'sealed'>) {
  const name = (id: string) => `shown_${id}`
  return {
    put(reply: FastifyReply, id: string, secret: string, by: string): void {
      cookies.set(reply, name(id), sealed.seal(PURPOSE, { id, secret, by }, TTL), TTL)
    },
    take(request: FastifyRequest, reply: FastifyReply, id: string, by: string): string | undefined {
      const value = cookies.read(request, name(id))
      if (value === undefined) return undefined
      cookies.clear(reply, name(id))
      const found = sealed.open(PURPOSE, value, content)
      return found?.id === id && found.by === by ? found.secret : undefined
    },
  }
}
