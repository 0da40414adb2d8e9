import { createSecretKey, hash } from 'node:crypto'
import { expect, test } from 'vitest'
import { hexOf, oklchOf, contrast as ours } from '../../src/branding/colour.ts'
import {
  createSheets,
  goodAccent,
  goodBackground,
  type Palette,
  paletteOf,
  SHIPPED,
} from '../../src/branding/theme.ts'
import { contrast, tokens } from '../support/contrast.ts'

test('what ships is what the style sheet of the pages says', () => {
  for (const [name, pair] of Object.entries(SHIPPED))
    expect([name, ...pair]).toEqual([name, ...(tokens.get(name) ?? [])])
})

test('colours go to OKLCH and back, and have the contrast of WCAG', () => {
  // https://www.w3.org/WAI/WCAG22/Techniques/general/G18: #777777 on white is 4.48, #767676 is 4.54.
  expect(ours('#777777', '#ffffff')).toBeCloseTo(4.48, 2)
  expect(ours('#ffffff', '#767676')).toBeCloseTo(4.54, 2)
  // https://www.w3.org/TR/css-color-4/#ex-oklch: oklch(62.796% 0.25768 29.234deg) is red.
  const red = oklchOf('#ff0000')
  expect([red.lightness, red.chroma, (red.hue * 180) / Math.PI].map((part) => part.toFixed(3))).toEqual([
    '0.628',
    '0.258',
    '29.234',
  ])
  for (const colour of ['#000000', '#ffffff', '#0f5c73', '#7c3aed', '#00ff00', '#123456'])
    expect(hexOf(oklchOf(colour))).toBe(colour)
})

/** Every eighth part of red, green and blue. */
const STEPS = [0, 51, 102, 153, 204, 255]
const all = STEPS.flatMap((r) =>
  STEPS.flatMap((g) =>
    STEPS.map((b) => `#${[r, g, b].map((part) => part.toString(16).padStart(2, '0')).join('')}`),
  ),
)

const TEXT: [keyof Palette, (keyof Palette)[]][] = [
  ['ink', ['canvas', 'surface', 'raised', 'sunken', 'accent-soft']],
  ['muted', ['canvas', 'surface', 'raised', 'sunken']],
  ['accent', ['canvas', 'surface', 'raised', 'sunken', 'accent-soft']],
  ['accent-strong', ['canvas', 'surface', 'raised', 'sunken']],
  ['on-accent', ['accent', 'accent-strong']],
  ['danger', ['canvas', 'surface', 'sunken']],
  ['success', ['canvas', 'surface']],
  ['warn', ['canvas', 'surface']],
]

/** The pairs of a palette that cannot be read. */
const unreadable = (palette: Palette) => [
  ...TEXT.flatMap(([text, grounds]) =>
    grounds.flatMap((ground) =>
      [0, 1].flatMap((at) => {
        const found = contrast(palette[text][at] ?? '', palette[ground][at] ?? '')
        return found < 4.5 ? [`${text} on ${ground}: ${found}`] : []
      }),
    ),
  ),
  ...[0, 1].flatMap((at) =>
    contrast(palette.field[at] ?? '', palette.canvas[at] ?? '') < 3 ? ['field'] : [],
  ),
]

test('whatever is chosen, every text can be read, light and dark', () => {
  for (const accent of all)
    for (const background of [null, '#fdf6e3', '#e8f0ff', accent])
      expect([accent, background, unreadable(paletteOf({ accent, background }))]).toEqual([
        accent,
        background,
        [],
      ])
})

test('a colour that passes stays, and the nearest one of one that does not passes, and is no darker than it has to be', () => {
  expect(goodAccent('#0f5c73', null)).toBe('#0f5c73')
  expect(goodBackground('#f6f5f2')).toBe('#f6f5f2')
  for (const accent of all) {
    const good = goodAccent(accent, null)
    expect(goodAccent(good, null)).toBe(good)
    if (good === accent) continue
    const [given, found] = [oklchOf(accent), oklchOf(good)]
    const lighter = hexOf({ ...given, lightness: found.lightness + 0.02 })
    expect([accent, good, goodAccent(lighter, null) === lighter]).toEqual([accent, good, false])
  }
})

test('an address names its look and a digest of this server, and the sheet holds nothing but properties', () => {
  const { addressOf, sheetAt } = createSheets(createSecretKey(Buffer.alloc(32, 1)))
  expect(addressOf({ accent: null, background: null, radius: null })).toBeUndefined()
  const look = { accent: '#7c3aed', background: '#faf5ff', radius: 0 }
  const address = addressOf(look) ?? ''
  const [, digest = ''] =
    /^\/theme\/([\w-]{43})\.css\?accent=7c3aed&background=faf5ff&radius=0$/.exec(address) ?? []
  const sheet = sheetAt(digest, look) ?? ''
  expect(sheet).toMatch(
    /^@layer theme\{:root\{(--[\w-]+:(light-dark\(#[\da-f]{6},#[\da-f]{6}\)|\d+px|var\(--accent\));?)+\}\}\n$/,
  )
  expect(sheet).toContain('--accent:light-dark(#7c3aed,')
  expect(sheet).toContain('--r-m:0px')
  for (const other of [{ radius: 1 }, { accent: null }, { background: null }, { accent: '#faf5ff' }])
    expect(sheetAt(digest, { ...look, ...other })).toBeUndefined()
  expect(sheetAt('', look)).toBeUndefined()
  expect(sheetAt(hash('sha256', sheet, 'base64url'), look)).toBeUndefined()
  const elsewhere = createSheets(createSecretKey(Buffer.alloc(32, 2)))
  expect(elsewhere.sheetAt(digest, look)).toBeUndefined()
})
