import { createHash } from 'node:crypto'

/**
 * What is counted and remembered in place of a name that was typed: one for all its spellings, and a hash, because it
 * may be kept outside this process and may be an email address.
 */
export const accountNameKey = (typed: string): string =>
  createHash('sha256').update(typed.normalize('NFKC').trim().toLowerCase()).digest('base64url').slice(0, 22)
