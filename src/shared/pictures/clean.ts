// Owns: what is kept of an uploaded picture. A photo of a phone says where and when it was taken, by which device, and may hold a
// smaller copy of itself from before it was cut: none of that is for the apps that a person shows their face to.
//
// What a picture is made of is copied, piece by piece, by a list of what an image needs (jpeg.ts, png.ts, webp.ts); everything else
// stays behind, known or not, and what follows the end of the image too. The image itself is not encoded anew: nothing of it is lost.
import { cleanJpeg } from './jpeg.ts'
import { cleanPng } from './png.ts'
import { cleanWebp } from './webp.ts'

/** A picture without what it says beside the image. Sides are pixels. */
export interface CleanPicture {
  mediaType: 'image/png' | 'image/jpeg' | 'image/webp'
  bytes: Buffer
  width: number
  height: number
}

/** How a picture is read: undefined where its pieces do not fit together. One that is wider than `maxSide` may be without pieces. */
export type CleanImage = (
  bytes: Buffer,
  maxSide: number,
) => Promise<{ pieces: Buffer[]; width: number; height: number } | undefined>

/** Pixels of the longer side: a small file can be an image that fills the memory of the browser that shows it. */
export const MAX_SIDE = 4096

const KINDS: readonly {
  mediaType: CleanPicture['mediaType']
  begins: (bytes: Buffer) => boolean
  clean: CleanImage
}[] = [
  {
    mediaType: 'image/png',
    begins: (bytes) => bytes.subarray(0, 8).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')),
    clean: cleanPng,
  },
  {
    mediaType: 'image/jpeg',
    begins: (bytes) => bytes.subarray(0, 3).equals(Buffer.from([0xff, 0xd8, 0xff])),
    clean: cleanJpeg,
  },
  {
    mediaType: 'image/webp',
    begins: (bytes) =>
      bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WEBP',
    clean: cleanWebp,
  },
]

/**
 * What it is by its bytes, whatever it is called. SVG is none of the kinds: it is a program.
 * @returns `unknown`: no PNG, JPEG or WebP; `damaged`: it begins like one, and is none; `too_wide`: a side is too long
 */
export async function cleanPicture(
  uploaded: Uint8Array,
): Promise<CleanPicture | 'unknown' | 'damaged' | 'too_wide'> {
  const bytes = Buffer.from(uploaded.buffer, uploaded.byteOffset, uploaded.length)
  const kind = KINDS.find(({ begins }) => begins(bytes))
  if (!kind) return 'unknown'
  const image = await kind.clean(bytes, MAX_SIDE)
  if (!image || image.width < 1 || image.height < 1) return 'damaged'
  const { pieces, width, height } = image
  if (Math.max(width, height) > MAX_SIDE) return 'too_wide'
  return { mediaType: kind.mediaType, bytes: Buffer.concat(pieces), width, height }
}
