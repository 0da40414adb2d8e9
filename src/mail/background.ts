/** Work in memory, a few at once. @param width how many */
export function createBackground(width: number) {
  const waiting: (() => Promise<void>)[] = []
  const listeners: (() => void)[] = []
  let running = 0

  const pump = (): void => {
    while (running < width) {
      const job = waiting.shift()
      if (job === undefined) break
      running++
      void job().finally(() => {
        running--
        pump()
      })
    }
    if (running === 0) for (const listener of listeners.splice(0)) listener()
  }

  return {
    /** @param job must not reject */
    push(job: () => Promise<void>): void {
      waiting.push(job)
      pump()
    },
    load: () => ({ running, waiting: waiting.length }),
    /** Resolves when nothing waits or runs. */
    idle: (): Promise<void> =>
      running === 0 ? Promise.resolve() : new Promise((resolve) => listeners.push(resolve)),
  }
}
