import { columnsOf } from '../../storage/columns.ts'
import type { Database } from '../../storage/database.ts'
import { isUniqueViolation } from '../../storage/driver-errors.ts'

/** A token as it is stored: its hash stays in the store. */
export interface ScimTokenRow {
  id: string
  name: string
  owner: string
  /** Null: the whole server. */
  organization: string | null
  createdAt: Date
  lastUsedAt: Date | null
}

/** What a request is done for. */
export interface Bearer {
  id: string
  name: string
  owner: string
  organization: string | null
}

export interface ScimTokenStore {
  /** False: this slot of the owner is taken. */
  insert(row: Omit<ScimTokenRow, 'lastUsedAt'> & { slot: number; hash: string }): Promise<boolean>
  /** Oldest first. */
  list(most: number): Promise<ScimTokenRow[]>
  /** Those of an organization; null: of the whole server. */
  count(organization: string | null): Promise<number>
  find(id: string): Promise<ScimTokenRow | undefined>
  /** Those of an owner, with which it shares external IDs. */
  ofOwner(owner: string): Promise<{ id: string }[]>
  /** Whether there is a token of the owner, or an external ID that one has left behind. */
  isKnown(owner: string): Promise<boolean>
  /** The tokens and external IDs of an owner become those of another. False: the other has some of its own. */
  rename(owner: string, to: { owner: string; name: string }): Promise<boolean>
  remove(id: string): Promise<boolean>
  /** A prepared read. */
  byHash(hash: string): Promise<(Bearer & { lastUsedAt: string | null }) | undefined>
  /** Unless another request has noted a later use. */
  noteUse(id: string, at: Date): Promise<void>
}

const tokenColumns = columnsOf<ScimTokenRow>({
  id: 'plain',
  name: 'plain',
  owner: 'plain',
  organization: 'plain',
  createdAt: 'time',
  lastUsedAt: 'time',
})

export function createScimTokenStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): ScimTokenStore {
  return {
    async insert(row) {
      try {
        await prisma.scimToken.create({ data: row })
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },
    list: (most) => tokenColumns.all(reads, 'FROM scim_tokens ORDER BY created_at, id LIMIT ?', [most]),
    count: (organization) => prisma.scimToken.count({ where: { organization } }),
    find: (id) => tokenColumns.get(reads, 'FROM scim_tokens WHERE id = ?', [id]),
    ofOwner: (owner) => prisma.scimToken.findMany({ where: { owner }, select: { id: true } }),
    async isKnown(owner) {
      const where = { owner }
      const found = await Promise.all([
        prisma.scimToken.findFirst({ where }),
        prisma.scimUser.findFirst({ where }),
        prisma.scimGroup.findFirst({ where }),
      ])
      return found.some((row) => row !== null)
    },
    async rename(owner, to) {
      const moved = { where: { owner }, data: { owner: to.owner } }
      try {
        await prisma.$transaction([
          prisma.scimToken.updateMany({ where: { owner }, data: to }),
          ...(owner === to.owner
            ? []
            : [prisma.scimUser.updateMany(moved), prisma.scimGroup.updateMany(moved)]),
        ])
        return true
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },
    remove: async (id) => (await prisma.scimToken.deleteMany({ where: { id } })).count === 1,
    byHash: (hash) =>
      reads.get(
        `SELECT id, name, owner, organization, last_used_at AS "lastUsedAt" FROM scim_tokens WHERE hash = ? AND
          (organization IS NULL OR EXISTS (SELECT 1 FROM organizations o
            WHERE o.id = organization AND o.removed_at IS NULL AND o.disabled = FALSE))`,
        [hash],
      ),
    async noteUse(id, at) {
      await prisma.scimToken.updateMany({
        where: { id, OR: [{ lastUsedAt: null }, { lastUsedAt: { lt: at } }] },
        data: { lastUsedAt: at },
      })
    },
  }
}
