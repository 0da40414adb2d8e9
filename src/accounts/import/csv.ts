import { type Line, MAX_LINE_LENGTH } from './lines.ts'

/** A record of a CSV file. `number` is the line that it begins on. */
export interface CsvRecord {
  number: number
  values?: string[]
  problem?: string
}

/** The records of a CSV file (RFC 4180): commas, fields in double quotes may hold commas, line ends and doubled quotes. */
export async function* recordsOf(lines: AsyncIterable<Line>): AsyncGenerator<CsvRecord> {
  let open: { number: number; text: string } | undefined
  for await (const line of lines) {
    if (line.text === undefined) {
      open = undefined
      yield { number: line.number, problem: line.problem ?? 'cannot be read' }
      continue
    }
    if (open === undefined && line.text === '') continue
    const number: number = open?.number ?? line.number
    const text: string = open === undefined ? line.text : `${open.text}\n${line.text}`
    const values = split(text)
    if (values === 'open' && text.length <= MAX_LINE_LENGTH) {
      open = { number, text }
      continue
    }
    open = undefined
    if (typeof values === 'string') yield { number, problem: PROBLEMS[values] }
    else yield { number, values }
  }
  if (open !== undefined) yield { number: open.number, problem: PROBLEMS.open }
}

const PROBLEMS = {
  open: 'has a quote that is not closed',
  quote: 'has a quote in the middle of a field; put the whole field in quotes, and write "" for a quote',
}

/** The fields; `open`: it goes on in the next line; `quote`: a quote where none belongs. */
function split(text: string): string[] | 'open' | 'quote' {
  const values: string[] = []
  let at = 0
  for (;;) {
    if (text[at] !== '"') {
      const comma = text.indexOf(',', at)
      const value = text.slice(at, comma === -1 ? undefined : comma)
      if (value.includes('"')) return 'quote'
      values.push(value)
      if (comma === -1) return values
      at = comma + 1
      continue
    }
    let value = ''
    for (;;) {
      const quote = text.indexOf('"', at + 1)
      if (quote === -1) return 'open'
      value += text.slice(at + 1, quote)
      at = quote + 1
      if (text[at] !== '"') break
      value += '"'
    }
    values.push(value)
    if (at === text.length) return values
    if (text[at] !== ',') return 'quote'
    at++
  }
}
