import { type Load, load, median } from './load.ts'
import type { Scenario } from './scenarios.ts'
import type { Row } from './table.ts'
import type { Target } from './target.ts'

export interface MeasureOptions {
  /** Targets take turns in each; the result is the median. */
  rounds: number
  /** Length of a round. */
  seconds: number
  connections: number
  /** Requests before the first round. */
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

/** What one round cost a server, a request where that makes sense. */
interface Result extends Load {
  /** Microseconds of CPU time. */
  cpu: number | undefined
  /** Bytes. */
  written: number | undefined
  /** Microseconds. */
  gc: number | undefined
  loopP99: number
  loopMax: number
}

/** What a server has used so far: microseconds of CPU time, bytes written, and its pauses since the last call. */
async function spent({ server, written }: Target) {
  const cpu = server.cpu()
  return {
    cpu: cpu === undefined ? undefined : cpu * US_PER_MS,
    written: written ? await written() : server.written(),
    pauses: await server.ask('pauses'),
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

/** One scenario on all targets in turns, once they are warm. */
export async function measure(
  scenario: Scenario,
  bare: Target,
  targets: Target[],
  options: MeasureOptions,
): Promise<Row> {
  const { rounds, seconds, connections, hot, problems, say } = options
  const all = [bare, ...targets]
  const name = `${scenario.name}, ${connections} at once`
  const results = new Map<string, Result[]>(all.map((each) => [each.name, []]))
  say(`${name} `)
  for (const target of all) await warmUp(scenario, target, connections, hot)
  for (let round = 0; round < rounds; round++) {
    for (const target of all) {
      const spec = await scenario.prepare(target, connections)
      const before = await spent(target)
      const result = await load(spec, { seconds, connections })
      const after = await spent(target)
      if (result.failures > 0) {
        problems.push(`${name}, ${target.name}: ${result.failures} × ${result.firstFailure}`)
      }
      const a = (now: number | undefined, was: number | undefined = 0) =>
        now === undefined || result.requests === 0 ? undefined : (now - was) / result.requests
      const { loopP99, loopMax, collecting } = after.pauses
      results.get(target.name)?.push({
        ...result,
        cpu: a(after.cpu, before.cpu),
        written: a(after.written, before.written),
        gc: a(collecting * US_PER_MS),
        loopP99,
        loopMax,
      })
    }
    say('.')
  }
  say('\n')
  const medianOf = (target: Target, pick: (result: Result) => number | undefined) =>
    median((results.get(target.name) ?? []).map(pick).filter((value) => value !== undefined))
  const each = (list: Target[], pick: Parameters<typeof medianOf>[1]) =>
    Object.fromEntries(list.map((target) => [target.name, medianOf(target, pick)]))
  return {
    name,
    unit: 'req/s',
    baseline: medianOf(bare, (result) => result.perSecond),
    values: each(targets, (result) => result.perSecond),
    cpu: each(all, (result) => result.cpu),
    p50: each(all, (result) => result.p50),
    p99: each(all, (result) => result.p99),
    loopP99: each(all, (result) => result.loopP99),
    loopMax: each(all, (result) => result.loopMax),
    gc: each(all, (result) => result.gc),
    written: each(targets, (result) => result.written),
  }
}

/** Resident memory of each server as it is now. */
export function memoryRow(name: string, bare: Target, targets: Target[]): Row {
  return {
    name,
    unit: 'MiB',
    baseline: bare.server.memory(),
    values: Object.fromEntries(targets.map((target) => [target.name, target.server.memory()])),
  }
}
