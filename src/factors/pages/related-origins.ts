import type { FastifyInstance } from 'fastify'
import type { Passkeys } from '../passkeys/passkeys.ts'

/**
 * `/.well-known/webauthn`: which other origins may ask for the passkeys of this host (WebAuthn L3 §5.11, related origin requests). Browsers
 * look here; without such origins there is nothing.
 */
export async function relatedOriginsRoute(
  app: FastifyInstance,
  { passkeys, settings }: { passkeys: Passkeys; settings: { readonly passkeyOrigins: readonly string[] } },
): Promise<void> {
  app.get('/.well-known/webauthn', async (_request, reply) => {
    const origins = settings.passkeyOrigins
    if (origins.length === 0 || passkeys.availability() !== 'on') return reply.callNotFound()
    return reply.header('cache-control', 'public, max-age=300').send({ origins })
  })
}
