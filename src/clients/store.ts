import { randomUUID } from 'node:crypto'
import type { Position } from '../shared/paging.ts'
import type { Database } from '../storage/database.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { sqlTime } from '../storage/sql.ts'
import { createClientReads } from './read-store.ts'

/** A client as it is stored. */
export interface ClientRow {
  id: string
  name: string
  /** ClientMetadata as JSON. */
  metadata: string
  pkce: string
  pkceWithout: boolean
  /** What came of counting its PKCE (evidence/pkce-ratchet.ts): raised, held, or null. */
  pkceRatchet: string | null
  firstParty: boolean
  disabledAt: Date | null
  createdAt: Date
  updatedAt: Date
  source: string
  verified: boolean
  secrets: SecretRow[]
}

/** A secret as it is listed: its hash stays in the store. */
export interface SecretRow {
  id: string
  createdAt: Date
  expiresAt: Date | null
  lastUsedAt: Date | null
}

/** What an edit writes. */
export interface ClientData {
  name: string
  metadata: string
  pkce: string
  firstParty: boolean
  launchable: boolean
  kind: string
}

/** Where a client comes from. */
export interface ClientOrigin {
  /** `dynamic`: by itself, with an initial access token (RFC 7591 §3); `open`: by itself, without one. */
  source: 'administrator' | 'configuration' | 'dynamic' | 'open'
  /** False: no administrator has looked at it; the consent page says so, every time. */
  verified: boolean
  /** SHA-256, base64url, of the registration access token (RFC 7592 §3). */
  registrationTokenHash?: string
}

/** One client, held against other edits until the change is committed. */
export interface LockedClient {
  row: ClientRow
  write(
    data: Partial<ClientData> & { disabledAt?: Date | null; verified?: boolean; pkceRatchet?: string | null },
  ): Promise<void>
  addSecret(hash: string, createdAt: Date, expiresAt?: Date): Promise<string>
  expireSecret(id: string, expiresAt: Date): Promise<void>
  removeSecrets(ids: readonly string[]): Promise<void>
  /** Notes that what it was issued is to be ended (revocation/revocation.ts). */
  noteRevocation(requestedAt: Date): Promise<void>
  /** Takes that back: nothing is left. */
  dropRevocation(): Promise<void>
  /** Its row and its secrets. */
  remove(): Promise<void>
}

/** The columns of a ClientRow. */
export const CLIENT_ROW = {
  id: true,
  name: true,
  metadata: true,
  pkce: true,
  pkceWithout: true,
  pkceRatchet: true,
  firstParty: true,
  disabledAt: true,
  createdAt: true,
  updatedAt: true,
  source: true,
  verified: true,
  secrets: {
    select: { id: true, createdAt: true, expiresAt: true, lastUsedAt: true },
    orderBy: { createdAt: 'desc' },
  },
} satisfies Prisma.ClientSelect

/** Clients and their secrets in the database. Nothing is remembered between calls: another process may edit. */
export interface ClientStore {
  /** @param secretHash of its first secret; undefined: it has none. @returns the client as it is stored */
  insert(
    id: string,
    data: ClientData,
    createdAt: Date,
    secretHash: string | undefined,
    origin: ClientOrigin,
  ): Promise<ClientRow>
  /** Null: no such client. */
  find(id: string): Promise<ClientRow | null>
  /**
   * The newest first, at most `limit` behind a place.
   * One statement however many there are.
   */
  list(
    limit: number,
    after: Position | undefined,
    search: string | undefined,
    only?: readonly string[],
  ): Promise<ClientRow[]>
  /** Enabled ones that are verified and say where people begin to use them, by name: their registrations as JSON. */
  launchable(most: number): Promise<{ id: string; metadata: string }[]>
  /** Clients whose registration has this text in it, the oldest first, a hundred at most unless given. */
  findMentioning(text: string, most?: number): Promise<ClientRow[]>
  /**
   * Edits one client in a transaction. Its first statement locks the row, so that edits of one client wait for
   * each other on both engines, and each leaves it with a later time than it found. Undefined: no such client.
   */
  edit<Result>(
    id: string,
    now: Date,
    change: (client: LockedClient) => Promise<Result>,
  ): Promise<Result | undefined>
  /**
   * Counts a sign-in with PKCE of a client that is counted, in one statement. The client stays the version that it is.
   * @returns how many there are; undefined: it is counted no more
   */
  countPkceFlow(id: string): Promise<number | undefined>
  /** Notes that a client has signed in without PKCE. @returns what had come of the counting; undefined: it was noted before */
  notePkceMissing(id: string): Promise<string | null | undefined>
  /** Notes the use of a secret, unless one since `before` is noted already. */
  touchSecret(clientId: string, hash: string, usedAt: Date, before: Date): Promise<void>
  /** Secrets that end between two moments and were used since another, those that end first. */
  endingSecrets(
    from: Date,
    until: Date,
    usedSince: Date,
    limit: number,
  ): Promise<{ clientId: string; name: string; endsAt: number }[]>
  /** One that is gone already is no error. */
  removeSecret(id: string): Promise<void>
}

