import { AppError } from '../shared/errors.ts'

interface Waiting<Found> {
  key: string
  resolve(found: Found | undefined): void
  reject(error: unknown): void
}

/**
 * Look-ups by key, of which those that wait are asked for together, once more wait than are under way: a round trip costs more than
 * what it finds. Where a statement for several fails, though the database is there, each is asked for alone: one row that cannot be
 * read must not fail the others.
 * @param atOnce statements at once. Up to here each look-up is one of its own: what waits for an answer keeps the server busy, and
 * gathering would only make it wait for others. It leaves connections of the pool to everything else
 */
export function createGathering<Found>(
  atOnce: number,
  ask: {
    one(key: string): Promise<Found | undefined>
    several(keys: readonly string[]): Promise<ReadonlyMap<string, Found>>
  },
): (key: string) => Promise<Found | undefined> {
  let waiting: Waiting<Found>[] = []
  let flying = 0

  function landed(): void {
    flying--
    if (waiting.length > flying) {
      const gathered = waiting
      waiting = []
      void fly(gathered)
    } else {
      const next = waiting.shift()
      if (next) void fly([next])
    }
  }

  async function fly(asked: readonly Waiting<Found>[]): Promise<void> {
    flying++
    const [first] = asked
    try {
      if (first && asked.length === 1) first.resolve(await ask.one(first.key))
      else {
        const found = await ask.several(asked.map(({ key }) => key))
        for (const { key, resolve } of asked) resolve(found.get(key))
      }
    } catch (error) {
      // One alone has failed, or the database is away (src/storage/unavailable.ts), for each of them.
      if (asked.length === 1 || error instanceof AppError) for (const { reject } of asked) reject(error)
      else for (const { key, resolve, reject } of asked) await ask.one(key).then(resolve, reject)
    }
    landed()
  }

  return (key) => {
    const { promise, resolve, reject } = Promise.withResolvers<Found | undefined>()
    const asked = { key, resolve, reject }
    if (flying < atOnce) void fly([asked])
    else waiting.push(asked)
    return promise
  }
}
