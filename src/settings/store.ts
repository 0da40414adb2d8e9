import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/driver-errors.ts'

const ID = 'settings'

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

export function createSettingsStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): SettingsStore {
  const table = prisma.storedSettings
  return {
    async read() {
      return (
        (await reads.get<StoredState>('SELECT version, document FROM settings WHERE id = ?', [ID])) ?? NOTHING
      )
    },

    async replace(version, document) {
      if (version === 0) {
        try {
          await table.create({ data: { id: ID, version: 1, document } })
          return true
        } catch (error) {
          if (isUniqueViolation(error)) return false
          throw error
        }
      }
      const { count } = await table.updateMany({
        where: { id: ID, version },
        data: { version: version + 1, document },
      })
      return count === 1
    },
  }
}
