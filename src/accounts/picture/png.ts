import { crc32 } from 'node:zlib'
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

/** A PNG of the chunks that its image is made of, up to its end. Each has to be whole, by its checksum. */
export const cleanPng: CleanImage = (bytes) => {
  const pieces: Buffer[] = [bytes.subarray(0, SIGNATURE)]
  let size: { width: number; height: number } | undefined
  let hasImage = false
  for (let at = SIGNATURE; at + 12 <= bytes.length; ) {
    const end = at + 12 + bytes.readUInt32BE(at)
    if (end > bytes.length) return undefined
    const type = bytes.toString('latin1', at + 4, at + 8)
    const data = bytes.subarray(at + 8, end - 4)
    if (crc32(bytes.subarray(at + 4, end - 4)) !== bytes.readUInt32BE(end - 4)) return undefined
    if ((type === 'IHDR') !== (size === undefined)) return undefined
    if (type === 'IHDR') {
      if (data.length !== 13) return undefined
      size = { width: data.readUInt32BE(0), height: data.readUInt32BE(4) }
    }
    if (type === 'IDAT') hasImage = true
    if (KEPT.has(type)) pieces.push(bytes.subarray(at, end))
    const only = type === 'eXIf' ? orientationAlone(data) : undefined
    if (only) pieces.push(chunk('eXIf', only))
    if (type === 'IEND') return size && hasImage ? { pieces, ...size } : undefined
    at = end
  }
  return undefined
}
