/** Results of earlier runs, one file a day, and what got worse since the last. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Row } from './table.ts'

export interface Results {
  machine: { cpu: string | undefined; node: string; pinned: boolean }
  /** Of requests, and of the rows that are something else. */
  turns: { rounds: number; seconds: number }
  rounds: number
  seconds: number
  rows: Row[]
  problems: string[]
}

const numbers = z.record(z.string(), z.number().nullish())
const stored = z.object({
  rows: z.array(
    z.object({
      name: z.string(),
      unit: z.string(),
      baseline: z.number().nullish(),
      values: numbers,
      cpu: numbers.optional(),
      times: z.record(z.string(), z.object({ median: z.number().nullable() })).optional(),
    }),
  ),
})
type Stored = z.infer<typeof stored>['rows'][number]

/** A ratio of two ratios that the machine's noise does not explain. */
const NOISE = 1.15

/**
 * What one target costs compared with its baseline: CPU a request where it was measured, of one round each where rounds were kept. More is worse.
 * Undefined where one of both is missing.
 */
function cost(row: Stored, target: string): number | undefined {
  const times = row.times?.[target]?.median
  if (times) return 1 / times
  const [own, other] = row.cpu ? [row.cpu[target], row.cpu.bare] : [row.values[target], row.baseline]
  if (!own || !other) return undefined
  const faster = !row.cpu && (row.unit === 'req/s' || row.unit === 'sign-ins/s')
  return faster ? other / own : own / other
}

/** A line for each row and target that costs more against the baseline than before, by more than noise. */
export function whatGotWorse(before: readonly Stored[], now: readonly Stored[]): string[] {
  const earlier = new Map(before.map((row) => [row.name, row]))
  return now.flatMap((row) => {
    const old = earlier.get(row.name)
    return Object.keys(row.values).flatMap((target) => {
      const [was, is] = [old && cost(old, target), cost(row, target)]
      if (!was || !is || is < was * NOISE) return []
      return [`${row.name}, ${target}: × ${was.toFixed(2)} → × ${is.toFixed(2)} of the baseline`]
    })
  })
}

/** The rows of the youngest file in the folder; undefined when there is none. */
export async function lastResults(folder: string): Promise<{ file: string; rows: Stored[] } | undefined> {
  const files = await readdir(folder).catch(() => [])
  const file = files
    .filter((name) => name.endsWith('.json'))
    .sort()
    .at(-1)
  if (!file) return undefined
  return { file, rows: stored.parse(JSON.parse(await readFile(join(folder, file), 'utf8'))).rows }
}

/** Writes `<date>.json`; a second run of the same day takes its place. */
export async function keepResults(folder: string, results: Results, now = new Date()): Promise<string> {
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${now.toISOString().slice(0, 10)}.json`)
  await writeFile(file, `${JSON.stringify(results, null, 1)}\n`)
  return file
}
