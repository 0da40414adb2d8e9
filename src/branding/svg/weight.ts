// Owns: how much a browser has to draw for a logo, where each reference draws what it refers to once more.
import { referenceOf } from './allowed.ts'
import { type SvgElement, TooMuch } from './read.ts'

/** Of all that is drawn: an element weighs one, and more for what is long in it. */
const MAX_WEIGHT = 20_000
/** Characters of a path or of points that weigh as much as an element does. */
const PER_WEIGHT = 20
/** Times that an element weighs more whose lines, or those in it, are dashed: each dash is a line. */
const DASHED = 1_000
/** Of what is drawn apart, and then put on the rest. */
const LAYER = 20
/** References that lead from one to the next. */
const MAX_CHAIN = 300

const saysMore = (value: string | undefined, plain: string): boolean =>
  value !== undefined && value !== 'none' && value !== plain

function ownWeight({ attributes, children }: SvgElement): number {
  const points = (attributes.get('d')?.length ?? 0) + (attributes.get('points')?.length ?? 0)
  const text = children.reduce((sum, each) => sum + (typeof each === 'string' ? each.trim().length : 0), 0)
  const layers = [
    ...['mask', 'clip-path'].map((name) => attributes.get(name)),
    attributes.get('opacity'),
  ].filter((value) => saysMore(value, '1')).length
  return 1 + points / PER_WEIGHT + text + layers * LAYER
}

/** @throws TooMuch for what draws too much, and for what refers to itself */
export function checkWeight(root: SvgElement): void {
  const byId = new Map<string, SvgElement>()
  const collect = (element: SvgElement): void => {
    const id = element.attributes.get('id')
    if (id !== undefined && !byId.has(id)) byId.set(id, element)
    for (const child of element.children) if (typeof child !== 'string') collect(child)
  }
  collect(root)
  const known = new Map<SvgElement, number>()
  const open = new Set<SvgElement>()
  const weigh = (element: SvgElement): number => {
    const before = known.get(element)
    if (before !== undefined) return before
    if (open.has(element) || open.size > MAX_CHAIN) throw new TooMuch()
    open.add(element)
    const referred = [...element.attributes].flatMap(
      ([name, value]) => byId.get(referenceOf(name, value) ?? '') ?? [],
    )
    const held = element.children.filter((child) => typeof child !== 'string')
    const once = [...held, ...referred].reduce((sum, each) => sum + weigh(each), ownWeight(element))
    const weight = saysMore(element.attributes.get('stroke-dasharray'), '0') ? once * DASHED : once
    if (weight > MAX_WEIGHT) throw new TooMuch()
    open.delete(element)
    known.set(element, weight)
    return weight
  }
  weigh(root)
}
