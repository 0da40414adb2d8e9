import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { Problem } from './problems.ts'

export const sizes = ['cover', 'thumbnail'] as const
export type CoverSize = (typeof sizes)[number]

const THUMBNAIL = 150
const LONGEST_SIDE = 1200
/** A few kilobytes can hold a billion pixels, all of which would have to be in memory. */
const MAX_PIXELS = 24_000_000
const SECONDS = 5
const FORMATS = new Set(['jpeg', 'png', 'webp'])
/** Images decoded at a time, and those that may wait for it. */
const AT_ONCE = 2
const WAITING = 8

// Of the forty formats that the library can read, most have had holes. Three are enough for covers.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({
  operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer', 'VipsForeignLoadWebpBuffer'],
})

/**
 * What people upload is never stored: it is decoded, and what is stored is made anew from the pixels, without EXIF (the
 * place where the photo was taken) and whatever else was hidden in the file. Names are random and ours.
 */
export function createCovers(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = (name: string, size: CoverSize) => join(folder, `${name}-${size}.webp`)
  const gate = createGate()

  return {
    /** @returns the name @throws Problem 415 no such image, 422 a damaged or too large one, 429 too many at once */
    save: (upload: Buffer): Promise<string> =>
      gate(async () => {
        const images = await decode(upload)
        const name = randomUUID()
        await Promise.all(sizes.map((size) => writeFile(path(name, size), images[size], { mode: 0o600 })))
        return name
      }),
    read: (name: string, size: CoverSize): Promise<Buffer> => readFile(path(name, size)),
    async remove(name: string | null): Promise<void> {
      if (name !== null) await Promise.all(sizes.map((size) => rm(path(name, size), { force: true })))
    },
  }
}

export type Covers = ReturnType<typeof createCovers>

async function decode(upload: Buffer): Promise<Record<CoverSize, Buffer>> {
  const image = sharp(upload, { limitInputPixels: MAX_PIXELS, failOn: 'truncated' })
  const { format, width, height } = await image.metadata().catch((error: unknown) => {
    if (String(error).includes('pixel limit')) throw tooLarge()
    throw new Problem(415, 'not_an_image', 'The cover is not a JPEG, PNG or WebP image.')
  })
  if (!FORMATS.has(format))
    throw new Problem(415, 'not_an_image', 'The cover is not a JPEG, PNG or WebP image.')
  if (width * height > MAX_PIXELS) throw tooLarge()
  try {
    const upright = image.timeout({ seconds: SECONDS }).autoOrient()
    const [cover, thumbnail] = await Promise.all([
      upright
        .clone()
        .resize({ width: LONGEST_SIDE, height: LONGEST_SIDE, fit: 'inside', withoutEnlargement: true })
        .webp()
        .toBuffer(),
      upright.clone().resize(THUMBNAIL, THUMBNAIL).webp().toBuffer(),
    ])
    return { cover, thumbnail }
  } catch {
    throw new Problem(422, 'damaged_image', 'The cover cannot be decoded.', { cover: ['is damaged'] })
  }
}

const tooLarge = () =>
  new Problem(422, 'image_too_large', 'The cover has too many pixels.', {
    cover: [`has more than ${MAX_PIXELS / 1e6} megapixels`],
  })

/** Decoding takes memory and both cores, so only a few go at a time, and not many wait. */
function createGate() {
  let running = 0
  const waiting: (() => void)[] = []
  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= AT_ONCE) {
      if (waiting.length >= WAITING)
        throw new Problem(429, 'busy', 'Too many covers at once. Try again shortly.')
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else {
      running++
    }
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }
}
