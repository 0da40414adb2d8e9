import { driverCode } from './driver-code.ts'

/** Prisma's code (both engines), then the drivers' own: SQLSTATE and SQLite's extended result code. */
const codes = new Set(['P2003', '23503', 'SQLITE_CONSTRAINT_FOREIGNKEY'])

/** Whether a write failed because a row that it names is gone: it was deleted at that very moment. */
export const isMissingReference = (error: unknown): boolean =>
  error instanceof Error &&
  [Reflect.get(error, 'code'), driverCode(error)].some((code) => typeof code === 'string' && codes.has(code))
