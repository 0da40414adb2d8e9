import { deflateSync } from 'node:zlib'
import ExifReader from 'exifreader'
import { describe, expect, test } from 'vitest'
import { cleanPicture, MAX_SIDE } from '../../src/shared/pictures/clean.ts'
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
const clean = async (bytes: Buffer): Promise<Buffer> => {
  const cleaned = await cleanPicture(bytes)
  if (typeof cleaned === 'string') throw new Error(cleaned)
  return cleaned.bytes
}
const text = (words: string) => Buffer.from(words, 'latin1')

describe('a picture says nothing beside its image', () => {
  test('a photo of a phone loses where it was taken, by what, and the small copy of itself', async () => {
    const before = read(photoWithPlace())
    expect(before.gps).toMatchObject({ Latitude: expect.closeTo(55.0388), Longitude: expect.closeTo(8.4572) })
    expect(before.Thumbnail).toBeDefined()
    const cleaned = await clean(photoWithPlace())
    expect(Object.keys(read(cleaned)).toSorted()).toEqual(['file', 'jfif'])
    expect(cleaned.includes('Exif')).toBe(false)
    expect(await cleanPicture(photoWithPlace())).toMatchObject({
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

  test('a JPEG keeps its colours, and loses comments, XMP and what follows its end', async () => {
    const comment = Buffer.concat([Buffer.from([0xff, 0xfe, 0, 14]), text('my address: ')])
    const at = smallJpeg()
    const dirty = Buffer.concat([at.subarray(0, 2), comment, at.subarray(2), text('A FILM')])
    expect(read(dirty).xmp).toBeDefined()
    const cleaned = await clean(dirty)
    expect(Object.keys(read(cleaned)).toSorted()).toEqual(['file', 'icc', 'jfif'])
    for (const left of ['my address', 'A FILM', 'xmp', 'Exif']) expect(cleaned.includes(left)).toBe(false)
  })

  test.each([1, 3, 6, 8])('how a JPEG is turned (%i) stays, alone', async (turned) => {
    const cleaned = await clean(jpegWithExif(smallJpeg().subarray(0), turnedData(turned)))
    const exif = read(cleaned).exif as Record<string, { value: unknown }> | undefined
    expect(exif?.Orientation?.value).toBe(turned === 1 ? undefined : turned)
    expect(cleaned.includes('SecretCo')).toBe(false)
    expect(segmentsOf(cleaned).filter(({ marker }) => marker === 0xe1)).toHaveLength(turned === 1 ? 0 : 1)
  })

  test('a PNG loses Exif, texts and times; how it is turned stays', async () => {
    const extra = [
      pngChunk('eXIf', placeData()),
      pngChunk('tEXt', text('Author\0Ada')),
      pngChunk('iTXt', text('XML:com.adobe.xmp\0\0\0\0\0<x:xmpmeta/>')),
      pngChunk('tIME', Buffer.from([7, 234, 11, 30, 12, 0, 0])),
      pngChunk('prVt', text('what nobody knows')),
      pngChunk('pHYs', Buffer.from([0, 0, 11, 19, 0, 0, 11, 19, 1])),
    ]
    expect(read(png({ extra })).gps).toMatchObject({ Latitude: expect.closeTo(55.0388) })
    const cleaned = await clean(Buffer.concat([png({ extra }), text('TRAILER')]))
    expect(cleaned.equals(png({ extra: [extra.at(-1) ?? Buffer.alloc(0)] }))).toBe(true)
    const turned = await clean(png({ extra: [pngChunk('eXIf', turnedData(6))] }))
    expect((read(turned).exif as Record<string, { value: unknown }>).Orientation?.value).toBe(6)
    expect(turned.includes('SecretCo')).toBe(false)
  })

  test('a WebP loses Exif, XMP and what is unknown; how it is turned stays', async () => {
    const dirty = extendedWebp(
      0x0c,
      webpChunk('EXIF', placeData()),
      webpChunk('XMP ', text('<x:xmpmeta/>')),
      webpChunk('NOTE', text('what nobody knows')),
    )
    expect(read(dirty).gps).toMatchObject({ Latitude: expect.closeTo(55.0388) })
    expect((await clean(Buffer.concat([dirty, text('TRAILER')]))).equals(extendedWebp(0))).toBe(true)
    expect((await clean(webp())).equals(webp())).toBe(true)
    const turned = await clean(extendedWebp(0x08, webpChunk('EXIF', turnedData(8))))
    expect((read(turned).exif as Record<string, { value: unknown }>).Orientation?.value).toBe(8)
    expect(turned.includes('SecretCo')).toBe(false)
  })

  test('a frame of an animated WebP holds its image alone', async () => {
    const frame = (...chunks: Buffer[]) => webpChunk('ANMF', Buffer.concat([Buffer.alloc(16), ...chunks]))
    const pixel = webp().subarray(12)
    const animated = (...frames: Buffer[]) => {
      const still = extendedWebp(0x02, ...frames)
      // Without the image of a still one.
      const all = Buffer.concat([still.subarray(0, 30), still.subarray(30 + pixel.length)])
      all.writeUInt32LE(all.length - 8, 4)
      return all
    }
    const cleaned = await clean(animated(frame(pixel, webpChunk('NOTE', text('hidden'))), frame(pixel)))
    expect(cleaned.equals(animated(frame(pixel), frame(pixel)))).toBe(true)
    expect(await cleanPicture(animated(frame()))).toBe('damaged')
  })
})

describe('the size that is judged is the one that is shown', () => {
  const END = pngChunk('IEND', Buffer.alloc(0))
  /** A PNG of 8 by 8 greys up to its image, and another image than its own. */
  const withData = (...data: Buffer[]) =>
    Buffer.concat([png().subarray(0, 33), ...data.map((each) => pngChunk('IDAT', each)), END])
  const rows = Buffer.alloc(72)
  const stream = deflateSync(rows)
  const canvas = (side: number) =>
    webpChunk('VP8X', Buffer.from([0, 0, 0, 0, side - 1, 0, 0, side - 1, 0, 0]))
  const lossless = (side: number) => {
    const data = Buffer.from([0x2f, 0, 0, 0, 0, 0])
    data.writeUInt32LE((side - 1) | ((side - 1) << 14), 1)
    return webpChunk('VP8L', data)
  }
  const pixel = webp().subarray(12)
  const riff = (...chunks: Buffer[]) => {
    const all = Buffer.concat([text('RIFF\0\0\0\0WEBP'), ...chunks])
    all.writeUInt32LE(all.length - 8, 4)
    return all
  }

  test('a JPEG with a second frame header is refused, whichever is the small one', async () => {
    const jpeg = smallJpeg()
    const at = segmentsOf(jpeg).find(({ marker }) => marker === 0xc0)?.data ?? Buffer.alloc(0)
    const start = jpeg.indexOf(at) - 4
    const header = (side: number) => {
      const copy = Buffer.from(jpeg.subarray(start, start + 4 + at.length))
      copy.writeUInt16BE(side, 5)
      copy.writeUInt16BE(side, 7)
      return copy
    }
    const rest = jpeg.subarray(start + 4 + at.length)
    const withHeaders = (...sides: number[]) =>
      Buffer.concat([jpeg.subarray(0, start), ...sides.map(header), rest])
    expect(await cleanPicture(withHeaders(10))).toMatchObject({ width: 10, height: 10 })
    expect(await cleanPicture(withHeaders(9000))).toBe('too_wide')
    expect(await cleanPicture(withHeaders(9000, 10))).toBe('damaged')
    expect(await cleanPicture(withHeaders(10, 9000))).toBe('damaged')
  })

  test('a PNG with a second IHDR is refused', async () => {
    expect(await cleanPicture(png({ extra: [png({ width: 9000 }).subarray(8, 33)] }))).toBe('damaged')
  })

  test('what follows the zlib stream of a PNG stays behind, in its chunk and in those after it', async () => {
    const whole = withData(stream)
    const hidden = text('<script>alert(1)</script>')
    expect((await clean(withData(Buffer.concat([stream, hidden])))).equals(whole)).toBe(true)
    expect((await clean(withData(stream, hidden))).equals(whole)).toBe(true)
    const [one, other] = [stream.subarray(0, 5), stream.subarray(5)]
    expect((await clean(withData(one, Buffer.concat([other, hidden])))).equals(withData(one, other))).toBe(
      true,
    )
  })

  test('a PNG whose data inflates to more or less than its header says is refused', async () => {
    for (const data of [Buffer.alloc(73), Buffer.alloc(71), Buffer.alloc(100_000_000)])
      expect(await cleanPicture(withData(deflateSync(data)))).toBe('damaged')
    for (const broken of [text('<script>'), stream.subarray(0, -1), Buffer.alloc(0)])
      expect(await cleanPicture(withData(broken))).toBe('damaged')
  })

  test.each([
    ['RGBA of 16 bits', [16, 6, 0, 0, 0], 8 * (1 + 64)],
    ['a palette of 1 bit', [1, 3, 0, 0, 0], 8 * 2],
    ['interlaced grey', [8, 0, 0, 0, 1], 2 + 2 + 3 + 2 * 3 + 2 * 5 + 4 * 5 + 4 * 9],
  ])('a PNG of %s has the length of its rows', async (_what, header, length) => {
    const of = (data: Buffer) => {
      const start = Buffer.from(png().subarray(16, 29))
      start.set(header, 8)
      return Buffer.concat([
        png().subarray(0, 8),
        pngChunk('IHDR', start),
        pngChunk('IDAT', deflateSync(data)),
        END,
      ])
    }
    expect(await cleanPicture(of(Buffer.alloc(length)))).toMatchObject({ width: 8, height: 8 })
    expect(await cleanPicture(of(Buffer.alloc(length + 1)))).toBe('damaged')
  })

  test('a frame of an animated PNG is within the image, and its data as long as it says', async () => {
    const animated = (side: number, data: Buffer) => {
      const control = Buffer.alloc(26)
      control.writeUInt32BE(side, 4)
      control.writeUInt32BE(side, 8)
      const frame = pngChunk('fdAT', Buffer.concat([Buffer.from([0, 0, 0, 1]), data]))
      return Buffer.concat([withData(stream).subarray(0, -12), pngChunk('fcTL', control), frame, END])
    }
    const good = animated(4, deflateSync(Buffer.alloc(20)))
    expect((await clean(good)).equals(good)).toBe(true)
    expect(await cleanPicture(animated(9, deflateSync(Buffer.alloc(90))))).toBe('damaged')
    expect(await cleanPicture(animated(4, deflateSync(Buffer.alloc(21))))).toBe('damaged')
    expect(
      await cleanPicture(animated(4, Buffer.concat([deflateSync(Buffer.alloc(20)), text('<script>')]))),
    ).toBe('damaged')
  })

  test('a WebP of several sizes is refused: of the canvas, of its images, of a frame', async () => {
    expect(await cleanPicture(riff(canvas(1), pixel))).toMatchObject({ width: 1, height: 1 })
    expect(await cleanPicture(riff(canvas(10), lossless(10)))).toMatchObject({ width: 10, height: 10 })
    expect(await cleanPicture(riff(canvas(10), lossless(9000)))).toBe('damaged')
    expect(await cleanPicture(riff(pixel, lossless(9000)))).toBe('damaged')
    expect(await cleanPicture(riff(pixel, pixel))).toBe('damaged')
    expect(await cleanPicture(riff(canvas(1), canvas(200), pixel))).toBe('damaged')
    expect(await cleanPicture(riff(pixel, canvas(200)))).toBe('damaged')
    const frame = (...images: Buffer[]) => webpChunk('ANMF', Buffer.concat([Buffer.alloc(16), ...images]))
    expect(await cleanPicture(riff(canvas(1), frame(pixel)))).toMatchObject({ width: 1 })
    expect(await cleanPicture(riff(canvas(1), frame(lossless(9000))))).toBe('damaged')
    expect(await cleanPicture(riff(canvas(1), frame(pixel, pixel)))).toBe('damaged')
    expect(await cleanPicture(riff(canvas(1), frame(pixel), pixel))).toBe('damaged')
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
  ])('%s', async (_what, bytes, refused) => {
    expect(await cleanPicture(bytes)).toBe(refused)
  })

  test('no bytes at all make it fail or wait, whatever they are', async () => {
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
      expect(await cleanPicture(cut)).toBeDefined()
    }
  })

  test('what is kept is read again as itself', async () => {
    for (const bytes of [
      photoWithPlace(),
      smallJpeg(),
      png(),
      webp(),
      extendedWebp(8, webpChunk('EXIF', turnedData(6))),
    ])
      expect((await clean(await clean(bytes))).equals(await clean(bytes))).toBe(true)
  })
})
