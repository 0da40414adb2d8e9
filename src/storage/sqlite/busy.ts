/** How long a statement waits for another process's write, in milliseconds. */
export const busyPatience = 5_000

/** Longest pause between two tries, in milliseconds. */
const MAX_PAUSE = 25

/** Whether another process has the lock that a statement needs: the driver says so itself, or Prisma's adapter for it. */
export function isBusy(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  const cause = error.cause as { originalCode?: unknown } | undefined
  return [code, cause?.originalCode].some(
    (each) => typeof each === 'string' && each.startsWith('SQLITE_BUSY'),
  )
}

/** How long to wait before a try. Short at first: most writes of others take a few milliseconds. */
export const pauseBefore = (tries: number): number => Math.min(2 ** tries, MAX_PAUSE)

/**
 * Does work that needs the write lock of SQLite, and tries again while another process holds it. The driver is synchronous: were it
 * to wait itself, the whole process would stand still. Between the tries here, the process serves other requests.
 * @throws what the last try threw, after `busyPatience`
 */
export async function whenFree<T>(work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + busyPatience
  for (let tries = 0; ; tries++) {
    try {
      return await work()
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw error
    }
    await new Promise((resolve) => setTimeout(resolve, pauseBefore(tries)))
  }
}
