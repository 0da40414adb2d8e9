import { median } from './load.ts'
import type { Row } from './table.ts'
import type { Target } from './target.ts'

const defined = (values: (number | undefined)[]) => values.filter((value) => value !== undefined)

/** Starts on existing data: time to “listening”, time to ready, resident memory before the first request. */
export async function startUp(bare: Target, targets: Target[], rounds: number): Promise<Row[]> {
  const listening = new Map<string, (number | undefined)[]>()
  const ready = new Map<string, (number | undefined)[]>()
  const memory = new Map<string, (number | undefined)[]>()
  const note = (map: typeof ready, name: string, value: number | undefined) =>
    map.set(name, [...(map.get(name) ?? []), value])

  for (let round = 0; round < rounds; round++) {
    for (const target of [bare, ...targets]) {
      await target.restart()
      note(listening, target.name, target.server.listeningAfter)
      note(ready, target.name, target.server.readyAfter)
      note(memory, target.name, target.server.memory())
    }
  }
  const row = (name: string, unit: Row['unit'], map: typeof ready): Row => {
    const value = (target: Target) => median(defined(map.get(target.name) ?? []))
    return {
      name,
      unit,
      baseline: value(bare),
      values: Object.fromEntries(targets.map((target) => [target.name, value(target)])),
    }
  }
  return [
    row('start to “listening”', 'ms', listening),
    row('start to ready', 'ms', ready),
    row('memory when ready', 'MiB', memory),
  ]
}
