/**
 * Does work that has so long, and lets go of it when it is over. A signal of `AbortSignal.timeout` keeps its listeners alive
 * until its time has come, also when the work took a moment: of a server that was closed, all of it.
 * @param work gets a signal that is aborted when the time is over; it ends itself
 */
export async function withDeadline<Result>(
  milliseconds: number,
  work: (deadline: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const deadline = new AbortController()
  const timer = setTimeout(() => deadline.abort(), milliseconds)
  timer.unref()
  try {
    return await work(deadline.signal)
  } finally {
    clearTimeout(timer)
  }
}
