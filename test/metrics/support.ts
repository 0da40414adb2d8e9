import { bearer } from '../api/support.ts'

export interface Series {
  name: string
  labels: Record<string, string>
  value: number
}

/** One reading, line by line. @throws Error for a line that is not the text format of Prometheus */
export function parseMetrics(text: string): Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !/^# (HELP|TYPE) [a-z_]\w* ./.test(line))
    .map((line) => {
      const found = /^([a-z_]\w*)(?:\{(.*)\})? (\S+)$/.exec(line)
      if (found === null) throw new Error(`not a line of metrics: ${line}`)
      const [, name = '', labels = '', value = ''] = found
      const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)",?/g)]
      return {
        name,
        labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])),
        value: Number(value),
      }
    })
}

/** Reads the metrics at an address. @throws Error when they may not be read */
export async function readMetrics(origin: string, token?: string) {
  const answer = await fetch(`${origin}/metrics`, token === undefined ? {} : { headers: bearer(token) })
  if (answer.status !== 200) throw new Error(`/metrics answers ${answer.status}`)
  const series = parseMetrics(await answer.text())
  return {
    series,
    /** The sum of the series that have these labels. */
    sum: (name: string, labels: Record<string, string> = {}): number =>
      series
        .filter((each) => each.name === name)
        .filter((each) => Object.entries(labels).every(([key, value]) => each.labels[key] === value))
        .reduce((sum, { value }) => sum + value, 0),
  }
}
