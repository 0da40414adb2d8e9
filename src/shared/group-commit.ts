/** The most that one transaction writes. */
const LARGEST_BATCH = 200

interface Waiting<Item> {
  item: Item
  resolve(): void
  reject(error: unknown): void
}

/**
 * Collects what comes in one turn of the event loop, and while a write is under way, and writes it together: under
 * load, many entries share one transaction and one wait for the disk.
 *
 * @param write resolves when all of it is on disk
 */
export function createGroupCommit<Item>(write: (items: readonly Item[]) => Promise<void>) {
  let waiting: Waiting<Item>[] = []
  let working: Promise<void> | undefined

  async function work(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const batch = waiting.slice(0, LARGEST_BATCH)
      waiting = waiting.slice(LARGEST_BATCH)
      try {
        await write(batch.map(({ item }) => item))
        for (const each of batch) each.resolve()
      } catch (error) {
        for (const each of batch) each.reject(error)
      }
    }
    working = undefined
  }

  return {
    /** Resolves when it is on disk. */
    add(item: Item): Promise<void> {
      return new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        working ??= work()
      })
    },
    /** Resolves when nothing waits any more. */
    idle: async (): Promise<void> => working,
  }
}
