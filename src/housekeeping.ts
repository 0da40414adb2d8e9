/** Work that is done over and over beside the requests. */
export interface Chore {
  name: string
  /** Milliseconds between the end of one run and the start of the next. */
  every: number
  run(): Promise<unknown>
}

/** Runs each chore by itself until `close`, which waits for the one that is under way. Errors are told, never thrown. */
export function startHousekeeping(chores: readonly Chore[], onError: (name: string, error: unknown) => void) {
  let closed = false
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Map<string, Promise<void>>()

  function schedule(chore: Chore): void {
    if (closed) return
    const timer = setTimeout(() => {
      const run = chore
        .run()
        .then(
          () => undefined,
          (error: unknown) => onError(chore.name, error),
        )
        .finally(() => {
          running.delete(chore.name)
          schedule(chore)
        })
      running.set(chore.name, run)
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
