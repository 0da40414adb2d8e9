import { LOOKS } from './allowed.ts'
import type { SvgElement } from './read.ts'

/** A style sheet that says more than how shapes of a class look. */
export class NoPlainStyle extends Error {}

const MAX_RULES = 1_000
const RULE = /\s*([^{}@\\;]+)\{([^{}@\\]*)\}\s*/y
/** A class, an element or an id, alone. */
const SELECTOR = /^[.#]?[A-Za-z_][\w-]*$/

/** `fill: red; stroke: none` */
export function declarationsOf(text: string): [property: string, value: string][] {
  return text.split(';').flatMap((each): [string, string][] => {
    const at = each.indexOf(':')
    const property = each.slice(0, Math.max(at, 0)).trim().toLowerCase()
    const value = each.slice(at + 1).replace('!important', '')
    return LOOKS.has(property) ? [[property, value.trim()]] : []
  })
}

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
  let at = 0
  let order = 0
  while (at < css.length) {
    RULE.lastIndex = at
    const [whole, selectors = '', body = ''] = RULE.exec(css) ?? []
    if (whole === undefined || order >= MAX_RULES) throw new NoPlainStyle()
    at += whole.length
    for (const selector of selectors.split(',').map((each) => each.trim())) {
      if (!SELECTOR.test(selector)) throw new NoPlainStyle()
      order += 1
      const rule: Rule = rules.get(selector) ?? new Map()
      for (const [property, value] of declarationsOf(body))
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
 * @throws NoPlainStyle
 */
export function withLooks(root: SvgElement): void {
  const all = elementsOf(root)
  const sheets = all.filter(({ name }) => name === 'style')
  if (sheets.some(({ attributes }) => attributes.has('media'))) throw new NoPlainStyle()
  const texts = sheets.flatMap(({ children }) => children.filter((each) => typeof each === 'string'))
  const rules = rulesOf(withoutComments(texts.join('')).trim())
  for (const { name, attributes } of all) {
    const classes = new Set((attributes.get('class') ?? '').split(/\s+/).map((each) => `.${each}`))
    const looks: Rule = new Map()
    for (const selector of [name, ...classes, `#${attributes.get('id') ?? ''}`])
      for (const [property, look] of rules.get(selector) ?? []) {
        const before = looks.get(property)
        const first = before && (before.weight - look.weight || before.order - look.order)
        if (first === undefined || first < 0) looks.set(property, look)
      }
    for (const [property, { value }] of looks) attributes.set(property, value)
    for (const [property, value] of declarationsOf(attributes.get('style') ?? ''))
      attributes.set(property, value)
  }
}
