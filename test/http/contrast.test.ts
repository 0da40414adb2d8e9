import { expect, test } from 'vitest'
import { contrast, tokens } from '../support/contrast.ts'

/*
 * The colours of the pages, by WCAG 2.2: text at 4.5:1 (SC 1.4.3), edges of fields and the ring of the focus at 3:1 (SC 1.4.11).
 */

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
