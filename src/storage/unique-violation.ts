import { driverCode } from './driver-code.ts'

/** Prisma's code (both engines), then the drivers' own: SQLSTATE and SQLite's extended result codes. */
const codes = new Set(['P2002', '23505', 'SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY'])

/** Whether a write failed because a unique value is taken: two requests raced for it, and this one lost. */
export const isUniqueViolation = (error: unknown): boolean =>
  error instanceof Error &&
  [Reflect.get(error, 'code'), driverCode(error)].some((code) => typeof code === 'string' && codes.has(code))
