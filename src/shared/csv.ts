/** A spreadsheet takes a cell that begins so for a formula, and would run what a person has entered as their name. */
const FORMULA = /^[=+\-@\t\r]/

/** A cell of a CSV file (RFC 4180). What is no text is its JSON; null is empty. */
export function csvCell(value: unknown): string {
  const text = value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value)
  const harmless = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n']/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
