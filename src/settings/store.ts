import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/driver-errors.ts'

export interface StoredState {
  /** 0: nothing was ever changed. */
  version: number
  /** JSON. */
  document: string
}

const NOTHING: StoredState = { version: 0, document: '{}' }

/** What was changed of the settings, in one row: a change is one statement, and so is a look at it. */
export interface SettingsStore {
  read(): Promise<StoredState>
  /** Puts a document in the place of the one of a version. False: there is another one by now. */
  replace(version: number, document: string): Promise<boolean>
}

/** A document of another feature, that counts in every process as settings do. */
export interface StoredDocument extends SettingsStore {
  /** As it was seen last: by each look at the settings too. */
  current(): StoredState
}

const DOCUMENTS = [
  'settings',
  'attributes',
  'claims',
  'organizations',
  'texts',
  'hooks',
  'branding',
  'administrator_roles',
  'setup',
] as const
export type DocumentId = (typeof DOCUMENTS)[number]

/** The settings, and what else counts a second later in every process: a look at one is a look at all. */
export function createStoredDocuments({
  prisma,
  reads,
}: Pick<Database, 'prisma' | 'reads'>): Record<DocumentId, StoredDocument> {
  const table = prisma.storedSettings
  const seen = new Map<DocumentId, StoredState>()
  const statement = `SELECT id, version, document FROM settings WHERE id IN (${DOCUMENTS.map(() => '?').join(', ')})`

  async function readAll(): Promise<ReadonlyMap<DocumentId, StoredState>> {
    const rows = await reads.all<StoredState & { id: DocumentId }>(statement, [...DOCUMENTS])
    // A look that began earlier may end later.
    for (const { id, version, document } of rows)
      if (version >= (seen.get(id)?.version ?? 0)) seen.set(id, { version, document })
    return new Map(rows.map(({ id, version, document }) => [id, { version, document }]))
  }

  const documentOf = (id: DocumentId): StoredDocument => ({
    current: () => seen.get(id) ?? NOTHING,

    read: async () => (await readAll()).get(id) ?? NOTHING,

    async replace(version, document) {
      const next = { version: version + 1, document }
      if (version === 0) {
        try {
          await table.create({ data: { id, ...next } })
        } catch (error) {
          if (isUniqueViolation(error)) return false
          throw error
        }
      } else {
        const { count } = await table.updateMany({ where: { id, version }, data: next })
        if (count !== 1) return false
      }
      if (next.version > (seen.get(id)?.version ?? 0)) seen.set(id, next)
      return true
    },
  })

  return Object.fromEntries(DOCUMENTS.map((id) => [id, documentOf(id)])) as Record<DocumentId, StoredDocument>
}
