import type { Database } from '../../storage/database.ts'

/** A signing key as it is stored. Times are milliseconds since the epoch. */
export interface StoredKey {
  kid: string
  alg: string
  /** The JWK, sealed under SECRET_KEY: private, and its public half alone once it is published no longer. */
  sealedJwk: string
  createdAt: number
  activeFrom: number
  /** From when it is no longer published. */
  retiredAt: number | null
  /** Until when its signatures are accepted here; null: as long as it is published. */
  acceptedUntil: number | null
}

export interface KeyStore {
  all(): Promise<StoredKey[]>
  insert(key: StoredKey): Promise<void>
  /** Inserts the key unless its algorithm has one already, whichever process made that. False: it has. */
  insertFirst(key: StoredKey): Promise<boolean>
  /** Each moment earlier than before, or for the first time; never later. */
  retire(kid: string, moments: { at: number; acceptedUntil: number }): Promise<void>
  /** Replaces the sealed private key. False: another process has replaced `before` already. */
  reseal(kid: string, before: string, sealedJwk: string): Promise<boolean>
}

/**
 * PostgreSQL ended one of two transactions that did the same at once: nothing of it happened. A conflict in a query is
 * Prisma's P2034; one that shows only at the commit is the driver's error as it came.
 */
function lostConflict(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if ('code' in error && error.code === 'P2034') return true
  const { cause } = error
  return (
    typeof cause === 'object' &&
    cause !== null &&
    'kind' in cause &&
    cause.kind === 'TransactionWriteConflict'
  )
}

interface FoundKey {
  kid: string
  alg: string
  sealed_jwk: string
  created_at: string
  active_from: string
  retired_at: string | null
  accepted_until: string | null
}

export function createKeyStore(db: Pick<Database, 'prisma' | 'reads'>): KeyStore {
  const toRow = ({ createdAt, activeFrom, ...rest }: StoredKey) => ({
    ...rest,
    createdAt: new Date(createdAt),
    activeFrom: new Date(activeFrom),
    retiredAt: null,
    acceptedUntil: null,
  })
  return {
    async all() {
      const rows = await db.reads.all<FoundKey>(
        `SELECT kid, alg, sealed_jwk, created_at, active_from, retired_at, accepted_until
         FROM signing_keys ORDER BY created_at, kid`,
      )
      return rows.map((row) => ({
        kid: row.kid,
        alg: row.alg,
        sealedJwk: row.sealed_jwk,
        createdAt: Date.parse(row.created_at),
        activeFrom: Date.parse(row.active_from),
        retiredAt: row.retired_at === null ? null : Date.parse(row.retired_at),
        acceptedUntil: row.accepted_until === null ? null : Date.parse(row.accepted_until),
      }))
    },
    async insert(key) {
      await db.prisma.signingKey.create({ data: toRow(key) })
    },
    async insertFirst(key) {
      const attempt = () =>
        db.prisma.$transaction(
          async (tx) => {
            const present = await tx.signingKey.count({ where: { alg: key.alg } })
            if (present === 0) await tx.signingKey.create({ data: toRow(key) })
            return present === 0
          },
          { isolationLevel: 'Serializable' },
        )
      for (;;) {
        try {
          return await attempt()
        } catch (error) {
          if (!lostConflict(error)) throw error
        }
      }
    },
    async retire(kid, { at, acceptedUntil }) {
      const earlier = (name: 'retiredAt' | 'acceptedUntil', moment: number) =>
        db.prisma.signingKey.updateMany({
          where: { kid, OR: [{ [name]: null }, { [name]: { gt: new Date(moment) } }] },
          data: { [name]: new Date(moment) },
        })
      await db.prisma.$transaction([earlier('retiredAt', at), earlier('acceptedUntil', acceptedUntil)])
    },
    async reseal(kid, before, sealedJwk) {
      const where = { kid, sealedJwk: before }
      const { count } = await db.prisma.signingKey.updateMany({ where, data: { sealedJwk } })
      return count === 1
    },
  }
}
