/** One line of the result: how a number of each target compares with its baseline. */
export interface Row {
  name: string
  unit: 'req/s' | 'ms' | 'MiB' | 'sign-ins/s'
  baseline: number | undefined
  /** What the baseline is, when it is not the bare library. */
  against?: string
  /** By the target's name. */
  values: Record<string, number | undefined>
  /** Microseconds of the server's CPU time a request, the baseline's under “bare”. */
  cpu?: Record<string, number | undefined>
  /** Milliseconds to an answer, half of them and 99 % of them, the baseline's under “bare”. */
  p50?: Record<string, number | undefined>
  p99?: Record<string, number | undefined>
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

/** “2.1 | 8.0 → 3.0 | 12.0”: half of the answers | 99 % of them, of the bare library and of each target. */
function timesCell({ p50, p99 }: Row, targets: readonly string[]): string {
  if (!p50 || !p99) return ''
  return ['bare', ...targets].map((name) => `${digits(p50[name])} | ${digits(p99[name])}`).join(' → ')
}

const ratio = (value: number | undefined, baseline: number | undefined): string =>
  value === undefined || !baseline ? '–' : `× ${(value / baseline).toFixed(2)}`

/** The rows as text. A ratio over 1 is good for rates, bad for milliseconds and memory. */
export function table(rows: readonly Row[], targets: readonly string[]): string {
  const head = [
    '',
    'unit',
    'baseline',
    ...targets.flatMap((target) => [target, 'ratio']),
    'CPU µs a request',
    'p50 | p99, ms',
    'against',
  ]
  const lines = rows.map((row) => [
    row.name,
    row.unit,
    digits(row.baseline),
    ...targets.flatMap((target) => [digits(row.values[target]), ratio(row.values[target], row.baseline)]),
    cpuCell(row.cpu, targets),
    timesCell(row, targets),
    row.against ?? 'bare oidc-provider',
  ])
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column]?.length ?? 0)))
  const left = (column: number) => column < 2 || column >= head.length - 3
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
