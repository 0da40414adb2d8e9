import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/*
 * The colours of the pages, by WCAG 2.2: text at 4.5:1 (SC 1.4.3), edges of fields and the ring of the focus at 3:1 (SC 1.4.11).
 */

const sheet = readFileSync(new URL('../../public/css/tokens.css', import.meta.url), 'utf8')

/** name → the colour where it is light, where it is dark. */
const tokens = new Map(
  [...sheet.matchAll(/--([\w-]+): (?:light-dark\((#\w{6}), (#\w{6})\)|(#\w{6}));/g)].map(
    ([, name = '', light, dark, both]) => [name, [light ?? both ?? '', dark ?? both ?? '']] as const,
  ),
)

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

const grounds = ['canvas', 'surface', 'raised', 'sunken']
const TEXT: [text: string, grounds: string[]][] = [
  ['ink', [...grounds, 'accent-soft']],
  ['muted', grounds],
  ['accent', [...grounds, 'accent-soft']],
  ['accent-strong', grounds],
  ['on-accent', ['accent', 'accent-strong']],
  ['danger', [...grounds, 'danger-soft']],
  ['on-danger', ['danger', 'danger-strong']],
  ['success', ['surface', 'canvas', 'success-soft']],
  ['warn', ['surface', 'canvas', 'warn-soft']],
]
const EDGES: [edge: string, grounds: string[]][] = [
  ['field', ['surface', 'canvas', 'raised']],
  ['accent', grounds],
]

const pairs = (table: typeof TEXT, least: number) =>
  table.flatMap(([colour, on]) =>
    on.flatMap((ground) => ['light', 'dark'].map((scheme) => [colour, ground, scheme, least] as const)),
  )

test.each([...pairs(TEXT, 4.5), ...pairs(EDGES, 3)])(
  '%s on %s, %s: at least %d',
  (colour, ground, scheme, least) => {
    const at = scheme === 'light' ? 0 : 1
    const [one, other] = [tokens.get(colour)?.[at] ?? '', tokens.get(ground)?.[at] ?? '']
    expect([one, other]).toEqual([expect.stringMatching(/^#/), expect.stringMatching(/^#/)])
    expect(contrast(one, other)).toBeGreaterThanOrEqual(least)
  },
)
