import { isUniqueViolation } from '../../storage/driver-errors.ts'

/** The column `source` of what an administrator or a manager has given. */
export const BY_HAND = ''

/** The column `source` of what a provider has given, by its rules. */
export const sourceOf = (provider: string): string => `provider:${provider}`

/** Rows that are deleted by one statement: a group may have a million members, and other requests wait for it on SQLite. */
const BATCH = 500

/**
 * Deletes what an account has of something, a batch at a time.
 * @param some the accounts of up to so many rows that are left
 * @param drop deletes the rows of these accounts
 */
export async function dropInBatches(
  some: (most: number) => Promise<{ accountId: string }[]>,
  drop: (accountIds: string[]) => Promise<unknown>,
): Promise<void> {
  for (let rows = await some(BATCH); rows.length > 0; rows = await some(BATCH))
    await drop(rows.map(({ accountId }) => accountId))
}

/** What a write that may meet a name in use gives: the first row, `taken`, or undefined where no row is left to change. */
export async function unlessTaken<Row>(write: Promise<Row[]>): Promise<Row | 'taken' | undefined> {
  try {
    return (await write)[0]
  } catch (error) {
    if (isUniqueViolation(error)) return 'taken'
    throw error
  }
}
