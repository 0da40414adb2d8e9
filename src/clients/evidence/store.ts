import type { Database } from '../../storage/database.ts'

/** What the explanation of a refused request reads of clients and secrets. */
export function createEvidenceStore({ prisma }: Pick<Database, 'prisma'>) {
  const select = { id: true, name: true, metadata: true } as const
  return {
    state: (id: string) => prisma.client.findUnique({ where: { id }, select: { disabledAt: true } }),

    /** Every secret of a client, also those that have expired. */
    secretsOf: (clientId: string) =>
      prisma.clientSecret.findMany({ where: { clientId }, select: { hash: true, expiresAt: true } }),

    /** The client that has one of these as a secret. */
    async ownerOf(hashes: readonly string[]): Promise<string | undefined> {
      const found = await prisma.clientSecret.findFirst({
        where: { hash: { in: [...hashes] } },
        select: { clientId: true },
      })
      return found?.clientId
    },

    byIds: (ids: readonly string[]) => prisma.client.findMany({ where: { id: { in: [...ids] } }, select }),

    /** @param start, end not empty, without % and _ */
    byEnds: (start: string, end: string, limit: number) =>
      prisma.client.findMany({
        where: { OR: [{ id: { startsWith: start } }, { id: { endsWith: end } }] },
        take: limit,
        select,
      }),

    byName: (name: string, limit: number) => prisma.client.findMany({ where: { name }, take: limit, select }),

    /** @param text not empty, without % */
    byMetadata: (text: string, limit: number) =>
      prisma.client.findMany({ where: { metadata: { contains: text } }, take: limit, select }),
  }
}
