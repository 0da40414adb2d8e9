/** `npm run bench -- profile --only NAME`: where a server's time goes under one kind of request. */
import { writeFile } from 'node:fs/promises'
import type { Profiler } from 'node:inspector/promises'
import { load } from './load.ts'
import { HOT, warmUp } from './measure.ts'
import type { Scenario } from './scenarios.ts'
import type { Target } from './target.ts'

const SECONDS = 5
const LINES = 45

interface Share {
  what: string
  /** Microseconds. */
  self: number
}

/** Microseconds of each function by itself, the dearest first; the same function of a bundle is one however it was called. */
export function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Share[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]))
  const times = new Map<string, number>()
  for (const [at, id] of samples.entries()) {
    const what = names.get(id) ?? ''
    times.set(what, (times.get(what) ?? 0) + (timeDeltas[at] ?? 0))
  }
  return [...times].map(([what, self]) => ({ what, self })).sort((a, b) => b.self - a.self)
}

const nameOf = ({
  functionName,
  url,
  lineNumber,
}: Profiler.Profile['nodes'][number]['callFrame']): string => {
  const file = url.split('/').slice(-2).join('/')
  return `${functionName || '(anonymous)'}${file ? `  ${file}:${lineNumber + 1}` : ''}`
}

/**
 * Runs a scenario on a target for five seconds, once it is warm, and says what each function took a request.
 * @param file where the whole profile is kept, for DevTools or speedscope
 */
export async function profile(
  scenario: Scenario,
  target: Target,
  connections: number,
  file: string,
): Promise<string> {
  await warmUp(scenario, target, connections, HOT)
  const spec = await scenario.prepare(target, connections)
  await target.server.ask('profile')
  const { requests } = await load(spec, { seconds: SECONDS, connections })
  const taken = (await target.server.ask('profiled')) as Profiler.Profile
  await writeFile(file, JSON.stringify(taken))
  const shares = selfTimes(taken).filter(({ what }) => what !== '(idle)')
  const all = shares.reduce((sum, { self }) => sum + self, 0)
  const lines = shares
    .slice(0, LINES)
    .map(
      ({ what, self }) =>
        `${((100 * self) / all).toFixed(1).padStart(5)} % ${(self / requests).toFixed(2).padStart(8)} µs  ${what}`,
    )
  return [
    `${scenario.name}, ${target.name}: ${requests} requests, ${(all / requests).toFixed(1)} µs each on the thread of the event loop`,
    ...lines,
    `the whole profile: ${file}`,
  ].join('\n')
}
