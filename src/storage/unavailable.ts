import { AppError } from '../shared/errors.ts'
import { driverCode } from './driver-errors.ts'

const codeOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : ''

/**
 * SQLSTATE classes: 08 connection, 53 resources, 57P0x shutdown and start-up, 58 and XX001, XX002 what is the matter with its disk or files
 * (SQLite says the same by IOERR and CORRUPT), 25006 a standby that cannot write, 40001 and 40P01 a conflict that was lost again and again.
 */
const postgresCode = /^(08...|53...|57P0.|58...|XX00[12]|25006|40001|40P01|55P03|57014)$/
const socketCode = /^(E(CONN\w+|TIMEDOUT|PIPE|NOTFOUND|HOSTUNREACH|NETUNREACH|AI_AGAIN)|EAI_AGAIN)$/
const sqliteCode = /^SQLITE_(BUSY|LOCKED|CANTOPEN|FULL|IOERR|NOTADB|CORRUPT|READONLY)/
/** Prisma: not reachable, timed out, closed, pool exhausted, no transaction to be had in time, a conflict, too many connections. */
const prismaCode = /^P(1001|1002|1008|1017|2024|2028|2034|2037)$/
/** What the pool and the client of pg say without any code. */
const clientMessage =
  /timeout|connection terminated|connection ended|client has encountered a connection error|cannot use a pool/i

/** Whether an error of Prisma or of a driver means “not now” rather than “a wrong statement”. */
export const isUnavailable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const code = codeOf(error)
  if (code === '') return clientMessage.test(error.message)
  const driver = driverCode(error)
  return (
    [prismaCode, postgresCode, socketCode, sqliteCode].some((known) => known.test(code)) ||
    [postgresCode, sqliteCode].some((known) => known.test(driver))
  )
}

/** The error that a request sees while the database is away: 503 with Retry-After. */
export const databaseUnavailable = (cause: unknown, detail?: string): AppError =>
  new AppError(
    'database_unavailable',
    503,
    'The service is temporarily unavailable. Please try again shortly.',
    {
      cause,
      detail:
        detail ?? `the database is unavailable: ${cause instanceof Error ? cause.message : String(cause)}`,
      retryAfter: 5,
    },
  )

/** A driver's error as the rest of the program should see it. */
export const asStorageError = (error: unknown): unknown =>
  isUnavailable(error) ? databaseUnavailable(error) : error

/** Only a database that exists was to be opened. */
export const databaseMissing = (where: string): AppError =>
  new AppError('database_missing', 404, `There is no database of Latchkey at ${where} yet.`)
