import type { Instruments } from './instruments.ts'

/** Jobs running and waiting. */
export interface Load {
  running: number
  waiting: number
}

/** Whom to ask at each reading. Times are in milliseconds since the epoch. */
export interface Sources {
  now(): number
  info: { version: string; node: string; database: 'sqlite' | 'postgresql' }
  hashes(): Load
  /** Undefined: there is no pool (SQLite). */
  pool(): { busy: number; idle: number; waiting: number } | undefined
  mailQueue(): Load
  deliveries(): (Load & { kind: string })[]
  jobs(): { name: string; every: number; doneAt: number; failures: number }[]
  /** Asks the database. */
  keys(): Promise<{ alg: string; state: string; createdAt: number }[]>
}

/** How long the database may take, in milliseconds; then the rest is answered without it. */
const PATIENCE = 3000

/** Puts what the sources say into the gauges. What cannot be had is left out. */
export async function readSources(sources: Sources, gauges: Instruments): Promise<void> {
  const keys = await within(PATIENCE, sources.keys()).catch(() => undefined)
  // From here on nothing waits: two readings at once must not mix.
  const now = sources.now()
  gauges.choreFailures.reset()
  gauges.info.set({ ...sources.info }, 1)
  gauges.databaseUp.set(keys === undefined ? 0 : 1)
  for (const [state, value] of Object.entries(sources.hashes())) gauges.hashes.set({ state }, value)
  for (const [state, value] of Object.entries(sources.pool() ?? {})) gauges.pool.set({ state }, value)
  for (const [state, value] of Object.entries(sources.mailQueue())) gauges.mailQueue.set({ state }, value)
  for (const { kind, ...load } of sources.deliveries())
    for (const [state, value] of Object.entries(load)) gauges.deliveryQueue.set({ kind, state }, value)
  for (const { name: chore, every, doneAt, failures } of sources.jobs()) {
    gauges.choreAge.set({ chore }, (now - doneAt) / 1000)
    gauges.choreInterval.set({ chore }, every / 1000)
    gauges.choreFailures.inc({ chore }, failures)
  }
  gauges.keyAge.reset()
  for (const { alg, state, age } of oldest(keys ?? [], now)) gauges.keyAge.set({ alg, state }, age)
}

/** Of each algorithm and state the age of its oldest key, in seconds. Retired ones sign nothing, and become ever more. */
function oldest(keys: Awaited<ReturnType<Sources['keys']>>, now: number) {
  const kept = Map.groupBy(
    keys.filter(({ state }) => state !== 'retired'),
    ({ alg, state }) => `${alg} ${state}`,
  )
  return [...kept.values()].map((group) => ({
    alg: group[0]?.alg ?? '',
    state: group[0]?.state ?? '',
    age: (now - Math.min(...group.map(({ createdAt }) => createdAt))) / 1000,
  }))
}

async function within<Result>(milliseconds: number, work: Promise<Result>): Promise<Result> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${milliseconds} ms`)), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
