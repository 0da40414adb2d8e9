/**
 * Statements at once. Up to here each look-up is one of its own: what waits for an answer keeps the server busy, and gathering would
 * only make it wait for others. It leaves connections of the pool to everything else.
 */
const MAX_FLYING = 8

interface Waiting<Found> {
  key: string
  resolve(found: Found | undefined): void
  reject(error: unknown): void
}

/**
 * Look-ups by key, of which those that wait are asked for together, once more wait than are under way: a round trip costs more than
 * what it finds.
 * @returns the look-up. One that fails takes those that were asked for with it along
 */
export function createGathering<Found>(ask: {
  one(key: string): Promise<Found | undefined>
  several(keys: readonly string[]): Promise<ReadonlyMap<string, Found>>
}): (key: string) => Promise<Found | undefined> {
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
        for (const each of asked) each.resolve(found.get(each.key))
      }
    } catch (error) {
      for (const each of asked) each.reject(error)
    }
    landed()
  }

  return (key) => {
    const { promise, resolve, reject } = Promise.withResolvers<Found | undefined>()
    const asked = { key, resolve, reject }
    if (flying < MAX_FLYING) void fly([asked])
    else waiting.push(asked)
    return promise
  }
}