export function createClientStore({
  prisma,
  reads,
  writes,
}: Pick<Database, 'prisma' | 'reads' | 'writes'>): ClientStore {
  const stored = createClientReads(reads)
  return {
    async endingSecrets(from, until, usedSince, limit) {
      const rows = await reads.all<{ clientId: string; name: string; endsAt: string }>(
        `SELECT c.id AS "clientId", c.name, s.expires_at AS "endsAt" FROM client_secrets s JOIN clients c ON c.id = s.client_id
         WHERE s.expires_at > ? AND s.expires_at <= ? AND s.last_used_at >= ? ORDER BY s.expires_at LIMIT ?`,
        [sqlTime(from), sqlTime(until), sqlTime(usedSince), limit],
      )
      return rows.map((row) => ({ ...row, endsAt: Date.parse(row.endsAt) }))
    },

    async insert(id, data, createdAt, secretHash, origin) {
      return prisma.client.create({
        data: {
          id,
          ...data,
          ...origin,
          createdAt,
          updatedAt: createdAt,
          ...(secretHash !== undefined && {
            secrets: { create: { id: randomUUID(), hash: secretHash, createdAt } },
          }),
        },
        select: CLIENT_ROW,
      })
    },

    find: stored.find,
    list: stored.list,
    launchable: stored.launchable,
    findMentioning: (text, most = 100) => stored.mentioning(text, most),

    async edit<Result>(
      id: string,
      now: Date,
      change: (client: LockedClient) => Promise<Result>,
    ): Promise<Result | undefined> {
      return prisma.$transaction(async (tx) => {
        if ((await tx.$executeRaw`UPDATE clients SET id = id WHERE id = ${id}`) === 0) return undefined
        const row = await tx.client.findUniqueOrThrow({ where: { id }, select: CLIENT_ROW })
        const result = await change(lockedClient(tx, row))
        const updatedAt = new Date(Math.max(now.getTime(), row.updatedAt.getTime() + 1))
        await tx.client.updateMany({ where: { id }, data: { updatedAt } })
        return result
      })
    },

    async countPkceFlow(id) {
      const row = await writes.get<{ flows: number }>(
        `UPDATE clients SET pkce_flows = pkce_flows + 1
         WHERE id = ? AND pkce = 'auto' AND pkce_ratchet IS NULL AND pkce_without = false
         RETURNING pkce_flows AS flows`,
        [id],
      )
      return row?.flows
    },

    async notePkceMissing(id) {
      const row = await writes.get<{ ratchet: string | null }>(
        `UPDATE clients SET pkce_without = true WHERE id = ? AND pkce_without = false
         RETURNING pkce_ratchet AS ratchet`,
        [id],
      )
      return row?.ratchet
    },

    async touchSecret(clientId, hash, usedAt, before) {
      await writes.run(
        `UPDATE client_secrets SET last_used_at = ?
         WHERE client_id = ? AND hash = ? AND (last_used_at IS NULL OR last_used_at <= ?)`,
        [sqlTime(usedAt), clientId, hash, sqlTime(before)],
      )
    },

    async removeSecret(id) {
      await prisma.clientSecret.deleteMany({ where: { id } })
    },
  }
}

const lockedClient = (tx: Prisma.TransactionClient, row: ClientRow): LockedClient => ({
  row,
  async write(data) {
    await tx.client.update({ where: { id: row.id }, data })
  },
  async addSecret(hash, createdAt, expiresAt) {
    const id = randomUUID()
    const expiry = expiresAt === undefined ? {} : { expiresAt }
    await tx.clientSecret.create({ data: { id, clientId: row.id, hash, createdAt, ...expiry } })
    return id
  },
  async expireSecret(id, expiresAt) {
    await tx.clientSecret.update({ where: { id }, data: { expiresAt } })
  },
  async removeSecrets(ids) {
    if (ids.length > 0) await tx.clientSecret.deleteMany({ where: { id: { in: [...ids] } } })
  },
  async noteRevocation(requestedAt) {
    const clientId = row.id
    await tx.clientRevocation.upsert({
      where: { clientId },
      create: { clientId, requestedAt },
      update: { requestedAt },
    })
  },
  async dropRevocation() {
    await tx.clientRevocation.deleteMany({ where: { clientId: row.id } })
  },
  async remove() {
    await tx.client.delete({ where: { id: row.id } })
  },
})
