import type { Clock } from './shared/clock.ts'

/** Work that is done over and over beside the requests, a small batch at a time. */
export interface Job {
  name: string
  /** Milliseconds between the end of one run and the start of the next. */
  every: number
  /** Does one batch. Returns how much it did; 0: nothing is left, until the next run. */
  run(): Promise<number>
}

export interface Housekeeping {
  close(): Promise<void>
  /** How each job is doing: when it was last done to the end (at first: when all began), and how often it failed. */
  report(): { name: string; every: number; doneAt: number; failures: number }[]
}

/** Requests come in between two batches. */
const breath = () => new Promise((resolve) => setImmediate(resolve))

/**
 * Runs each job by itself, batch after batch until nothing is left, until `close`, which waits for the batches that
 * are under way. A job never overlaps itself. Errors are told, never thrown; the job goes on at its next time.
 */
export function startHousekeeping(
  jobs: readonly Job[],
  onError: (name: string, error: unknown) => void,
  clock: Clock = Date.now,
): Housekeeping {
  let closed = false
  const done = new Map(jobs.map(({ name }) => [name, { doneAt: clock(), failures: 0 }]))
  const timers = new Map<string, NodeJS.Timeout>()
  const running = new Map<string, Promise<void>>()

  async function work(job: Job): Promise<void> {
    const so = done.get(job.name) ?? { doneAt: 0, failures: 0 }
    try {
      while (!closed && (await job.run()) > 0) await breath()
      so.doneAt = clock()
    } catch (error) {
      so.failures += 1
      onError(job.name, error)
    }
  }

  function schedule(job: Job): void {
    if (closed) return
    const timer = setTimeout(() => {
      running.set(
        job.name,
        work(job).finally(() => {
          running.delete(job.name)
          schedule(job)
        }),
      )
    }, job.every)
    timer.unref()
    timers.set(job.name, timer)
  }

  for (const job of jobs) schedule(job)
  return {
    async close() {
      closed = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(running.values())
    },
    report: () =>
      jobs.map(({ name, every }) => ({ name, every, ...(done.get(name) ?? { doneAt: 0, failures: 0 }) })),
  }
}
