import { randomUUID } from 'node:crypto'
import type { Database } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { afterPosition, type Position } from './page.ts'

/** A client as it is stored. */
export interface ClientRow {
  id: string
  /** ClientMetadata as JSON. */
  metadata: string
  pkce: string
  firstParty: boolean
  disabledAt: Date | null
  createdAt: Date
  secrets: SecretRow[]
}

/** A secret as it is listed: its hash stays in the store. */
export interface SecretRow {
  id: string
  createdAt: Date
  expiresAt: Date | null
}

/** What an edit writes. */
export interface ClientData {
  name: string
  metadata: string
  pkce: string
  firstParty: boolean
}

/** One client, held against other edits until the change is committed. */
export interface LockedClient {
  row: ClientRow
  write(data: Partial<ClientData> & { disabledAt?: Date | null }): Promise<void>
  addSecret(hash: string, createdAt: Date): Promise<void>
  expireSecret(id: string, expiresAt: Date): Promise<void>
  removeSecrets(ids: readonly string[]): Promise<void>
}

interface ProtocolRow {
  metadata: string
  pkce: string
  first_party: number
  hash: string | null
  expires_at: string | null
}

const SELECT = {
  id: true,
  metadata: true,
  pkce: true,
  firstParty: true,
  disabledAt: true,
  createdAt: true,
  secrets: { select: { id: true, createdAt: true, expiresAt: true }, orderBy: { createdAt: 'desc' } },
} satisfies Prisma.ClientSelect

const PROTOCOL_READ = `SELECT c.metadata, c.pkce, c.first_party, s.hash, s.expires_at
  FROM clients c LEFT JOIN client_secrets s ON s.client_id = c.id
  WHERE c.id = ? AND c.disabled_at IS NULL`

/** Clients and their secrets in the database. Nothing is remembered between calls: another process may edit. */
export function createClientStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>) {
  return {
    async insert(
      id: string,
      data: ClientData,
      createdAt: Date,
      secretHash: string | undefined,
    ): Promise<ClientRow> {
      return prisma.client.create({
        data: {
          id,
          ...data,
          createdAt,
          ...(secretHash !== undefined && {
            secrets: { create: { id: randomUUID(), hash: secretHash, createdAt } },
          }),
        },
        select: SELECT,
      })
    },

    find: (id: string): Promise<ClientRow | null> =>
      prisma.client.findUnique({ where: { id }, select: SELECT }),

    list: (limit: number, after: Position | undefined): Promise<ClientRow[]> =>
      prisma.client.findMany({
        where: afterPosition(after) ?? {},
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: limit,
        select: SELECT,
      }),

    /** The hot read: one statement, an enabled client with its secrets that are valid at `now` (milliseconds). */
    async findEnabled(id: string, now: number) {
      const rows = await reads.all<ProtocolRow>(PROTOCOL_READ, [id])
      const [first] = rows
      if (first === undefined) return undefined
      const hashes = rows.flatMap(({ hash, expires_at: expiresAt }) =>
        hash !== null && (expiresAt === null || Date.parse(expiresAt) > now) ? [hash] : [],
      )
      return {
        metadata: first.metadata,
        pkce: first.pkce,
        firstParty: first.first_party === 1,
        secretHashes: hashes,
      }
    },

    /**
     * Edits one client in a transaction. Its first statement writes the row, so that edits of one client wait for
     * each other on both engines. Undefined: no such client.
     */
    async edit<Result>(
      id: string,
      now: Date,
      change: (client: LockedClient) => Promise<Result>,
    ): Promise<Result | undefined> {
      return prisma.$transaction(async (tx) => {
        const { count } = await tx.client.updateMany({ where: { id }, data: { updatedAt: now } })
        if (count === 0) return undefined
        const row = await tx.client.findUniqueOrThrow({ where: { id }, select: SELECT })
        return change(lockedClient(tx, row))
      })
    },

    async remove(id: string): Promise<boolean> {
      const { count } = await prisma.client.deleteMany({ where: { id } })
      return count > 0
    },
  }
}

const lockedClient = (tx: Prisma.TransactionClient, row: ClientRow): LockedClient => ({
  row,
  async write(data) {
    await tx.client.update({ where: { id: row.id }, data })
  },
  async addSecret(hash, createdAt) {
    await tx.clientSecret.create({ data: { id: randomUUID(), clientId: row.id, hash, createdAt } })
  },
  async expireSecret(id, expiresAt) {
    await tx.clientSecret.update({ where: { id }, data: { expiresAt } })
  },
  async removeSecrets(ids) {
    if (ids.length > 0) await tx.clientSecret.deleteMany({ where: { id: { in: [...ids] } } })
  },
})
