import type { CleanImage } from './clean.ts'
import { orientationAlone } from './orientation.ts'

/** Chunks of the WebP container (RFC 9649 §2) that the image is made of; those of a frame of an animation. */
const KEPT = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const IN_FRAME = new Set(['ALPH', 'VP8 ', 'VP8L'])
/** Bytes of a frame before its chunks. */
const FRAME_HEAD = 16
/** Flags of VP8X. */
const HAS_EXIF = 0x08
const HAS_XMP = 0x04

interface Chunk {
  type: string
  data: Buffer
}

interface Size {
  width: number
  height: number
}

/** Undefined: they do not fill what is given exactly. */
function chunksOf(bytes: Buffer): Chunk[] | undefined {
  const chunks: Chunk[] = []
  let at = 0
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32LE(at + 4)
    const data = bytes.subarray(at + 8, at + 8 + length)
    if (data.length !== length) return undefined
    chunks.push({ type: bytes.toString('latin1', at, at + 4), data })
    at += 8 + length + (length % 2)
  }
  // The last one may lack the byte that makes it even.
  return at >= bytes.length ? chunks : undefined
}

function chunk({ type, data }: Chunk): Buffer {
  const whole = Buffer.alloc(8 + data.length + (data.length % 2))
  whole.write(type, 0, 'latin1')
  whole.writeUInt32LE(data.length, 4)
  data.copy(whole, 8)
  return whole
}

/** The size of the image in a chunk; undefined: it says none. */
function sizeIn({ type, data }: Chunk): Size | undefined {
  if (type === 'VP8X' && data.length >= 10)
    return { width: data.readUIntLE(4, 3) + 1, height: data.readUIntLE(7, 3) + 1 }
  if (type === 'VP8 ' && data.length >= 10 && data.readUIntBE(3, 3) === 0x9d012a)
    return { width: data.readUInt16LE(6) & 0x3fff, height: data.readUInt16LE(8) & 0x3fff }
  if (type === 'VP8L' && data.length >= 5 && data[0] === 0x2f) {
    const bits = data.readUInt32LE(1)
    return { width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 }
  }
  return undefined
}

const isImage = ({ type }: Chunk): boolean => type === 'VP8 ' || type === 'VP8L'

function isOfSize(image: Chunk, { width, height }: Size): boolean {
  const own = sizeIn(image)
  return own?.width === width && own.height === height
}

/** A frame of an animation, of its image alone. */
function cleanFrame(data: Buffer, canvas: Size): Buffer | undefined {
  const chunks = data.length < FRAME_HEAD ? undefined : chunksOf(data.subarray(FRAME_HEAD))
  const images = chunks?.filter(isImage) ?? []
  const frame = {
    width: data.length < FRAME_HEAD ? 0 : data.readUIntLE(6, 3) + 1,
    height: data.length < FRAME_HEAD ? 0 : data.readUIntLE(9, 3) + 1,
  }
  if (!chunks || images.length !== 1 || !images.every((each) => isOfSize(each, frame))) return undefined
  const inside =
    2 * data.readUIntLE(0, 3) + frame.width <= canvas.width &&
    2 * data.readUIntLE(3, 3) + frame.height <= canvas.height
  if (!inside) return undefined
  return Buffer.concat([
    data.subarray(0, FRAME_HEAD),
    ...chunks.filter(({ type }) => IN_FRAME.has(type)).map(chunk),
  ])
}

/** A WebP of the chunks that its image is made of; what follows the length that it says stays behind. */
export const cleanWebp: CleanImage = async (bytes) => {
  const end = 8 + bytes.readUInt32LE(4)
  const chunks = end > bytes.length + 1 ? undefined : chunksOf(bytes.subarray(12, end))
  const [first] = chunks ?? []
  const size = first && sizeIn(first)
  if (!chunks || !size) return undefined
  // Programs go by this or that of several sizes: the one that is judged has to be the one that is shown.
  const stills = chunks.filter(isImage)
  if (chunks.some(({ type }, n) => n > 0 && type === 'VP8X') || stills.length > 1) return undefined
  if ((stills.length === 0) !== chunks.some(({ type }) => type === 'ANMF')) return undefined
  if (!stills.every((each) => isOfSize(each, size))) return undefined
  const exif = chunks.find(({ type }) => type === 'EXIF')
  const turned = first.type === 'VP8X' && exif ? orientationAlone(withoutName(exif.data)) : undefined
  const kept: Buffer[] = []
  for (const { type, data } of chunks) {
    if (!KEPT.has(type)) continue
    const image = type === 'ANMF' ? cleanFrame(data, size) : data
    if (!image) return undefined
    kept.push(chunk({ type, data: type === 'VP8X' ? withFlags(image, turned !== undefined) : image }))
  }
  if (turned) kept.push(chunk({ type: 'EXIF', data: turned }))
  const body = Buffer.concat(kept)
  const head = Buffer.from('RIFF\0\0\0\0WEBP', 'latin1')
  head.writeUInt32LE(4 + body.length, 4)
  return { pieces: [head, body], ...size }
}

/** Some programs begin it with the name that it has in a JPEG. */
const withoutName = (data: Buffer): Buffer =>
  data.toString('latin1', 0, 6) === 'Exif\0\0' ? data.subarray(6) : data

function withFlags(vp8x: Buffer, exif: boolean): Buffer {
  const changed = Buffer.from(vp8x)
  changed[0] = ((vp8x[0] ?? 0) & ~HAS_EXIF & ~HAS_XMP) | (exif ? HAS_EXIF : 0)
  return changed
}
