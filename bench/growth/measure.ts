import type { HttpBrowser } from '../../test/support/flow.ts'
import { median, type Quartiles, quartiles } from '../load.ts'
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

type Request = () => Promise<unknown>

/** The same request of two servers. Times are milliseconds, the median. */
export interface Compared {
  empty: number
  full: number
  /** Of the two requests of each round. */
  ratio: Quartiles
}

/** Before what counts: so many requests to each, or as many as this time has room for. */
const WARM = { requests: 30, milliseconds: 3000 }
const COMPARED = 21

async function timed(request: Request): Promise<number> {
  const began = performance.now()
  await request()
  return performance.now() - began
}

async function warm(request: Request): Promise<void> {
  const until = performance.now() + WARM.milliseconds
  for (let count = 0; count < WARM.requests && performance.now() < until; count++) await request()
}

/** In turns, one request each, so that what the machine does beside falls on both alike; the first of a round is the other one each time. */
export async function compare(empty: Request, full: Request, rounds = COMPARED): Promise<Compared> {
  await warm(empty)
  await warm(full)
  const times: { empty: number; full: number }[] = []
  for (let round = 0; round < rounds; round++)
    if (round % 2 === 0) times.push({ empty: await timed(empty), full: await timed(full) })
    else {
      const later = await timed(full)
      times.push({ empty: await timed(empty), full: later })
    }
  return {
    empty: median(times.map((each) => each.empty)),
    full: median(times.map((each) => each.full)),
    ratio: quartiles(times.map((each) => each.full / each.empty)),
  }
}

/** A page that is there. */
export const page = (browser: HttpBrowser, url: string) => async () => {
  const { status, text } = await browser.open(url)
  if (status !== 200) throw new Error(`${url} answered ${status}: ${text.slice(0, 200)}`)
}
