import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'

/** Lets a bounded number of jobs run at once; a bounded queue waits behind them, first come first served. */
export interface ConcurrencyLimit {
  /** @throws AppError `overloaded` (503, with Retry-After) when the queue is full; the job was not started then. */
  run<T>(job: () => Promise<T>): Promise<T>
  /** Refuses like `run` when the queue is full, before work is done that would be in vain. */
  assertCapacity(): void
  /** Jobs running and waiting. */
  readonly load: { running: number; waiting: number }
}

/**
 * @param limits.concurrency jobs at once @param limits.queueLimit jobs that may wait
 * @param limits.waited told how long each job waited, in milliseconds
 */
export function createConcurrencyLimit(limits: {
  concurrency: number
  queueLimit: number
  clock: Clock
  waited?: ((milliseconds: number) => void) | undefined
}): ConcurrencyLimit {
  const { concurrency, queueLimit, clock, waited } = limits
  const waiting: (() => void)[] = []
  let running = 0
  let typicalMilliseconds = 50

  const assertCapacity = (): void => {
    if (running < concurrency || waiting.length < queueLimit) return
    const drained = (waiting.length / concurrency) * typicalMilliseconds
    throw new AppError('overloaded', 503, message('error.busy'), {
      detail: `${running} jobs running, ${waiting.length} waiting`,
      retryAfter: Math.max(1, Math.ceil(drained / 1000)),
    })
  }

  const enter = (): Promise<void> | undefined => {
    assertCapacity()
    if (running < concurrency) {
      running++
      return undefined
    }
    return new Promise((resolve) => waiting.push(resolve))
  }

  const leave = (): void => {
    // The slot is handed over, not freed: a newcomer must not overtake who waits.
    const next = waiting.shift()
    if (next) next()
    else running--
  }

  return {
    async run(job) {
      const asked = clock()
      await enter()
      const started = clock()
      waited?.(started - asked)
      try {
        return await job()
      } finally {
        typicalMilliseconds += (clock() - started - typicalMilliseconds) / 8
        leave()
      }
    },
    assertCapacity,
    get load() {
      return { running, waiting: waiting.length }
    },
  }
}
