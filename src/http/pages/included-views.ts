// What a view includes, read from its text: at the start it is known whether all of that is there (overridden-views.ts).
import type { Eta } from 'eta'

/** A call of `include` or `layout` in a view. */
export interface Inclusion {
  /** What stands in the place of the name, as it is written. */
  written: string
  /** Undefined: the view computes it. */
  name: string | undefined
}

const CALLED: ReadonlySet<string> = new Set(['include', 'includeAsync', 'layout'])

const BLANK = /(?:\s|\/\*[\s\S]*?\*\/|\/\/[^\n]*)+/y
const REGEX = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\[\n])+\/\w*/y
const PIECE = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|[\w$]+|[\s\S]/y
/** What a value ends with: a stroke behind it divides. */
const VALUE = /[\w$)\]}'"`]$/
const BEFORE_VALUE: ReadonlySet<string> = new Set(['return', 'typeof', 'in', 'of', 'case'])

/** A name that is text, without anything to compute or to unescape. */
const TEXT = /^(['"`])((?:(?!\1|\\|\$\{).)*)\1$/s

interface Token {
  text: string
  at: number
}

/** Of the code of a view; strings and comments call nothing. @throws where Eta cannot tell code from text */
export function inclusionsOf(eta: Eta, text: string): Inclusion[] {
  return eta
    .parse(text)
    .flatMap((piece) => (typeof piece === 'string' ? [] : callsIn(piece.val)))
    .map((written) => ({ written, name: TEXT.exec(written)?.[2] }))
}

const matchAt = (pattern: RegExp, code: string, at: number): string => {
  pattern.lastIndex = at
  return pattern.exec(code)?.[0] ?? ''
}

/**
 * The tokens of code, without comments and blanks; what a template literal computes is a list of its own.
 * @param from behind a `${`, whose end is looked for; undefined: all of the code
 */
function tokensOf(code: string, from?: number): { lists: Token[][]; end: number } {
  const own: Token[] = []
  const lists = [own]
  let depth = 0
  let at = from ?? 0
  while (at < code.length) {
    at += matchAt(BLANK, code, at).length
    const before = own.at(-1)?.text ?? ''
    const divides = VALUE.test(before) && !BEFORE_VALUE.has(before)
    let text = (!divides && matchAt(REGEX, code, at)) || matchAt(PIECE, code, at)
    if (text === '`') {
      let end = at + 1
      while (end < code.length && code[end] !== '`') {
        if (code.startsWith('${', end)) {
          const computed = tokensOf(code, end + 2)
          lists.push(...computed.lists)
          end = computed.end
        }
        end += code[end] === '\\' ? 2 : 1
      }
      text = code.slice(at, end + 1)
    }
    if (text === '}' && from !== undefined && depth === 0) break
    depth += text === '{' ? 1 : text === '}' ? -1 : 0
    own.push({ text, at })
    at += text.length
  }
  return { lists, end: at }
}

/** The first arguments of the calls; of a function that something else is to call, its name. */
function callsIn(code: string): string[] {
  return tokensOf(code).lists.flatMap((tokens) =>
    tokens.flatMap(({ text }, at) => {
      const [before, second, next] = [at - 1, at - 2, at + 1].map((place) => tokens[place]?.text)
      const member = before === '.' && second !== '.'
      if (!CALLED.has(text) || member) return []
      if (next === '(') return [firstArgument(code, tokens.slice(at + 2))]
      const named = text === 'layout' || next === ':' || next === '='
      return named ? [] : [text]
    }),
  )
}

/** @param tokens behind the parenthesis that opens */
function firstArgument(code: string, tokens: readonly Token[]): string {
  let depth = 0
  for (const { text, at } of tokens) {
    if (depth === 0 && [',', ')'].includes(text)) return code.slice(tokens[0]?.at, at).trim()
    if ('([{'.includes(text)) depth += 1
    if (')]}'.includes(text)) depth -= 1
  }
  return code.slice(tokens[0]?.at).trim()
}
