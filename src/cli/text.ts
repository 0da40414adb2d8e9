import { sortable } from '../shared/moment.ts'

/** Rows in aligned columns. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length)
    })
  }
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Names and values in two columns; values that are undefined are left out. */
export const labelledLines = (
  entries: readonly (readonly [name: string, value: string | undefined])[],
): string =>
  table(
    entries.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [[`  ${name}`, value]])),
  )

/** @param milliseconds since the epoch; null gives a dash */
export const time = (milliseconds: number | null): string =>
  milliseconds === null ? '–' : sortable(milliseconds)

/** What others have typed must not steer the terminal. */
export const printable = (text: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd')
