import { randomBytes } from 'node:crypto'

/**
 * A Grant's id is the same whenever the same person, client and session come together (grants.ts), so one that was ended
 * can be followed by another of the same id. What is stored ended with the first; a JWT is not stored, and would be good
 * again with the second. Each of them therefore has a random mark of its own, that such tokens name.
 */
export const newIncarnation = (): string => randomBytes(8).toString('base64url')

/** Undefined: of a version without them, or of an id that never comes again. */
export const incarnationOf = (grant: object | undefined): string | undefined =>
  (grant as { incarnation?: string } | undefined)?.incarnation
