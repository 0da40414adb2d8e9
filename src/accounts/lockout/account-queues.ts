import type { Clock } from '../../shared/clock.ts'
import { createGate, type Gate } from '../passwords/concurrency-limit.ts'

/**
 * A gate for each key that somebody asks for, for as long as somebody does.
 * @param limits jobs at once and jobs that may wait, for each key
 */
export function createLanes(limits: { concurrency: number; queueLimit: number; clock: Clock }) {
  const lanes = new Map<string, { gate: Gate; users: number }>()

  /** @throws AppError `overloaded` (503) when the queue of this key is full */
  return async function inLane<T>(key: string, job: () => Promise<T>): Promise<T> {
    const lane = lanes.get(key) ?? { gate: createGate(limits), users: 0 }
    lanes.set(key, lane)
    lane.users++
    try {
      return await lane.gate.run(job)
    } finally {
      if (--lane.users === 0) lanes.delete(key)
    }
  }
}
