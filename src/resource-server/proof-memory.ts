import { createBounded } from './bounded.ts'
import type { Settings } from './options.ts'
import { unavailable } from './refusal.ts'

/**
 * The DPoP proofs that were used, in this process (RFC 9449 §11.1). When it is full, nothing is forgotten early, which
 * would allow a replay; only callers with a valid bound token fill it.
 * @param limit how many proofs at most
 * @returns a function that throws Refusal 503 when it is full
 */
export function createProofMemory(
  clock: () => number,
  limit = 100_000,
): NonNullable<Settings['rememberProof']> {
  const used = createBounded<true>(limit, clock)
  return async (id, expiresAt) => {
    if (used.get(id)) return false
    if (used.live() >= limit) throw unavailable('too many DPoP proofs to remember', 10)
    used.set(id, true, expiresAt)
    return true
  }
}
