import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'

const require = createRequire(import.meta.url)
/** The package brings photos for its tests. */
const photos = join(dirname(require.resolve('exif-parser/package.json')), 'test')
const photo = (name: string): Buffer => readFileSync(join(photos, name))

/** A photo as a phone has made it: JPEG, with where it was taken (55.04° N, 8.46° E) and a small copy of itself. */
export const photoWithPlace = (): Buffer => photo('starfish.jpg')
/** A JPEG of 2 by 1 pixels, with an ICC profile, XMP and Exif. */
export const smallJpeg = (): Buffer => photo('test.jpg')

/** The segments of a JPEG up to its scan: of the first of each marker what it holds. */
export function segmentsOf(jpeg: Buffer): { marker: number; data: Buffer }[] {
  const found: { marker: number; data: Buffer }[] = []
  for (let at = 2; jpeg[at + 1] !== 0xda; ) {
    const length = jpeg.readUInt16BE(at + 2)
    found.push({ marker: jpeg[at + 1] ?? 0, data: jpeg.subarray(at + 4, at + 2 + length) })
    at += 2 + length
  }
  return found
}

/** The Exif data of the photo, from its byte order on. */
export const placeData = (): Buffer =>
  segmentsOf(photoWithPlace())
    .find(({ data }) => data.toString('latin1', 0, 4) === 'Exif')
    ?.data.subarray(6) ?? Buffer.alloc(0)

/** Exif data that says how an image has to be turned, and one text more. @param value 1 to 8 */
export function turnedData(value: number): Buffer {
  const tiff = Buffer.alloc(48)
  tiff.write('II*\0\x08\0\0\0', 0, 'latin1')
  tiff.writeUInt16LE(2, 8)
  // Make (ASCII, behind the directory), then Orientation (SHORT).
  tiff.writeUInt16LE(0x010f, 10)
  tiff.writeUInt16LE(2, 12)
  tiff.writeUInt32LE(8, 14)
  tiff.writeUInt32LE(38, 18)
  tiff.writeUInt16LE(0x0112, 22)
  tiff.writeUInt16LE(3, 24)
  tiff.writeUInt32LE(1, 26)
  tiff.writeUInt16LE(value, 30)
  tiff.write('SecretCo', 38, 'latin1')
  return tiff
}

/** A JPEG with other Exif data than its own. */
export function jpegWithExif(jpeg: Buffer, tiff: Buffer): Buffer {
  const data = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([jpeg.subarray(0, 2), head, data, jpeg.subarray(2)])
}

export function pngChunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(12 + data.length)
  whole.writeUInt32BE(data.length, 0)
  whole.write(type, 4, 'latin1')
  data.copy(whole, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length)
  return whole
}

/** A PNG of one grey. @param extra chunks before its image */
export function png({ width = 8, height = 8, extra = [] as Buffer[] } = {}): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 0, 0, 0, 0], 8)
  const rows = Buffer.alloc((width + 1) * height, 0x77)
  for (let row = 0; row < height; row++) rows[row * (width + 1)] = 0
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...extra,
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

export function webpChunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(8 + data.length + (data.length % 2))
  whole.write(type, 0, 'latin1')
  whole.writeUInt32LE(data.length, 4)
  data.copy(whole, 8)
  return whole
}

const riff = (...chunks: Buffer[]): Buffer => {
  const body = Buffer.concat([Buffer.from('WEBP', 'latin1'), ...chunks])
  const head = Buffer.from('RIFF\0\0\0\0', 'latin1')
  head.writeUInt32LE(body.length, 4)
  return Buffer.concat([head, body])
}

/** One pixel, as VP8 has it. */
const PIXEL = Buffer.from('MAEAnQEqAQABAA7A/iWkAANwAAAAAA==', 'base64')

/** A WebP of one pixel. */
export const webp = (): Buffer => riff(webpChunk('VP8 ', PIXEL))

/** A WebP with chunks beside its image. @param flags of VP8X: 0x08 it has Exif, 0x04 it has XMP */
export const extendedWebp = (flags: number, ...beside: Buffer[]): Buffer =>
  riff(
    webpChunk('VP8X', Buffer.from([flags, 0, 0, 0, 0, 0, 0, 0, 0, 0])),
    webpChunk('VP8 ', PIXEL),
    ...beside,
  )
