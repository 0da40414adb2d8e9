/** Work that is done over and over beside the requests, a small batch at a time. */
export interface Chore {
  name: string
  /** Milliseconds between the end of one run and the start of the next. */
  every: number
  /** Does one batch. Returns how much it did; 0: nothing is left, until the next run. */
  run(): Promise<number>
}

/** Requests come in between two batches. */
const breath = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Runs each chore by itself, batch after batch until nothing is left, until `close`, which waits for the batches that
 * are under way. A chore never overlaps itself. Errors are told, never thrown; the chore goes on at its next time.
 */
export function startHousekeeping(
  chores: readonly Chore[],
  onError: (name: string, error: unknown) => void,
): { close(): Promise<void> } {
  let closed = false
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Map<string, Promise<void>>()

  async function work(chore: Chore): Promise<void> {
    try {
      while (!closed && (await chore.run()) > 0) await breath()
    } catch (error) {
      onError(chore.name, error)
    }
  }

  function schedule(chore: Chore): void {
    if (closed) return
    const timer = setTimeout(() => {
      running.set(
        chore.name,
        work(chore).finally(() => {
          running.delete(chore.name)
          schedule(chore)
        }),
      )
    }, chore.every)
    timer.unref()
    timers.set(chore.name, timer)
  }

  for (const chore of chores) schedule(chore)
  return {
    async close() {
      closed = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running.values())
    },
  }
}
