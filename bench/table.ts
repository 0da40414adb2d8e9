import type { Quartiles } from './load.ts'

/** One line of the result: how a number of each target compares with its baseline. */
export interface Row {
  name: string
  unit: 'req/s' | 'ms' | 'MiB' | 'sign-ins/s'
  baseline: number | undefined
  /** What the baseline is, when it is not the bare library. */
  against?: string
  /** By the target's name. */
  values: Record<string, number | undefined>
  /** Requests at equal CPU time, as a multiple of the bare library's in the same round. */
  times?: Record<string, Quartiles>
  /** Microseconds of the server's CPU time a request, the baseline's under “bare”: the bare library's, or of what `against` names. */
  cpu?: Record<string, number | undefined>
  /** Milliseconds to an answer, half of them and 99 % of them, the baseline's under “bare”. */
  p50?: Record<string, number | undefined>
  p99?: Record<string, number | undefined>
  /** Milliseconds for which the event loop was held up, 99 % of its turns and the longest, the baseline's under “bare”. */
  loopP99?: Record<string, number | undefined>
  loopMax?: Record<string, number | undefined>
  /** Microseconds of collecting garbage a request, the baseline's under “bare”. */
  gc?: Record<string, number | undefined>
  /** Bytes written a request: on SQLite by the server to its disk, on PostgreSQL to its write-ahead log. */
  written?: Record<string, number | undefined>
}

/** Rows that are measured; where that fails, none, and a problem that names them: the rows before and after count. */
export async function rowsOrProblem(
  name: string,
  take: () => Promise<Row | Row[]>,
  problems: string[],
): Promise<Row[]> {
  try {
    return [await take()].flat()
  } catch (error) {
    problems.push(`${name}: ${error instanceof Error ? error.message : error}`)
    return []
  }
}

const digits = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return '–'
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1)
}

/** “200 → 300 (× 1.50)”: what the bare library spends on a request, and each target. */
function cpuCell(cpu: Row['cpu'], targets: readonly string[]): string {
  if (!cpu) return ''
  const parts = targets.map((target) => `${digits(cpu[target])} (${ratio(cpu[target], cpu.bare)})`)
  return [digits(cpu.bare), ...parts].join(' → ')
}

type Numbers = Record<string, number | undefined>

/** “2.1 | 8.0 → 3.0 | 12.0”: two numbers of the bare library and of each target. */
function pairs(first: Numbers | undefined, second: Numbers | undefined, targets: readonly string[]): string {
  if (!first || !second) return ''
  return ['bare', ...targets].map((name) => `${digits(first[name])} | ${digits(second[name])}`).join(' → ')
}

/** “12 → 3,400”: one number of each target. */
const each = (numbers: Numbers | undefined, targets: readonly string[]): string =>
  numbers ? targets.map((name) => digits(numbers[name])).join(' → ') : ''

const ratio = (value: number | undefined, baseline: number | undefined): string =>
  value === undefined || !baseline ? '–' : `× ${(value / baseline).toFixed(2)}`

/** “0.92 (0.88–0.97)”: the middle of the rounds, and where half of them are. */
const timesCell = (times: Row['times'], targets: readonly string[]): string =>
  times
    ? targets
        .map((name) => times[name])
        .map((of) => (of ? `${twoDigits(of.median)} (${twoDigits(of.low)}–${twoDigits(of.high)})` : '–'))
        .join(' → ')
    : ''

const twoDigits = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(2))

/** The rows as text. A ratio over 1 is good for rates, bad for milliseconds and memory. */
export function table(rows: readonly Row[], targets: readonly string[]): string {
  const head = [
    '',
    'unit',
    'baseline',
    ...targets.flatMap((target) => [target, 'ratio']),
    'CPU µs a request',
    'requests at equal CPU',
    'p50 | p99, ms',
    'loop p99 | longest, ms',
    'GC µs',
    'bytes written',
    'against',
  ]
  const lines = rows.map((row) => [
    row.name,
    row.unit,
    digits(row.baseline),
    ...targets.flatMap((target) => [digits(row.values[target]), ratio(row.values[target], row.baseline)]),
    cpuCell(row.cpu, targets),
    timesCell(row.times, targets),
    pairs(row.p50, row.p99, targets),
    pairs(row.loopP99, row.loopMax, targets),
    each(row.gc, ['bare', ...targets]),
    each(row.written, targets),
    row.against ?? 'bare oidc-provider',
  ])
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  const left = (column: number) => column < 2 || column >= head.length - 7
  return all
    .map((line) =>
      line
        .map((cell, column) =>
          left(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
