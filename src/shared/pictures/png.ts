import { crc32, createInflate } from 'node:zlib'
import type { CleanImage } from './clean.ts'
import { orientationAlone } from './orientation.ts'

/** Chunks (PNG, third edition, §5.6) that say how the image looks, an animation among them. Texts, times and what is unknown are none. */
const KEPT = new Set([
  ...['IHDR', 'PLTE', 'IDAT', 'IEND', 'tRNS', 'cHRM', 'gAMA', 'iCCP', 'sBIT', 'sRGB', 'cICP'],
  ...['bKGD', 'pHYs', 'acTL', 'fcTL', 'fdAT'],
])
const SIGNATURE = 8

function chunk(type: string, data: Buffer): Buffer {
  const whole = Buffer.alloc(12 + data.length)
  whole.writeUInt32BE(data.length, 0)
  whole.write(type, 4, 'latin1')
  data.copy(whole, 8)
  whole.writeUInt32BE(crc32(whole.subarray(4, 8 + data.length)), 8 + data.length)
  return whole
}

/** Samples of a pixel, by colour type (§11.2.1). */
const SAMPLES: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 }
/** The passes of Adam7 (§8.1): where each begins, and its steps. */
const ADAM7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const

interface Size {
  width: number
  height: number
}

/** The bytes of an image before it is compressed, by its header; undefined: no image has this header. */
function bytesOf(header: Buffer, { width, height }: Size): number | undefined {
  const samples = SAMPLES[header.readUInt8(9)]
  if (samples === undefined) return undefined
  const bits = samples * header.readUInt8(8)
  const pass = (columns: number, rows: number) =>
    columns > 0 && rows > 0 ? rows * (1 + Math.ceil((columns * bits) / 8)) : 0
  if (header[12] === 0) return pass(width, height)
  return ADAM7.map(([x, y, right, down]) =>
    pass(Math.ceil((width - x) / right), Math.ceil((height - y) / down)),
  ).reduce((sum, each) => sum + each)
}

/**
 * Where the zlib stream of an image ends. What it inflates to is counted and not kept.
 * @returns undefined: it is none, or does not inflate to exactly `expected` bytes
 */
async function endOfStream(compressed: Buffer, expected: number): Promise<number | undefined> {
  const inflate = createInflate()
  inflate.end(compressed)
  let length = 0
  try {
    for await (const part of inflate) {
      length += (part as Buffer).length
      if (length > expected) return undefined
    }
  } catch {
    return undefined
  }
  return length === expected ? inflate.bytesWritten : undefined
}

/** The image, or a frame of an animation, whose data is in several chunks. `at`: where these stand among the pieces. */
interface Image {
  type: 'IDAT' | 'fdAT'
  size: Size
  at: number[]
  data: Buffer[]
}

/** Ends the data where its stream ends. False: it is not what the header says. */
async function endData(pieces: Buffer[], header: Buffer, image: Image): Promise<boolean> {
  const expected = bytesOf(header, image.size)
  const end = expected && (await endOfStream(Buffer.concat(image.data), expected))
  if (!end) return false
  let left = end
  for (const [n, data] of image.data.entries()) {
    if (data.length > left) {
      // A frame whose chunks are numbered would lack a number.
      if (image.type === 'fdAT') return false
      pieces[image.at[n] ?? 0] = left > 0 ? chunk('IDAT', data.subarray(0, left)) : Buffer.alloc(0)
    }
    left = Math.max(0, left - data.length)
  }
  return true
}

/** The size of a frame by its control chunk (§11.3.4.2); undefined: it is not within the image. */
function frameSize(control: Buffer, size: Size): Size | undefined {
  if (control.length !== 26) return undefined
  const frame = { width: control.readUInt32BE(4), height: control.readUInt32BE(8) }
  const fits =
    control.readUInt32BE(12) + frame.width <= size.width &&
    control.readUInt32BE(16) + frame.height <= size.height
  return fits ? frame : undefined
}

/**
 * A PNG of the chunks that its image is made of, up to its end. Each has to be whole, by its checksum; the data of the image ends
 * where its stream ends, and is as long as its header says.
 */
export const cleanPng: CleanImage = async (bytes, maxSide) => {
  const pieces: Buffer[] = [bytes.subarray(0, SIGNATURE)]
  const images: Image[] = []
  let header: Buffer | undefined
  let size: Size | undefined
  let frame: Size | undefined
  for (let at = SIGNATURE; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    const type = bytes.toString('latin1', at + 4, at + 8)
    const data = bytes.subarray(at + 8, end - 4)
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return undefined
    if ((type === 'IHDR') !== (size === undefined)) return undefined
    if (type === 'IHDR') {
      if (data.length !== 13) return undefined
      header = data
      size = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) }
      if (Math.max(size.width, size.height) > maxSide) return { pieces: [], ...size }
    }
    if (type === 'fcTL') {
      frame = size && frameSize(data, size)
      if (!frame) return undefined
    }
    if (type === 'IDAT' || type === 'fdAT') {
      const of = type === 'IDAT' ? size : frame
      if (!of) return undefined
      let image = images.at(-1)
      if (image?.type !== type || image.size !== of) {
        image = { type, size: of, at: [], data: [] }
        images.push(image)
      }
      image.at.push(pieces.length)
      image.data.push(type === 'IDAT' ? data : data.subarray(4))
    }
    if (KEPT.has(type)) pieces.push(bytes.subarray(at, end))
    const only = type === 'eXIf' ? orientationAlone(data) : undefined
    if (only) pieces.push(chunk('eXIf', only))
    if (type === 'IEND') {
      if (!header || !size || images.filter((each) => each.type === 'IDAT').length !== 1) return undefined
      for (const image of images) if (!(await endData(pieces, header, image))) return undefined
      return { pieces, ...size }
    }
    at = end
  }
  return undefined
}
