import type { Page, PageRequest } from './paging.ts'

/** A spreadsheet takes a cell that begins so, full-width signs too, for a formula, and would run what a person has entered as their name. */
const FORMULA = /^[=+\-@\t\r\n\uFF1D\uFF0B\uFF0D\uFF20]/
/** Where a list of a language is separated by semicolons, or a file is opened by tabs, a cell begins here as well, quotes or not. */
const FORMULA_BEHIND = /(?<!^)([;\t]["\s]*)(?=[=+\-@\uFF1D\uFF0B\uFF0D\uFF20])/g

/** A cell of a CSV file (RFC 4180). What is no text is its JSON; null is empty. */
export function csvCell(value: unknown): string {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  const behind = text.replaceAll(FORMULA_BEHIND, "$1'")
  const harmless = FORMULA.test(behind) ? `'${behind}` : behind
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}

/** Rows in one file; of more, a search finds those that are meant. */
export const MAX_EXPORTED = 10_000
const ROWS_OF_PAGE = 100

/**
 * A list as a CSV file (RFC 4180) piece by piece: a page of it is in memory at a time.
 * @param columns by the names in the first line @param page reads one
 */
export async function* csvOfPages<Item>(
  columns: Readonly<Record<string, (item: Item) => unknown>>,
  page: (wanted: Required<Pick<PageRequest, 'cursor' | 'limit'>>) => Promise<Page<Item>>,
): AsyncGenerator<string> {
  yield `${Object.keys(columns).join(',')}\r\n`
  let cursor: string | undefined
  for (let rows = 0; rows < MAX_EXPORTED; ) {
    const { items, next_cursor } = await page({ cursor, limit: ROWS_OF_PAGE })
    const lines = items.map((item) =>
      Object.values(columns)
        .map((cell) => csvCell(cell(item)))
        .join(','),
    )
    yield lines.map((line) => `${line}\r\n`).join('')
    if (next_cursor === undefined) return
    cursor = next_cursor
    rows += Math.max(items.length, 1)
  }
}
