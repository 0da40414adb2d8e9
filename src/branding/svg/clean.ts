// Owns: what is kept of an SVG that an owner uploads for a logo. It is read as XML and written anew from a list of elements, attributes and values
// (allowed.ts): scripts, handlers, animations, links and what editors keep are not on it, and nothing in it leads out of the file.
import { isUtf8 } from 'node:buffer'
import { KEPT, keptValue, MISSED, Missed, SHAPES, UNWRAPPED } from './allowed.ts'
import { atMost, readSvg, type SvgElement, TooMuch } from './read.ts'
import { NoPlainStyle, withLooks } from './styles.ts'
import { checkWeight } from './weight.ts'

/** Why an SVG is not taken. `missed`: it draws by an element that is not kept */
export type RefusedSvg =
  | { why: 'damaged' | 'too_much' | 'style' | 'no_size' | 'nothing' }
  | { why: 'missed'; element: string }

/** Pixels of the longer side, as its address says them; it is as sharp at any. */
const SIDE = 512
/** Of what a view says. */
const MAX_COORDINATE = 1e6
/** Of each of its sides. */
const MIN_SIDE = 1e-3
/** Of the longer side to the shorter. */
const MAX_RATIO = 20
/** Characters that are kept, those of a style sheet once for each element that they are said of; and bytes as written. */
const MAX_KEPT = 512 * 1024

/**
 * The element with what is on the list; undefined: nothing of it is.
 * @param read is told the characters that are looked at @throws Missed
 */
function keptOf(element: SvgElement, read: (characters: number) => void): SvgElement | undefined {
  const { name, attributes, children } = element
  if (MISSED.has(name)) throw new Missed(name)
  if (attributes.has('filter') && attributes.get('filter') !== 'none') throw new Missed('filter')
  if (!KEPT.has(name) && !UNWRAPPED.has(name)) return undefined
  const kept = new Map<string, string>()
  for (const [attribute, given] of attributes) {
    read(attribute.length + given.length)
    const value = keptValue(attribute, given)
    if (value !== undefined) kept.set(attribute, value)
  }
  if (UNWRAPPED.has(name)) kept.delete('href')
  // What stands in another file is not drawn.
  if (name === 'use' && !kept.has('href')) throw new Missed('use href')
  return {
    name: UNWRAPPED.has(name) ? 'g' : name,
    attributes: kept,
    children: children.flatMap((child): (SvgElement | string)[] => {
      if (typeof child === 'string') return name === 'text' || name === 'tspan' ? [child] : []
      const inner = keptOf(child, read)
      return inner === undefined ? [] : [inner]
    }),
  }
}

const drawsSomething = ({ name, children }: SvgElement): boolean =>
  SHAPES.has(name) || children.some((child) => typeof child !== 'string' && drawsSomething(child))

const LENGTH = /^(\d+(?:\.\d+)?(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?)(?:px)?$/i

/** Where the picture stands in its own coordinates. Undefined: it does not say. */
function viewBoxOf({ attributes }: SvgElement): [number, number, number, number] | undefined {
  const [x = 0, y = 0, ...sides] = attributes
    .get('viewBox')
    ?.trim()
    .split(/[\s,]+/)
    .map(Number) ?? [
    0,
    0,
    ...['width', 'height'].map((side) => Number(LENGTH.exec(attributes.get(side)?.trim() ?? '')?.[1])),
  ]
  const [width = Number.NaN, height = Number.NaN, ...more] = sides
  const good =
    [x, y, width, height].every((each) => Math.abs(each) <= MAX_COORDINATE) &&
    [width >= MIN_SIDE, height >= MIN_SIDE, more.length === 0].every(Boolean)
  return good && Math.max(width / height, height / width) <= MAX_RATIO ? [x, y, width, height] : undefined
}

const ESCAPED: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const escaped = (text: string): string =>
  text.replaceAll(/[&<>"]/g, (character) => ESCAPED[character] ?? '').replaceAll(/\p{Cc}/gu, ' ')

function written({ name, attributes, children }: SvgElement): string {
  const said = [...attributes].map(([attribute, value]) => ` ${attribute}="${escaped(value)}"`).join('')
  const inner = children
    .map((child) => (typeof child === 'string' ? escaped(child) : written(child)))
    .join('')
  return inner === '' ? `<${name}${said}/>` : `<${name}${said}>${inner}</${name}>`
}

/**
 * An SVG as it is kept.
 * @param uploaded UTF-8; another encoding is none, whatever the file says of itself
 */
export function cleanSvg(
  uploaded: Uint8Array,
): { bytes: Buffer; width: number; height: number } | RefusedSvg {
  try {
    const read = isUtf8(uploaded) ? readSvg(new TextDecoder().decode(uploaded)) : undefined
    if (read === undefined) return { why: 'damaged' }
    const viewBox = viewBoxOf(read)
    if (viewBox === undefined) return { why: 'no_size' }
    withLooks(read)
    const kept = keptOf(read, atMost(MAX_KEPT))
    if (kept === undefined || !drawsSomething(kept)) return { why: 'nothing' }
    checkWeight(kept)
    const [, , wide, high] = viewBox
    const scale = SIDE / Math.max(wide, high)
    const width = Math.round(wide * scale)
    const height = Math.round(high * scale)
    for (const place of ['x', 'y']) kept.attributes.delete(place)
    const attributes = new Map([
      ['xmlns', 'http://www.w3.org/2000/svg'],
      ...kept.attributes,
      ...Object.entries({ width: String(width), height: String(height), viewBox: viewBox.join(' ') }),
    ])
    const bytes = Buffer.from(written({ ...kept, attributes }))
    return bytes.length > MAX_KEPT ? { why: 'too_much' } : { bytes, width, height }
  } catch (error) {
    if (error instanceof TooMuch) return { why: 'too_much' }
    if (error instanceof NoPlainStyle) return { why: 'style' }
    if (error instanceof Missed) return { why: 'missed', element: error.element }
    throw error
  }
}
