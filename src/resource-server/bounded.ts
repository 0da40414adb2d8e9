/**
 * A map whose entries expire and whose size is bounded: what is oldest goes first. Times in milliseconds since the
 * epoch.
 */
export interface Bounded<V> {
  get(key: string): V | undefined
  set(key: string, value: V, expiresAt: number): void
  delete(key: string): void
  /** Entries that have not expired, after those that have are gone. */
  live(): number
}

export function createBounded<V>(limit: number, clock: () => number): Bounded<V> {
  const entries = new Map<string, { value: V; expiresAt: number }>()

  /** Insertion order is near enough to expiry order: every entry of one map lives about as long. */
  function sweep(): void {
    for (const [key, { expiresAt }] of entries) {
      if (expiresAt > clock()) return
      entries.delete(key)
    }
  }

  return {
    get(key) {
      const entry = entries.get(key)
      if (entry === undefined || entry.expiresAt > clock()) return entry?.value
      entries.delete(key)
      return undefined
    },
    set(key, value, expiresAt) {
      sweep()
      entries.delete(key)
      entries.set(key, { value, expiresAt })
      if (entries.size > limit) entries.delete(entries.keys().next().value ?? key)
    },
    delete: (key) => void entries.delete(key),
    live() {
      sweep()
      return entries.size
    },
  }
}
