import { SaxesParser } from 'saxes'

/** An element of SVG. Those of other namespaces are not read: what programs that draw keep in a file for themselves. */
export interface SvgElement {
  name: string
  /** Those without a namespace, and `href` of XLink. */
  attributes: Map<string, string>
  children: (SvgElement | string)[]
}

const SVG = 'http://www.w3.org/2000/svg'
const XLINK = 'http://www.w3.org/1999/xlink'

/** Elements, and how deep one stands. A logo has some hundred. */
const MAX_ELEMENTS = 5_000
const MAX_DEPTH = 60

/** The file says more than a logo does. */
export class TooMuch extends Error {}

/** What is spent in all. @throws TooMuch once it is more */
export function atMost(most: number): (more: number) => void {
  let left = most
  return (more) => {
    left -= more
    if (left < 0) throw new TooMuch()
  }
}

/**
 * Well-formed XML alone, and no entities but those that XML itself has: a document type that declares others is not looked at, so that
 * what names them is not well-formed.
 * @returns undefined: it is no SVG @throws TooMuch
 */
export function readSvg(text: string): SvgElement | undefined {
  const parser = new SaxesParser({ xmlns: true, defaultXMLVersion: '1.0', forceXMLVersion: true })
  // Its own map has what every object has: `&constructor;` would be known.
  parser.ENTITIES = Object.assign(Object.create(null), { amp: '&', gt: '>', lt: '<', quot: '"', apos: "'" })
  let root: SvgElement | undefined
  const counted = atMost(MAX_ELEMENTS)
  /** From the root to where the parser is; undefined: an element that is not read, or stands in one. */
  const open: (SvgElement | undefined)[] = []
  const say = (said: string) => open.at(-1)?.children.push(said)
  parser.on('text', say)
  parser.on('cdata', say)
  parser.on('opentag', ({ uri, local, attributes }) => {
    counted(1)
    if (open.length >= MAX_DEPTH) throw new TooMuch()
    const within = open.at(-1)
    const read = uri === SVG && (open.length === 0 || within !== undefined)
    const element = read ? { name: local, attributes: attributesOf(attributes), children: [] } : undefined
    if (element !== undefined) within?.children.push(element)
    root ??= element
    open.push(element)
  })
  parser.on('closetag', () => void open.pop())
  try {
    parser.write(text).close()
  } catch (error) {
    if (error instanceof TooMuch) throw error
    return undefined
  }
  return root?.name === 'svg' ? root : undefined
}

const attributesOf = (
  attributes: Readonly<Record<string, { uri: string; local: string; value: string }>>,
): Map<string, string> =>
  new Map(
    Object.values(attributes)
      .filter(({ uri, local }) => uri === '' || (uri === XLINK && local === 'href'))
      .map(({ local, value }) => [local, value]),
  )
