// Password hashes of other systems. They come in by `users import`, are checked as their system did, and are
// replaced by argon2id at the first sign-in. Nothing here makes such a hash.
//
//   what a file says ─► storableHash: known, whole, affordable? ─► accounts.password_hash ─► verifyForeign, once
//
// None is stored in a form that begins like our own (“$argon2id$”), so that the column tells which is which.
import { argon2Hash } from './argon2.ts'
import { bcryptHash } from './bcrypt.ts'
import { pbkdf2Hash } from './pbkdf2.ts'
import { type ForeignHash, RefusedHash, type SaltedHash } from './scheme.ts'
import { scryptHash } from './scrypt.ts'
import { sha256Hash, storedSha256 } from './sha256.ts'

export type { SaltedHash } from './scheme.ts'

const SCHEMES = [bcryptHash, pbkdf2Hash, scryptHash, argon2Hash, sha256Hash]

/** Longer than the longest of a known form. */
const MAX_LENGTH = 1024

const KNOWN =
  'is in no form that is known here: bcrypt, PBKDF2 and scrypt as Django and Werkzeug write them, argon2, SHA-256 in hexadecimal'

function read(hash: string): ForeignHash | undefined {
  if (hash.length > MAX_LENGTH || !/^[\x21-\x7e]+$/.test(hash)) return undefined
  for (const scheme of SCHEMES) {
    const found = scheme(hash)
    if (found !== undefined) return found
  }
  return undefined
}

/** What our own hasher writes. */
const OWN = /^\$argon2id\$v=19(\$[mtp]=\d+(,[mtp]=\d+){2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}$/

/** Whether a stored hash is of another system, or damaged. */
export const isForeign = (hash: string): boolean => !OWN.test(hash)

/**
 * What to store of a hash that a file names, or why it is refused: unknown, damaged, or so costly that each try of a
 * password would stop the server.
 */
export function storableHash({
  hash,
  salt,
  saltPosition,
}: SaltedHash): { stored: string } | { problem: string } {
  try {
    const stored = salt === undefined ? unsalted(hash) : storedSha256(hash, salt, saltPosition)
    return read(stored) === undefined ? { problem: KNOWN } : { stored }
  } catch (error) {
    if (error instanceof RefusedHash) return { problem: error.message }
    throw error
  }
}

/** The forms that would pass for another one get a name in front. */
function unsalted(hash: string): string {
  if (/^\$argon2(i|d|id)\$/.test(hash)) return `argon2${hash}`
  if (/^[0-9a-f]{64}$/i.test(hash)) return `sha256$$${hash.toLowerCase()}`
  return hash
}

/** False also for a hash that is damaged or of no known form. @param password as it was typed */
export async function verifyForeign(hash: string, password: string): Promise<boolean> {
  let known: ForeignHash | undefined
  try {
    known = read(hash)
  } catch (error) {
    if (!(error instanceof RefusedHash)) throw error
  }
  return known === undefined ? false : known.verify(password)
}
