import { type Clock, toSeconds } from '../shared/clock.ts'
import type { Clients } from './clients.ts'
import type { EditClient } from './edits.ts'
import { addTemporarySecret, removeSecret, rotateSecret } from './edits.ts'
import type { ClientEvent } from './events.ts'
import { createSecretUse } from './secret-use.ts'
import { matchingHash } from './secrets.ts'
import type { ClientStore } from './store.ts'

/** How long a replaced secret stays valid unless told otherwise, in seconds: time to redeploy. */
const DEFAULT_OVERLAP = 86_400

/** How long the secret of a try-out is valid at most, in seconds. */
const TRY_SECONDS = 60

type SecretCommands = Pick<Clients, 'rotateSecret' | 'removeSecret' | 'lendSecret' | 'secretMatches'> & {
  /** Resolves when the last use of every secret is noted. */
  idle(): Promise<void>
}

/** What is done with the secrets of clients. */
export function createSecretCommands(deps: {
  store: ClientStore
  edit: EditClient
  clock: Clock
  events(event: ClientEvent): void
  /** Makes the next read of a client a new one. */
  forget(id: string): void
  /** Does work for a client that does not count as its own use of PKCE. */
  uncounted<Result>(id: string, work: () => Promise<Result>): Promise<Result>
  failed(error: unknown): void
}): SecretCommands {
  const { store, edit, clock, events } = deps
  const use = createSecretUse({ store, clock, failed: deps.failed })
  return {
    async rotateSecret(id, { keepOldSeconds = DEFAULT_OVERLAP } = {}) {
      const { secret, previousExpiresAt } = await edit(id, (client) =>
        rotateSecret(client, keepOldSeconds, clock()),
      )
      events({ type: 'client.secret_rotated', client_id: id, overlap_seconds: keepOldSeconds })
      return {
        client_id: id,
        client_secret: secret,
        client_secret_expires_at: 0,
        previous_secret_expires_at: previousExpiresAt ? toSeconds(previousExpiresAt) : 0,
      }
    },

    async removeSecret(id, secretId) {
      await edit(id, async (client) => {
        await removeSecret(client, secretId, clock())
        return true
      })
      events({ type: 'client.secret_removed', client_id: id })
    },

    async lendSecret(id, work) {
      const { lent } = await edit(id, async (client) => ({
        lent: await addTemporarySecret(client, TRY_SECONDS, clock()),
      }))
      events({ type: 'client.tried', client_id: id })
      try {
        return await deps.uncounted(id, () => work(lent?.secret))
      } finally {
        if (lent) await store.removeSecret(lent.id)
        deps.forget(id)
      }
    },

    secretMatches(clientId, hashes, presented) {
      const hash = matchingHash(hashes, presented)
      if (hash !== undefined) use.note(clientId, hash)
      return hash !== undefined
    },

    idle: () => use.idle(),
  }
}
