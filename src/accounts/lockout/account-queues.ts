import type { Clock } from '../../shared/clock.ts'
import { type ConcurrencyLimit, createConcurrencyLimit } from '../passwords/concurrency-limit.ts'

/**
 * A queue for each account, which exists while jobs of it run or wait.
 * @param limits jobs at once and jobs that may wait, for each key
 */
export function createAccountQueues(limits: { concurrency: number; queueLimit: number; clock: Clock }) {
  const queues = new Map<string, { limit: ConcurrencyLimit; users: number }>()

  /** @throws AppError `overloaded` (503) when the queue of this key is full */
  return async function inAccountQueue<T>(key: string, job: () => Promise<T>): Promise<T> {
    const queue = queues.get(key) ?? { limit: createConcurrencyLimit(limits), users: 0 }
    queues.set(key, queue)
    queue.users++
    try {
      return await queue.limit.run(job)
    } finally {
      if (--queue.users === 0) queues.delete(key)
    }
  }
}
