import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { ClientsDependencies } from './clients/dependencies.ts'

/** How long the page that shows a new secret may take to load, in seconds. */
const TTL = 120
const PURPOSE = 'new client secret'
const content = z.object({ id: z.string(), secret: z.string(), by: z.string() })

/** New secrets on their way from the form that made them to the page that shows them, once. */
export interface ShownOnce {
  /** @param id of what the secret is for. @param by id of the administrator who may see it */
  put(reply: FastifyReply, id: string, secret: string, by: string): void
  /** Undefined: there is none for this id and administrator, or it was shown. */
  take(request: FastifyRequest, reply: FastifyReply, id: string, by: string): string | undefined
}

/**
 * Carries a new secret from the form that made it to the page that shows it: sealed, in the browser that sent the form, and
 * nowhere on the server. Shown to the same administrator, once.
 */
export function createShownOnce({
  cookies,
  sealed,
}: Pick<ClientsDependencies, 'cookies' | 'sealed'>): ShownOnce {
  const name = (id: string) => `shown_${id}`
  return {
    put(reply, id, secret, by) {
      cookies.set(reply, name(id), sealed.seal(PURPOSE, { id, secret, by }, TTL), TTL)
    },
    take(request, reply, id, by) {
      const value = cookies.read(request, name(id))
      if (value === undefined) return undefined
      cookies.clear(reply, name(id))
      const found = sealed.open(PURPOSE, value, content)
      return found?.id === id && found.by === by ? found.secret : undefined
    },
  }
}
