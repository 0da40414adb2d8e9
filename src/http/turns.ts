import type { Taken } from './rate-limits/counters.ts'

/** How many requests may wait under one key for those before them to end. */
const MAX_WAITING = 64

/**
 * Lets requests wait for each other before they are refused. Each is counted before it is known to be right, so of
 * many right ones at once some would find no room that have it a moment later: they wait for one that is given back.
 */
export interface Turns {
  /** Takes a turn; while there is none and others under this key may give theirs back, waits for them. */
  take(key: string, take: () => Promise<Taken>): Promise<Taken>
  /** A turn that was taken has ended. */
  end(key: string, returned: boolean): void
}

/** For one process: nothing is known of turns that another process has given. */
export function createTurns(): Turns {
  const queues = new Map<string, { open: number; waiting: (() => void)[] }>()
  const end = (key: string, returned: boolean): void => {
    const queue = queues.get(key)
    if (queue === undefined) return
    queue.open--
    if (returned) queue.waiting.shift()?.()
    if (queue.open > 0) return
    // Nobody is left who could give a turn back.
    for (const told of queue.waiting.splice(0)) told()
    queues.delete(key)
  }
  return {
    async take(key, take) {
      for (;;) {
        const queue = queues.get(key) ?? { open: 0, waiting: [] }
        queues.set(key, queue)
        // Open from here on: who looks in the meantime has to wait for it.
        queue.open++
        const taken = await take().catch((error: unknown) => {
          end(key, true)
          throw error
        })
        if (taken.allowed) return taken
        end(key, false)
        if (queue.open === 0 || queue.waiting.length >= MAX_WAITING) return taken
        await new Promise<void>((resolve) => queue.waiting.push(resolve))
      }
    },
    end,
  }
}
