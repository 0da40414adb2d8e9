import { vi } from 'vitest'
import { PATIENCE } from './patience.ts'

/**
 * Looks again until `look` neither throws nor answers false, and gives its answer. What never comes is rejected with what it
 * threw last. For what has no event to wait for; vitest's own helpers give up after a second, which a busy machine needs.
 */
export const eventually = <Answer>(
  look: () => Answer | Promise<Answer>,
  milliseconds = PATIENCE,
): Promise<Answer> =>
  vi.waitFor(
    async () => {
      const answer = await look()
      if (answer === false) throw new Error(`not within ${milliseconds} ms`)
      return answer
    },
    { timeout: milliseconds, interval: 25 },
  )
