import { keptValue, LOOKS, Missed } from './allowed.ts'
import { atMost, type SvgElement } from './read.ts'

/** A style sheet that says more than how shapes of a class look. */
export class NoPlainStyle extends Error {}

/** Selectors with what is said of each. */
const MAX_RULES = 1_000
/** Properties of rules that count for an element, in all. */
const MAX_LOOKS = 200_000
/** Rules of rules, and characters by another name. */
const NOT_PLAIN = /[@\\]/
/** A class, an element or an id, alone. */
const SELECTOR = /^[.#]?[A-Za-z_][\w-]*$/

/** Properties that change what is drawn, and that no attribute of their name says. */
const MISSED_LOOKS: ReadonlySet<string> = new Set(['filter', 'mix-blend-mode', 'transform'])
const CHANGES_NOTHING: ReadonlySet<string> = new Set(['none', 'normal'])

/**
 * `fill: red; stroke: none`; of equals, the last counts that can be read. One that cannot leaves what was said before it, as browsers do.
 * @throws Missed
 */
const declarationsOf = (text: string): Map<string, string> =>
  new Map(
    text.split(';').flatMap((each): [string, string][] => {
      const at = each.indexOf(':')
      const property = each.slice(0, Math.max(at, 0)).trim().toLowerCase()
      const value = each
        .slice(at + 1)
        .replace('!important', '')
        .trim()
      if (MISSED_LOOKS.has(property) && !CHANGES_NOTHING.has(value)) throw new Missed(property)
      return LOOKS.has(property) && keptValue(property, value) !== undefined ? [[property, value]] : []
    }),
  )

function withoutComments(css: string): string {
  const [outside = '', ...rest] = css.replaceAll('<!--', ' ').replaceAll('-->', ' ').split('/*')
  return (
    outside +
    rest
      .map((piece) => {
        const end = piece.indexOf('*/')
        return end < 0 ? '' : ` ${piece.slice(end + 2)}`
      })
      .join('')
  )
}

/** An id counts more than a class, that more than an element. */
const weightOf = (selector: string): number => ['.', '#'].indexOf(selector.charAt(0)) + 1

/** What the rules of a selector say, each property with the place of its rule: of equals, the last counts. */
type Rule = Map<string, { value: string; weight: number; order: number }>

/**
 * What the style sheets of a file say, by selector; programs that draw write rules of classes.
 * @throws NoPlainStyle for anything else
 */
function rulesOf(css: string): Map<string, Rule> {
  const rules = new Map<string, Rule>()
  const pieces = css.split('}')
  if (NOT_PLAIN.test(css) || pieces.pop()?.trim() !== '') throw new NoPlainStyle()
  let order = 0
  for (const piece of pieces) {
    const [selectors = '', body, ...more] = piece.split('{')
    if (body === undefined || more.length > 0) throw new NoPlainStyle()
    const declarations = declarationsOf(body)
    for (const selector of selectors.split(',').map((each) => each.trim())) {
      order += 1
      if (order > MAX_RULES || !SELECTOR.test(selector)) throw new NoPlainStyle()
      const rule: Rule = rules.get(selector) ?? new Map()
      for (const [property, value] of declarations)
        rule.set(property, { value, weight: weightOf(selector), order })
      rules.set(selector, rule)
    }
  }
  return rules
}

const elementsOf = (element: SvgElement): SvgElement[] => [
  element,
  ...element.children.flatMap((child) => (typeof child === 'string' ? [] : elementsOf(child))),
]

/**
 * Writes what style sheets and the attribute `style` say into attributes of their own, so that a file needs neither.
 * @throws NoPlainStyle, TooMuch and Missed
 */
export function withLooks(root: SvgElement): void {
  const all = elementsOf(root)
  const sheets = all.filter(({ name }) => name === 'style')
  if (sheets.some(({ attributes }) => attributes.has('media'))) throw new NoPlainStyle()
  const texts = sheets.flatMap(({ children }) => children.filter((each) => typeof each === 'string'))
  const rules = rulesOf(withoutComments(texts.join('')))
  const counted = atMost(MAX_LOOKS)
  for (const { name, attributes } of all) {
    const classes = new Set((attributes.get('class') ?? '').split(/\s+/).map((each) => `.${each}`))
    const looks: Rule = new Map()
    for (const selector of [name, ...classes, `#${attributes.get('id') ?? ''}`])
      for (const [property, look] of rules.get(selector) ?? []) {
        counted(1)
        const before = looks.get(property)
        const first = before && (before.weight - look.weight || before.order - look.order)
        if (first === undefined || first < 0) looks.set(property, look)
      }
    for (const [property, { value }] of looks) attributes.set(property, value)
    for (const [property, value] of declarationsOf(attributes.get('style') ?? ''))
      attributes.set(property, value)
  }
}
