import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** Per model, so that a long run stays small; the oldest goes first. */
const MAX_ENTRIES = 200_000

/**
 * The cheapest store that the library can work with: one Map a model, ids in clear, no expiry (the library checks
 * `exp` itself), no protection against races.
 */
export function createMapAdapter(): AdapterFactory {
  const models = new Map<string, Map<string, AdapterPayload>>()
  const uids = new Map<string, string>()

  return (model): Adapter => {
    const entries = models.get(model) ?? new Map<string, AdapterPayload>()
    models.set(model, entries)
    return {
      async upsert(id, payload) {
        const oldest = entries.keys().next()
        if (entries.size >= MAX_ENTRIES && !oldest.done) entries.delete(oldest.value)
        entries.set(id, payload)
        if (model === 'Session' && payload.uid) uids.set(payload.uid, id)
      },
      find: async (id) => entries.get(id),
      async findByUid(uid) {
        const id = uids.get(uid)
        return id === undefined ? undefined : entries.get(id)
      },
      findByUserCode: async (userCode) => [...entries.values()].find((entry) => entry.userCode === userCode),
      async consume(id) {
        const entry = entries.get(id)
        if (entry) entry.consumed = Math.floor(Date.now() / 1000)
      },
      async destroy(id) {
        entries.delete(id)
      },
      async revokeByGrantId(grantId) {
        for (const [id, entry] of entries) if (entry.grantId === grantId) entries.delete(id)
      },
    }
  }
}
