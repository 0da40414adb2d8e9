// What a view includes, read from its text: at the start it is known whether all of that is there (overridden-views.ts).
import type { Eta } from 'eta'

/** A call of `include` or `layout` in a view. */
export interface Inclusion {
  /** What stands in the place of the name, as it is written. */
  written: string
  /** Undefined: the view computes it. */
  name: string | undefined
}

const STRING = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|`(?:\\.|[^`\\])*`/.source
const COMMENT = /\/\*[\s\S]*?\*\/|\/\/[^\n]*/.source
/** A name that is text, without anything to compute or to unescape. */
const TEXT = /^(['"`])((?:(?!\1|\\|\$\{).)*)\1$/s

/** Of the code of a view; strings and comments call nothing. @throws where Eta cannot tell code from text */
export function inclusionsOf(eta: Eta, text: string): Inclusion[] {
  return eta
    .parse(text)
    .flatMap((piece) => (typeof piece === 'string' ? [] : callsIn(piece.val)))
    .map((written) => ({ written, name: TEXT.exec(written)?.[2] }))
}

/** The first arguments of the calls. */
function callsIn(code: string): string[] {
  const calls = new RegExp(`${COMMENT}|${STRING}|(?<![.\\w$])(?:include|layout)\\s*\\((?<rest>)`, 'g')
  return [...code.matchAll(calls)]
    .filter(({ groups }) => groups?.rest !== undefined)
    .map((call) => firstArgument(code.slice(call.index + call[0].length)))
}

/** @param code behind the parenthesis that opens */
function firstArgument(code: string): string {
  let depth = 0
  for (const { 0: token, index } of code.matchAll(new RegExp(`${COMMENT}|${STRING}|[([{,}\\])]`, 'g'))) {
    if (depth === 0 && [',', ')'].includes(token)) return code.slice(0, index).trim()
    if ('([{'.includes(token)) depth += 1
    if (')]}'.includes(token)) depth -= 1
  }
  return code.trim()
}
