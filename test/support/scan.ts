import jsQR from 'jsqr'
import type { Locator } from 'playwright-core'
import sharp from 'sharp'

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
