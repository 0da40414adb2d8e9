import ExifReader from 'exifreader'
import { describe, expect, test } from 'vitest'
import { cleanPicture, MAX_SIDE } from '../../src/accounts/picture/clean.ts'
import {
  extendedWebp,
  jpegWithExif,
  photoWithPlace,
  placeData,
  png,
  pngChunk,
  segmentsOf,
  smallJpeg,
  turnedData,
  webp,
  webpChunk,
} from '../support/pictures.ts'

/** What another program reads of a picture. */
const read = (bytes: Buffer) => ExifReader.load(bytes, { expanded: true })
const clean = (bytes: Buffer): Buffer => {
  const cleaned = cleanPicture(bytes)
  if (typeof cleaned === 'string') throw new Error(cleaned)
  return cleaned.bytes
}
const text = (words: string) => Buffer.from(words, 'latin1')

describe('a picture says nothing beside its image', () => {
  test('a photo of a phone loses where it was taken, by what, and the small copy of itself', () => {
    const before = read(photoWithPlace())
    expect(before.gps).toMatchObject({ Latitude: expect.closeTo(55.0388), Longitude: expect.closeTo(8.4572) })
    expect(before.Thumbnail).toBeDefined()
    const cleaned = clean(photoWithPlace())
    expect(Object.keys(read(cleaned)).toSorted()).toEqual(['file', 'jfif'])
    expect(cleaned.includes('Exif')).toBe(false)
    expect(cleanPicture(photoWithPlace())).toMatchObject({
      mediaType: 'image/jpeg',
      width: 1278,
      height: 720,
    })
    // Its image is the same to the byte.
    const scan = (jpeg: Buffer) => jpeg.subarray(jpeg.lastIndexOf(Buffer.from([0xff, 0xda])))
    const image = scan(cleaned)
    expect(image.length).toBeGreaterThan(250_000)
    expect(image.equals(scan(photoWithPlace()).subarray(0, image.length))).toBe(true)
  })

  test('a JPEG keeps its colours, and loses comments, XMP and what follows its end', () => {
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 14]), text('my address: ')])
    const at = smallJpeg()
    const dirty = Buffer.concat([at.subarray(0, 2), comment, at.subarray(2), text('A FILM')])
    expect(read(dirty).xmp).toBeDefined()
    const cleaned = clean(dirty)
    expect(Object.keys(read(cleaned)).toSorted()).toEqual(['file', 'icc', 'jfif'])
    for (const left of ['my address', 'A FILM', 'xmp', 'Exif']) expect(cleaned.includes(left)).toBe(false)
  })

  test.each([1, 3, 6, 8])('how a JPEG is turned (%i) stays, alone', (turned) => {
    const cleaned = clean(jpegWithExif(smallJpeg().subarray(0), turnedData(turned)))
    const exif = read(cleaned).exif as Record<string, { value: unknown }> | undefined
    expect(exif?.Orientation?.value).toBe(turned === 1 ? undefined : turned)
    expect(cleaned.includes('SecretCo')).toBe(false)
    expect(segmentsOf(cleaned).filter(({ marker }) => marker === 0xe1)).toHaveLength(turned === 1 ? 0 : 1)
  })

  test('a PNG loses Exif, texts and times; how it is turned stays', () => {
    const extra = [
      pngChunk('eXIf', placeData()),
      pngChunk('tEXt', text('Author\0Ada')),
      pngChunk('iTXt', text('XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>')),
      pngChunk('tIME', Buffer.from([7, 234, 11, 30, 12, 0, 0])),
      pngChunk('prVt', text('what nobody knows')),
      pngChunk('pHYs', Buffer.from([0, 0, 11, 19, 0, 0, 11, 19, 1])),
    ]
    expect(read(png({ extra })).gps).toMatchObject({ Latitude: expect.closeTo(55.0388) })
    const cleaned = clean(Buffer.concat([png({ extra }), text('TRAILER')]))
    expect(cleaned.equals(png({ extra: [extra.at(-1) ?? Buffer.alloc(0)] }))).toBe(true)
    const turned = clean(png({ extra: [pngChunk('eXIf', turnedData(6))] }))
    expect((read(turned).exif as Record<string, { value: unknown }>).Orientation?.value).toBe(6)
    expect(turned.includes('SecretCo')).toBe(false)
  })

  test('a WebP loses Exif, XMP and what is unknown; how it is turned stays', () => {
    const dirty = extendedWebp(
      0x0c,
      webpChunk('EXIF', placeData()),
      webpChunk('XMP ', text('<x:xmpmeta/>')),
      webpChunk('NOTE', text('what nobody knows')),
    )
    expect(read(dirty).gps).toMatchObject({ Latitude: expect.closeTo(55.0388) })
    expect(clean(Buffer.concat([dirty, text('TRAILER')])).equals(extendedWebp(0))).toBe(true)
    expect(clean(webp()).equals(webp())).toBe(true)
    const turned = clean(extendedWebp(0x08, webpChunk('EXIF', turnedData(8))))
    expect((read(turned).exif as Record<string, { value: unknown }>).Orientation?.value).toBe(8)
    expect(turned.includes('SecretCo')).toBe(false)
  })

  test('a frame of an animated WebP holds its image alone', () => {
    const frame = (...chunks: Buffer[]) => webpChunk('ANMF', Buffer.concat([Buffer.alloc(16), ...chunks]))
    const pixel = webp().subarray(12)
    const animated = (...frames: Buffer[]) => {
      const still = extendedWebp(0x02, ...frames)
      // Without the image of a still one.
      const all = Buffer.concat([still.subarray(0, 30), still.subarray(30 + pixel.length)])
      all.writeUInt32LE(all.length - 8, 4)
      return all
    }
    const cleaned = clean(animated(frame(pixel, webpChunk('NOTE', text('hidden'))), frame(pixel)))
    expect(cleaned.equals(animated(frame(pixel), frame(pixel)))).toBe(true)
    expect(cleanPicture(animated(frame()))).toBe('damaged')
  })
})

