import type { StoredKey } from './store.ts'

/**
 * What a key is at a moment, from its row alone.
 *
 *   published   in the key set; one for each algorithm signs
 *   kept        no longer published, and without its private half; what it signed is accepted here (id_token_hint)
 *   forgotten   withdrawn because it leaked, or kept for as long as any session that it could have signed for
 */
export type KeyState = 'pending' | 'signing' | 'published' | 'retired' | 'withdrawn'

export const isPublished = ({ retiredAt }: StoredKey, now: number): boolean =>
  retiredAt === null || retiredAt > now

/** No longer published, but its signatures are still accepted here. */
export const isKept = (key: StoredKey, now: number): boolean =>
  !isPublished(key, now) && (key.acceptedUntil ?? 0) > now

/** It leaked, or may have: nothing of it was kept, or is any more. */
const isWithdrawn = ({ retiredAt, acceptedUntil }: StoredKey): boolean =>
  retiredAt !== null && acceptedUntil !== null && acceptedUntil <= retiredAt

/** Published keys in the order in which the library picks: for each algorithm the newest that is due, then the others. */
export function publishedOf(
  keys: readonly StoredKey[],
  algorithms: readonly string[],
  now: number,
): StoredKey[] {
  const live = keys.filter((key) => isPublished(key, now))
  return algorithms.flatMap((alg) => {
    const mine = live
      .filter((key) => key.alg === alg)
      .sort((a, b) => b.activeFrom - a.activeFrom || b.kid.localeCompare(a.kid))
    const signing = mine.find((key) => key.activeFrom <= now) ?? mine.at(-1)
    return signing ? [signing, ...mine.filter((key) => key !== signing)] : []
  })
}

/** @param published in their order (publishedOf) */
export function stateOf(key: StoredKey, published: readonly StoredKey[], now: number): KeyState {
  if (!published.includes(key)) return isWithdrawn(key) ? 'withdrawn' : 'retired'
  if (published.find(({ alg }) => alg === key.alg) === key) return 'signing'
  return key.activeFrom > now ? 'pending' : 'published'
}
