import type BetterSqlite3 from 'better-sqlite3'
import { asStorageError } from '../unavailable.ts'
import { isBusy, whenFree } from './busy.ts'

/** Does several reads in one transaction, whose locks are what a small read costs most. It ends before this returns. */
export function createOneMoment(connection: BetterSqlite3.Database): <T>(read: () => T) => T {
  const begin = connection.prepare('BEGIN')
  const commit = connection.prepare('COMMIT')
  return (read) => {
    begin.run()
    try {
      const found = read()
      commit.run()
      return found
    } catch (error) {
      if (connection.inTransaction) connection.exec('ROLLBACK')
      throw error
    }
  }
}

/** Reads at once; where another process has the whole file to itself, later. @throws AppError `database_unavailable` (503) */
export async function readWhenFree<T>(read: () => T): Promise<T> {
  try {
    return read()
  } catch (error) {
    if (!isBusy(error)) throw asStorageError(error)
  }
  return whenFree(read).catch((error: unknown) => {
    throw asStorageError(error)
  })
}
