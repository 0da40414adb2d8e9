/** Colours as `#rrggbb`, the contrast of two of them, and the same hue at another lightness. */

/** Lightness 0 to 1, chroma from 0, hue in radians: equal steps of lightness look equal (https://bottosson.github.io/posts/oklab/). */
export interface Oklch {
  lightness: number
  chroma: number
  hue: number
}

type Three = readonly [number, number, number]

const linear = (part: number): number => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)

const encoded = (part: number): number =>
  part <= 0.0031308 ? part * 12.92 : 1.055 * part ** (1 / 2.4) - 0.055

/** @param colour `#rrggbb` */
const partsOf = (colour: string): Three => {
  const at = (index: number) => linear(Number.parseInt(colour.slice(index, index + 2), 16) / 255)
  return [at(1), at(3), at(5)]
}

const luminance = (colour: string): number => {
  const [red, green, blue] = partsOf(colour)
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** WCAG 2.2, “contrast ratio”: 1 to 21. */
export function contrast(one: string, other: string): number {
  const [first, second] = [luminance(one), luminance(other)]
  return (Math.max(first, second) + 0.05) / (Math.min(first, second) + 0.05)
}

export function oklchOf(colour: string): Oklch {
  const [r, g, b] = partsOf(colour)
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
  const [a, other] = [
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ]
  return {
    lightness: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    chroma: Math.hypot(a, other),
    hue: Math.atan2(other, a),
  }
}

/** Its parts of red, green and blue, linear; outside of 0 to 1 where no screen shows it. */
function linearOf({ lightness, chroma, hue }: Oklch): Three {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)]
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ]
}

const isShown = (parts: Three): boolean => parts.every((part) => part >= -0.0005 && part <= 1.0005)

/** Steps of halving. */
const STEPS = 24

/** The colour with as much of its chroma as a screen shows. */
export function hexOf(colour: Oklch): string {
  let [low, high] = [0, colour.chroma]
  if (!isShown(linearOf(colour))) {
    for (let step = 0; step < STEPS; step++) {
      const chroma = (low + high) / 2
      if (isShown(linearOf({ ...colour, chroma }))) low = chroma
      else high = chroma
    }
  } else low = colour.chroma
  const bytes = linearOf({ ...colour, chroma: low }).map((part) =>
    Math.round(encoded(Math.min(1, Math.max(0, part))) * 255),
  )
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`
}

/**
 * The colour itself where it passes; else the nearest of its hue that does, by its lightness.
 * @param towards 0: it gets darker; 1: lighter. The end has to pass
 */
export function nearest(colour: string, towards: 0 | 1, passes: (colour: string) => boolean): string {
  if (passes(colour)) return colour
  const from = oklchOf(colour)
  let [wrong, right] = [from.lightness, towards as number]
  for (let step = 0; step < STEPS; step++) {
    const lightness = (wrong + right) / 2
    if (passes(hexOf({ ...from, lightness }))) right = lightness
    else wrong = lightness
  }
  return hexOf({ ...from, lightness: right })
}
