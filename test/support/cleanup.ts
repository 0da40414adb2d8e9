const works: (() => unknown)[] = []

/**
 * Remembers what is to be done after the last test of the file that runs now. Helpers use it instead of a hook of
 * their own at the top: a module that many files share is evaluated once, and its hooks count for the first file only.
 */
export const afterThisFile = (work: () => unknown): void => void works.push(work)

/** Does all of it, the latest first; what fails does not keep the rest from being done. */
export async function cleanUp(): Promise<void> {
  const failures: unknown[] = []
  for (let work = works.pop(); work; work = works.pop())
    try {
      await work()
    } catch (error) {
      failures.push(error)
    }
  if (failures.length > 0) throw new AggregateError(failures, 'cleaning up after a test file failed')
}
