// What of an SVG a logo is made of. What is not named here stays behind, or keeps the file from being taken.

/** Elements that draw something by themselves. */
export const SHAPES: ReadonlySet<string> = new Set(
  'path rect circle ellipse line polyline polygon text use'.split(' '),
)

/** Elements that hold shapes, or say how they are filled and cut. */
export const KEPT: ReadonlySet<string> = new Set([
  ...SHAPES,
  ...'svg g defs symbol tspan linearGradient radialGradient stop clipPath mask'.split(' '),
])

/** What they hold is kept without them: a link around a shape, and what Illustrator puts around a whole file. */
export const UNWRAPPED: ReadonlySet<string> = new Set(['a', 'switch'])

/** What is seen and not kept: without it, the logo would be another one. */
export const MISSED: ReadonlySet<string> = new Set(
  'image pattern filter marker textPath mesh meshgradient hatch'.split(' '),
)

/** The file draws by what is not kept. `element`: an element or a property, by its name */
export class Missed extends Error {
  readonly element: string
  constructor(element: string) {
    super(element)
    this.element = element
  }
}

/** Attributes of how a shape looks. A style sheet and the attribute `style` say them too. */
export const LOOKS: ReadonlySet<string> = new Set(
  `fill fill-opacity fill-rule stroke stroke-width stroke-opacity stroke-linecap stroke-linejoin stroke-miterlimit
  stroke-dasharray stroke-dashoffset opacity color stop-color stop-opacity clip-path clip-rule mask mask-type display visibility
  font-family font-size font-weight font-style font-stretch font-variant text-anchor letter-spacing word-spacing dominant-baseline
  alignment-baseline baseline-shift text-decoration paint-order vector-effect shape-rendering text-rendering overflow`.split(
    /\s+/,
  ),
)

/** Attributes of where it stands, and what it is called. */
const PLACES: ReadonlySet<string> = new Set(
  `id x y width height cx cy r rx ry x1 y1 x2 y2 fx fy fr dx dy d points transform rotate pathLength textLength lengthAdjust viewBox
  preserveAspectRatio offset gradientUnits gradientTransform spreadMethod clipPathUnits maskUnits maskContentUnits`.split(
    /\s+/,
  ),
)

/** Functions of transforms and colours. None of them loads anything. */
const FUNCTIONS: ReadonlySet<string> = new Set(
  'matrix translate translatex translatey scale scalex scaley rotate skewx skewy rgb rgba hsl hsla'.split(
    ' ',
  ),
)

const LONGEST = Math.max(...[...FUNCTIONS].map((each) => each.length))

/** What stands before a bracket. It is looked for in a few characters only: in many, each of them would be a start. */
const CALLED = /[\w-]*$/
const CHARACTERS = /^[\p{L}\p{N} \t\r\n#%.,+\-'"()/_:]*$/u
const LOCAL = /^url\( *(["']?)#([\w.:-]+)\1 *\)/
const REFERRING: ReadonlySet<string> = new Set(['fill', 'stroke', 'clip-path', 'mask'])
const ID = /^[\w.:-]+$/

/** The id that an attribute refers to. */
export function referenceOf(name: string, value: string): string | undefined {
  if (name === 'href') return value.startsWith('#') ? value.slice(1) : undefined
  return REFERRING.has(name) ? LOCAL.exec(value)?.[2] : undefined
}

/** The value as it is written; undefined: it is not kept. */
export function keptValue(name: string, given: string): string | undefined {
  const value = given.trim()
  if (name === 'id') return ID.test(value) ? value : undefined
  if (name === 'href') return value.startsWith('#') && ID.test(value.slice(1)) ? value : undefined
  if (!LOOKS.has(name) && !PLACES.has(name)) return undefined
  const target = referenceOf(name, value)
  if (target !== undefined) return `url(#${target})`
  const known = value
    .split('(')
    .slice(0, -1)
    .every((before) => FUNCTIONS.has(CALLED.exec(before.slice(-LONGEST - 1))?.[0].toLowerCase() ?? ''))
  return known && CHARACTERS.test(value) ? value : undefined
}
