import type { Database } from '../../storage/database.ts'

/** A client whose artefacts are to be ended. */
export interface Pending {
  clientId: string
  requestedAt: Date
}

/** What is still to be done. It is noted in the transaction that disables or removes a client (../store.ts). */
export interface RevocationStore {
  /** The oldest first. */
  list(limit: number): Promise<Pending[]>
  /** It is done, unless it was asked for again since. */
  done(pending: Pending): Promise<void>
}

export function createRevocationStore({
  prisma,
  reads,
}: Pick<Database, 'prisma' | 'reads'>): RevocationStore {
  return {
    async list(limit) {
      const rows = await reads.all<{ client_id: string; requested_at: string }>(
        'SELECT client_id, requested_at FROM client_revocations ORDER BY requested_at, client_id LIMIT ?',
        [limit],
      )
      return rows.map((row) => ({ clientId: row.client_id, requestedAt: new Date(row.requested_at) }))
    },

    async done({ clientId, requestedAt }) {
      await prisma.clientRevocation.deleteMany({ where: { clientId, requestedAt } })
    },
  }
}
