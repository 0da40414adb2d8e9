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

export function createRevocationStore({ prisma }: Pick<Database, 'prisma'>): RevocationStore {
  return {
    list: (limit) =>
      prisma.clientRevocation.findMany({
        orderBy: [{ requestedAt: 'asc' }, { clientId: 'asc' }],
        take: limit,
      }),

    async done({ clientId, requestedAt }) {
      await prisma.clientRevocation.deleteMany({ where: { clientId, requestedAt } })
    },
  }
}
