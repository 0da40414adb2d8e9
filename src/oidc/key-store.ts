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
  retire(kids: readonly string[], at: number): Promise<void>
}

export function createKeyStore(db: Pick<Database, 'prisma'>): KeyStore {
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
      const { createdAt, activeFrom, ...rest } = key
      await db.prisma.signingKey.create({
        data: { ...rest, createdAt: new Date(createdAt), activeFrom: new Date(activeFrom), retiredAt: null },
      })
    },
    async retire(kids, at) {
      await db.prisma.signingKey.updateMany({
        where: { kid: { in: [...kids] }, retiredAt: null },
        data: { retiredAt: new Date(at) },
      })
    },
  }
}
