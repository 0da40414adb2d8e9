import { PrismaBetterSqlite3 } from '@prisma/adapter-better-sqlite3'
import { busyPatience, whenFree } from './busy.ts'
import { connectionPragmas, neverWait } from './open.ts'

type Factory = Pick<PrismaBetterSqlite3, 'provider' | 'adapterName' | 'connect'>
type Adapter = Awaited<ReturnType<PrismaBetterSqlite3['connect']>>
type Transaction = Awaited<ReturnType<Adapter['startTransaction']>>

/** Writing statements of one transaction, as an estimate: Prisma does not say how many it sent. */
const IN_TRANSACTION = 4

const plain = (sql: string) => ({ sql, args: [], argTypes: [] })

/**
 * Prisma's adapter holds one connection, and runs on it whatever comes while a transaction is open: a write of
 * another request would join that transaction and be rolled back with it. Here everything outside the transaction
 * waits for its end. Within `$transaction(async (tx) => …)` use only `tx`: the outer client waits for ever (until
 * Prisma's time limit ends the transaction).
 * @param wrote told how many statements that write were committed @param waited called by each operation that had to wait, with the milliseconds
 */
const oneAtATime = (
  adapter: Adapter,
  wrote: (statements: number) => void,
  waited?: (milliseconds: number) => void,
): Adapter => {
  // Every waiter looks again itself, in the turn in which it goes on: between the answer of a common helper and its
  // caller, another waiter would begin.
  let transaction: Promise<void> | undefined
  const startWaiting = (): (() => void) | undefined => {
    if (waited === undefined || transaction === undefined) return undefined
    const asked = performance.now()
    return () => waited(performance.now() - asked)
  }
  const outside = <T>(run: () => Promise<T>): Promise<T> =>
    whenFree(async () => {
      const waitedHere = startWaiting()
      while (transaction !== undefined) await transaction
      waitedHere?.()
      return run()
    })
  return {
    provider: adapter.provider,
    adapterName: adapter.adapterName,
    queryRaw: (query) => outside(() => adapter.queryRaw(query)),
    executeRaw: (query) =>
      outside(async () => {
        const changed = await adapter.executeRaw(query)
        wrote(1)
        return changed
      }),
    executeScript: (script) => outside(() => adapter.executeScript(script)),
    async startTransaction(isolationLevel) {
      const waitedHere = startWaiting()
      while (transaction !== undefined) await transaction
      waitedHere?.()
      const { promise, resolve } = Promise.withResolvers<void>()
      transaction = promise
      const end = (): void => {
        // A commit that fails is followed by a rollback: the second end must not be another transaction's.
        if (transaction === promise) transaction = undefined
        resolve()
      }
      try {
        return announceEnd(await beginImmediate(adapter, isolationLevel), end, () => wrote(IN_TRANSACTION))
      } catch (error) {
        end()
        throw error
      }
    },
    dispose: () => adapter.dispose(),
  }
}

/**
 * Takes the write lock at once. A transaction that reads first and writes later fails with SQLITE_BUSY_SNAPSHOT when
 * another process (the command line) wrote in between; one that starts with the lock waits its turn instead.
 */
const beginImmediate = async (
  adapter: Adapter,
  isolationLevel: Parameters<Adapter['startTransaction']>[0],
): Promise<Transaction> => {
  const transaction = await adapter.startTransaction(isolationLevel)
  try {
    await transaction.executeRaw(plain('ROLLBACK'))
    await whenFree(() => transaction.executeRaw(plain('BEGIN IMMEDIATE')))
  } catch (error) {
    await transaction.rollback()
    throw error
  }
  return transaction
}

const announceEnd = (transaction: Transaction, end: () => void, committed: () => void): Transaction => {
  const commit = transaction.commit.bind(transaction)
  const rollback = transaction.rollback.bind(transaction)
  transaction.commit = async () => {
    try {
      await commit()
      committed()
    } finally {
      end()
    }
  }
  transaction.rollback = () => rollback().finally(end)
  return transaction
}

/**
 * Prisma's SQLite adapter with our connection settings and one transaction at a time.
 * @param wrote told how many statements that write were committed
 * @param waited told how long a statement waited for the end of a transaction, in milliseconds
 */
export const createPrismaSqliteAdapter = (
  path: string,
  wrote: (statements: number) => void,
  waited?: (milliseconds: number) => void,
): Factory => {
  const factory = new PrismaBetterSqlite3({ url: path, timeout: busyPatience })
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    async connect() {
      const adapter = await factory.connect()
      await adapter.executeScript(`${connectionPragmas({ synchronous: 'FULL' })};${neverWait}`)
      return oneAtATime(adapter, wrote, waited)
    },
  }
}
