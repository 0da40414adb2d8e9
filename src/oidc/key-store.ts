import type { Database } from '../storage/database.ts'

/** A signing key as it is stored. Times are milliseconds since the epoch. */
export interface StoredKey {
  kid: string
  alg: string
  /** The private JWK, sealed under SECRET_KEY. */
  sealedJwk: string
  createdAt: number
  activeFrom: number
  retiredAt: number | null
}

export interface KeyStore {
  all(): Promise<StoredKey[]>
  insert(key: StoredKey): Promise<void>
  /** Inserts the key unless its algorithm has one already, whichever process made that. False: it has. */
  insertFirst(key: StoredKey): Promise<boolean>
  /** Earlier than before, or for the first time; never later. */
  retire(kids: readonly string[], at: number): Promise<void>
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

export function createKeyStore(db: Pick<Database, 'prisma'>): KeyStore {
  const toRow = ({ createdAt, activeFrom, ...rest }: StoredKey) => ({
    ...rest,
    createdAt: new Date(createdAt),
    activeFrom: new Date(activeFrom),
    retiredAt: null,
  })
  return {
    async all() {
      const rows = await db.prisma.signingKey.findMany({ orderBy: [{ createdAt: 'asc' }, { kid: 'asc' }] })
      return rows.map((row) => ({
        kid: row.kid,
        alg: row.alg,
        sealedJwk: row.sealedJwk,
        createdAt: row.createdAt.getTime(),
        activeFrom: row.activeFrom.getTime(),
        retiredAt: row.retiredAt?.getTime() ?? null,
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
    async retire(kids, at) {
      await db.prisma.signingKey.updateMany({
        where: { kid: { in: [...kids] }, OR: [{ retiredAt: null }, { retiredAt: { gt: new Date(at) } }] },
        data: { retiredAt: new Date(at) },
      })
    },
  }
}
