import jsQR from 'jsqr'
import type { Locator } from 'playwright-core'
import sharp from 'sharp'

/** Rows of pixels of a character: what is light is drawn. */
const HALVES: Readonly<Record<string, readonly [boolean, boolean]>> = {
  ' ': [false, false],
  '\u2580': [true, false],
  '\u2584': [false, true],
  '\u2588': [true, true],
}
/** Pixels of a module, in what a terminal shows. */
const MODULE = 4

/** What a phone reads from lines that a program has printed in white on black. */
export function scanLines(printed: string): string | undefined {
  const rows = printed.split('\n').flatMap((line) => {
    const characters = [...line].map((character) => HALVES[character])
    return [0, 1].map((half) => characters.map((each) => each?.[half] ?? false))
  })
  const [width, height] = [Math.max(...rows.map(({ length }) => length)) * MODULE, rows.length * MODULE]
  const pixels = new Uint8ClampedArray(width * height * 4)
  for (let at = 0; at < width * height; at++) {
    const light = rows[Math.floor(at / width / MODULE)]?.[Math.floor((at % width) / MODULE)] === true
    pixels.set(light ? [255, 255, 255, 255] : [0, 0, 0, 255], at * 4)
  }
  return jsQR.default(pixels, width, height, { inversionAttempts: 'dontInvert' })?.data
}

/** The first thing that a program has printed in white on black. */
export const WHITE_ON_BLACK = /\[97;40m([ \n\u2580\u2584\u2588]+).\[0m/

/**
 * What a phone reads from this part of a page, by a decoder that is not from whom the code is drawn with. Dark on light
 * alone: many scanners take nothing else.
 */
export async function scan(part: Locator): Promise<string | undefined> {
  const image = sharp(await part.screenshot()).ensureAlpha()
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true })
  const pixels = new Uint8ClampedArray(data)
  return jsQR.default(pixels, info.width, info.height, { inversionAttempts: 'dontInvert' })?.data
}
