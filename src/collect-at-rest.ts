import { getHeapStatistics } from 'node:v8'

/** Between two looks, in milliseconds. */
const LOOK = 20_000
/** A server that used less of a core than this since the last look is at rest: its jobs take a tenth of it. */
const AT_REST = 0.03
/** What the heap has to have grown by since the last collection, in bytes, for another one to be worth its pause. */
const WORTH = 8 * 1024 * 1024

export interface Rest {
  /** Collects all garbage, at once. */
  collect(): void
  /** Milliseconds of CPU time that the process has used so far. */
  cpu(): number
  /** Bytes that the heap takes, with garbage and free pages. */
  heap(): number
}

/**
 * V8 collects when it allocates: after a load the heap would stay as large as the load has made it. Here it is collected when the process has
 * come to rest, when nobody is there to notice the pause.
 * @returns to be called every `LOOK` milliseconds
 */
export function collectAtRest({ collect, cpu, heap }: Rest): () => void {
  let used = cpu()
  let before = heap()
  return () => {
    const now = cpu()
    const atRest = now - used < LOOK * AT_REST
    used = now
    if (!atRest || heap() < before + WORTH) return
    collect()
    used = cpu()
    before = heap()
  }
}

/** Looks after this process from now on. @param collect see `Rest` */
export function watchRest(collect: () => void): void {
  const look = collectAtRest({
    collect,
    cpu: () => {
      const { user, system } = process.cpuUsage()
      return (user + system) / 1000
    },
    heap: () => getHeapStatistics().total_heap_size,
  })
  setInterval(look, LOOK).unref()
}
