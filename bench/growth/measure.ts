import type { HttpBrowser } from '../../test/support/flow.ts'
import { median } from '../load.ts'
import type { Target } from '../target.ts'

const ROUNDS = 7
/** Milliseconds between two requests that ask whether the server answers at all. */
const TICK = 5

export interface Cost {
  /** Milliseconds, the median. */
  time: number
  /** How long another request had to wait meanwhile, at most. */
  wait: number
}

/** One request over and over, and beside it another one that is small. */
export async function measure(
  target: Target,
  request: () => Promise<unknown>,
  rounds = ROUNDS,
): Promise<Cost> {
  const times: number[] = []
  let wait = 0
  let over = false
  const watch = (async () => {
    while (!over) {
      const asked = performance.now()
      await (await fetch(`${target.server.issuer}/health/live`)).arrayBuffer()
      wait = Math.max(wait, performance.now() - asked)
      await new Promise((resolve) => setTimeout(resolve, TICK))
    }
  })()
  for (let round = 0; round < rounds; round++) {
    const began = performance.now()
    await request()
    times.push(performance.now() - began)
  }
  over = true
  await watch
  return { time: median(times), wait }
}

/** A page that is there. */
export const page = (browser: HttpBrowser, url: string) => async () => {
  const { status, text } = await browser.open(url)
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text.slice(0, 200)}`)
}
