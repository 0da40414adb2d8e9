/** Prisma's code (both engines), then the drivers' own: SQLSTATE and SQLite's extended result code. */
const codes = new Set(['P2003', '23503', 'SQLITE_CONSTRAINT_FOREIGNKEY'])

/** Whether a write failed because a row that it names is gone: it was deleted at that very moment. */
export const isMissingReference = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.has(error.code)
