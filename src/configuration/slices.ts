/** How long one piece of long work may keep the event loop, in milliseconds. */
const SLICE = 10

/** Awaited after each piece of long work: lets requests in when its time is up, and costs nothing before. */
export type Breathe = () => Promise<void> | undefined

/** For one piece of long work, begun now. */
export function createBreathe(): Breathe {
  let began = performance.now()
  return () => {
    if (performance.now() - began < SLICE) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        began = performance.now()
        resolve()
      }),
    )
  }
}
