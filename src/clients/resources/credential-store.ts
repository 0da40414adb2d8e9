import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'

/** As it is listed: its hash stays in the store. */
export interface CredentialRow {
  /** The client_id. */
  id: string
  createdAt: Date
  lastUsedAt: Date | null
}

interface ProtocolRow {
  resource_id: string
  name: string
  hash: string
}

const credentialColumns = columnsOf<CredentialRow>({ id: 'plain', createdAt: 'time', lastUsedAt: 'time' })

/** The credentials of APIs in the database. */
export function createResourceCredentialStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>) {
  return {
    /** Newest first. */
    list: (resourceId: string): Promise<CredentialRow[]> =>
      credentialColumns.all(
        reads,
        'FROM resource_credentials WHERE resource_id = ? ORDER BY created_at DESC, id DESC',
        [resourceId],
      ),

    /**
     * Adds one, unless there are `most` already. The first statement locks the resource, so that two at once count each other
     * on both engines. Undefined: there is no such resource.
     */
    async insert(row: { id: string; resourceId: string; hash: string; createdAt: Date }, most: number) {
      return prisma.$transaction(async (tx) => {
        const { resourceId } = row
        const there = await tx.$executeRaw`UPDATE resources SET id = id WHERE id = ${resourceId}`
        if (there === 0) return undefined
        if ((await tx.resourceCredential.count({ where: { resourceId } })) >= most) return false
        await tx.resourceCredential.create({ data: row })
        return true
      })
    },

    /** @param id absent: all of them. Returns how many there were. */
    async remove(resourceId: string, id?: string): Promise<number> {
      const where = id === undefined ? { resourceId } : { resourceId, id }
      return (await prisma.resourceCredential.deleteMany({ where })).count
    },

    async resourceOf(id: string): Promise<string | undefined> {
      const found = await reads.get<{ resource_id: string }>(
        'SELECT resource_id FROM resource_credentials WHERE id = ?',
        [id],
      )
      return found?.resource_id
    },

    /** The hot read: one statement. */
    async find(id: string) {
      const row = await reads.get<ProtocolRow>(
        `SELECT c.resource_id, r.name, c.hash FROM resource_credentials c
         JOIN resources r ON r.id = c.resource_id WHERE c.id = ?`,
        [id],
      )
      return row && { resource: row.resource_id, name: row.name, hash: row.hash }
    },

    /** Notes its use, unless one since `before` is noted already. */
    async touchSecret(id: string, hash: string, usedAt: Date, before: Date): Promise<void> {
      const stale = { OR: [{ lastUsedAt: null }, { lastUsedAt: { lte: before } }] }
      await prisma.resourceCredential.updateMany({
        where: { id, hash, ...stale },
        data: { lastUsedAt: usedAt },
      })
    },
  }
}
