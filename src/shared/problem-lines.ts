/** Lines of a text, and characters of a name and of a message in it. */
const MAX = { lines: 20, name: 64, message: 700 }

export const clipped = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, length)}…` : text

/** What is wrong with an input, a line each, for people. However much was sent, it is short. */
export function problemLines(problems: readonly { field: string; message: string }[]): string {
  const shown = problems
    .slice(0, MAX.lines)
    .map(({ field, message }) => `${clipped(field, MAX.name)}: ${clipped(message, MAX.message)}`)
  const rest = problems.length - shown.length
  return [...shown, ...(rest > 0 ? [`… and ${rest} more`] : [])].join('\n')
}
