/** What the driver said, where Prisma passes it on under a code of its own (P2010, a raw statement that failed). */
export const driverCode = (error: Error): string => {
  const { meta } = error as { meta?: { driverAdapterError?: { cause?: { originalCode?: unknown } } } }
  const code = meta?.driverAdapterError?.cause?.originalCode
  return typeof code === 'string' ? code : ''
}

const hasCode =
  (...codes: readonly unknown[]) =>
  (error: unknown): boolean =>
    error instanceof Error &&
    (codes.includes(Reflect.get(error, 'code')) || codes.includes(driverCode(error)))

/**
 * Whether a write failed because a unique value is taken: two requests raced for it, and this one lost. Prisma's code (both engines),
 * then the drivers' own: SQLSTATE and SQLite's extended result codes.
 */
export const isUniqueViolation = hasCode(
  'P2002',
  '23505',
  'SQLITE_CONSTRAINT_UNIQUE',
  'SQLITE_CONSTRAINT_PRIMARYKEY',
)

/** Whether a write failed because a row that it names is gone: it was deleted at that very moment. */
export const isMissingReference = hasCode('P2003', '23503', 'SQLITE_CONSTRAINT_FOREIGNKEY')
