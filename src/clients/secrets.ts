import { hash, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * A client_id: 128 random bits under a prefix. The prefix keeps it apart from account ids, which are UUIDs: a
 * client that acts for itself can never carry the subject of a person (RFC 9700 §4.15).
 */
export const newClientId = (): string => `lk_${randomBytes(16).toString('hex')}`

/** A client secret: 256 random bits, base64url. Shown once, never stored. */
export const newClientSecret = (): string => randomBytes(32).toString('base64url')

/** What is stored of a secret. A fast hash is enough: 256 random bits cannot be guessed. */
export const hashSecret = (secret: string): string => hash('sha256', secret, 'base64url')

/** The stored hash that a presented secret has, if any; takes the same time whichever it is, or if none. */
export function matchingHash(hashes: readonly string[], presented: string): string | undefined {
  const actual = Buffer.from(hashSecret(presented))
  let matching: string | undefined
  for (const stored of hashes) {
    const expected = Buffer.from(stored)
    const same = expected.length === actual.length && timingSafeEqual(expected, actual)
    matching = same ? stored : matching
  }
  return matching
}

/** Whether a presented secret is one of the stored; takes the same time whichever it is, or if none. */
export const secretMatches = (hashes: readonly string[], presented: string): boolean =>
  matchingHash(hashes, presented) !== undefined