describe('what is no picture is refused', () => {
  const jpeg = smallJpeg()
  const broken = png()
  broken[45] = (broken[45] ?? 0) ^ 1
  test.each<[string, Buffer, string]>([
    ['a program', text('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'unknown'],
    ['a GIF', text('GIF89a\x01\0\x01\0\0\0\0;'), 'unknown'],
    ['the first bytes of a PNG', text('\x89PNG\r\n\x1a\n'), 'damaged'],
    ['a PNG that was cut off', png().subarray(0, -13), 'damaged'],
    ['a PNG whose checksum is wrong', broken, 'damaged'],
    ['a PNG without an image', Buffer.concat([png().subarray(0, 33), png().subarray(-12)]), 'damaged'],
    ['a PNG without pixels', png({ width: 0 }), 'damaged'],
    ['the first bytes of a JPEG before a page', text('\xff\xd8\xff\xe0\0\x10JFIF\0<script>'), 'damaged'],
    ['a JPEG that was cut off', jpeg.subarray(0, -2), 'damaged'],
    ['a JPEG without a scan', Buffer.concat([jpeg.subarray(0, 20), Buffer.from([0xff, 0xd9])]), 'damaged'],
    ['the first bytes of a WebP before a page', text('RIFF\x10\0\0\0WEBP<script>'), 'damaged'],
    ['a WebP that says to be longer', webp().subarray(0, -10), 'damaged'],
    [
      'a WebP of another codec',
      Buffer.from(webp().toString('latin1').replace('VP8 ', 'VP9 '), 'latin1'),
      'damaged',
    ],
    ['a small file of a huge image', png({ width: MAX_SIDE + 1, height: 1 }), 'too_wide'],
  ])('%s', (_what, bytes, refused) => {
    expect(cleanPicture(bytes)).toBe(refused)
  })

  test('no bytes at all make it fail or wait, whatever they are', () => {
    let seed = 41
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
      return seed % below
    }
    const whole = [
      photoWithPlace().subarray(0, 20_000),
      smallJpeg(),
      png(),
      extendedWebp(8, webpChunk('EXIF', turnedData(6))),
    ]
    for (let n = 0; n < 4000; n++) {
      const bytes = Buffer.from(whole[n % whole.length] ?? [])
      for (let change = 0; change <= random(4); change++) bytes[8 + random(bytes.length - 8)] = random(256)
      const cut = n % 3 === 0 ? bytes.subarray(0, random(bytes.length)) : bytes
      expect(() => cleanPicture(cut)).not.toThrow()
    }
  })

  test('what is kept is read again as itself', () => {
    for (const bytes of [
      photoWithPlace(),
      smallJpeg(),
      png(),
      webp(),
      extendedWebp(8, webpChunk('EXIF', turnedData(6))),
    ])
      expect(clean(clean(bytes)).equals(clean(bytes))).toBe(true)
  })
})
