import { type Load, load, median, quartiles } from './load.ts'
import type { Scenario } from './scenarios.ts'
import type { Row } from './table.ts'
import type { Target } from './target.ts'

export interface MeasureOptions {
  /** In each of them every target has a turn; the result is the median. */
  rounds: number
  /** Length of a turn. */
  seconds: number
  connections: number
  /** Requests to each target before the first round. */
  hot: number
  /** Wrong answers are added here, in words. */
  problems: string[]
  say: (text: string) => void
}

const US_PER_MS = 1000

/**
 * Requests after which the engine has compiled what they run through: a server is hot for all of its life. An introspection took 166 µs of CPU after some 9,000 of
 * them, 123 after 40,000.
 */
export const HOT = 30_000
/** Seconds between two looks at how many there were. */
const STRETCH = 0.5
/** Seconds that a scenario may take for it. */
const LONGEST = 15

/** What one turn cost a server, a request where that makes sense. */
interface Turn extends Load {
  /** Microseconds of CPU time. */
  cpu: number | undefined
  /** Bytes. */
  written: number | undefined
  /** Microseconds. */
  gc: number | undefined
  loopP99: number
  loopMax: number
}

/** What a server has used so far, CPU time and bytes written, and its pauses since the last call. */
async function spent({ server, written }: Target) {
  return { written: written ? await written() : server.written(), ...(await server.ask('pauses')) }
}

/** One turn of a target. */
async function turn(scenario: Scenario, target: Target, options: MeasureOptions): Promise<Turn> {
  const { seconds, connections, problems } = options
  const spec = await scenario.prepare(target, connections)
  const before = await spent(target)
  const result = await load(spec, { seconds, connections })
  const after = await spent(target)
  if (result.failures > 0)
    problems.push(
      `${scenario.name}, ${connections} at once, ${target.name}: ${result.failures} × ${result.firstFailure}`,
    )
  const a = (used: number | undefined) =>
    used === undefined || result.requests === 0 ? undefined : used / result.requests
  return {
    ...result,
    cpu: a((after.cpu - before.cpu) * US_PER_MS),
    written: a(after.written === undefined ? undefined : after.written - (before.written ?? 0)),
    gc: a(after.collecting * US_PER_MS),
    loopP99: after.loopP99,
    loopMax: after.loopMax,
  }
}

/** Code is compiled, caches are filled. */
export async function warmUp(
  scenario: Scenario,
  target: Target,
  connections: number,
  hot: number,
): Promise<void> {
  const end = performance.now() + LONGEST * 1000
  for (let requests = 0; requests < hot && performance.now() < end; ) {
    const answers = await load(await scenario.prepare(target, connections), { seconds: STRETCH, connections })
    if (answers.failures > 0) return
    requests += answers.requests
  }
}

/**
 * One scenario on all targets, once they are warm, in many short rounds: in each the targets follow one another at once, in the opposite order every other time, and
 * are compared with the bare library of that round. A machine that is slow for seconds is slow for all of them then.
 */
export async function measure(
  scenario: Scenario,
  bare: Target,
  targets: Target[],
  options: MeasureOptions,
): Promise<Row> {
  const { rounds, connections, hot, say } = options
  const all = [bare, ...targets]
  const name = `${scenario.name}, ${connections} at once`
  const turns = new Map<string, Turn[]>(all.map((each) => [each.name, []]))
  say(`${name} `)
  for (const target of all) await warmUp(scenario, target, connections, hot)
  for (let round = 0; round < rounds; round++) {
    for (const target of round % 2 === 0 ? all : [...all].reverse())
      turns.get(target.name)?.push(await turn(scenario, target, options))
    say('.')
  }
  say('\n')
  const of = (target: Target) => turns.get(target.name) ?? []
  const medianOf = (target: Target, pick: (turn: Turn) => number | undefined) =>
    median(
      of(target)
        .map(pick)
        .filter((value) => value !== undefined),
    )
  const each = (list: Target[], pick: Parameters<typeof medianOf>[1]) =>
    Object.fromEntries(list.map((target) => [target.name, medianOf(target, pick)]))
  const atEqualCpu = (target: Target) =>
    quartiles(
      of(target)
        .map(({ cpu }, round) => (of(bare)[round]?.cpu ?? Number.NaN) / (cpu ?? Number.NaN))
        .filter((times) => !Number.isNaN(times)),
    )
  return {
    name,
    unit: 'req/s',
    baseline: medianOf(bare, (turn) => turn.perSecond),
    values: each(targets, (turn) => turn.perSecond),
    times: Object.fromEntries(targets.map((target) => [target.name, atEqualCpu(target)])),
    cpu: each(all, (turn) => turn.cpu),
    p50: each(all, (turn) => turn.p50),
    p99: each(all, (turn) => turn.p99),
    loopP99: each(all, (turn) => turn.loopP99),
    loopMax: each(all, (turn) => turn.loopMax),
    gc: each(all, (turn) => turn.gc),
    written: each(targets, (turn) => turn.written),
  }
}
