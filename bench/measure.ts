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
  /** Wrong answers are added here, in words. */
  problems: string[]
  say: (text: string) => void
}

/** One scenario on all targets in turns. A first round warms up: code is compiled, caches are filled, nothing is counted. */
export async function measure(
  scenario: Scenario,
  bare: Target,
  targets: Target[],
  options: MeasureOptions,
): Promise<Row> {
  const { rounds, seconds, connections, problems, say } = options
  const all = [bare, ...targets]
  const name = `${scenario.name}, ${connections} at once`
  const results = new Map<string, (Load & { cpu: number | undefined })[]>(all.map((each) => [each.name, []]))
  say(`${name} `)
  for (let round = -1; round < rounds; round++) {
    for (const target of all) {
      const spec = await scenario.prepare(target, connections)
      const before = target.server.cpu()
      const result = await load(spec, { seconds: round < 0 ? 0.5 : seconds, connections })
      const after = target.server.cpu()
      if (result.failures > 0) {
        problems.push(`${name}, ${target.name}: ${result.failures} × ${result.firstFailure}`)
      }
      if (round < 0) continue
      const known = before !== undefined && after !== undefined && result.requests > 0
      const cpu = known ? ((after - before) * 1000) / result.requests : undefined
      results.get(target.name)?.push({ ...result, cpu })
    }
    say('.')
  }
  say('\n')
  const medianOf = (
    target: Target,
    pick: (result: Load & { cpu: number | undefined }) => number | undefined,
  ) => median((results.get(target.name) ?? []).map(pick).filter((value) => value !== undefined))
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
