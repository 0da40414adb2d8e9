import type { CleanImage } from './clean.ts'
import { orientationAlone } from './orientation.ts'

// Markers of ITU-T T.81, table B.1.
const SOI = 0xd8
const EOI = 0xd9
const SOS = 0xda
const DHT = 0xc4
const JPG = 0xc8
const DAC = 0xcc
const DQT = 0xdb
const DRI = 0xdd
const APP0 = 0xe0
const APP1 = 0xe1
const APP2 = 0xe2
const APP14 = 0xee
const FILL = 0xff

const isRestart = (marker: number) => marker >= 0xd0 && marker <= 0xd7
const isFrame = (marker: number) =>
  marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== JPG && marker !== DAC
const TABLES: readonly number[] = [DHT, DAC, DQT, DRI]

const begins = (payload: Buffer, name: string) => payload.toString('latin1', 0, name.length) === name

function segment(marker: number, payload: Buffer): Buffer {
  const head = Buffer.from([FILL, marker, 0, 0])
  head.writeUInt16BE(payload.length + 2, 2)
  return Buffer.concat([head, payload])
}

/** What is kept of an application segment: how colours and the turn of the image are meant. */
function application(marker: number, payload: Buffer): Buffer | undefined {
  // JFIF, without the small copy of the image that may follow its 14 bytes.
  if (marker === APP0 && begins(payload, 'JFIF\0') && payload.length >= 14) {
    const jfif = Buffer.from(payload.subarray(0, 14))
    jfif.writeUInt16BE(0, 12)
    return segment(APP0, jfif)
  }
  if (marker === APP1 && begins(payload, 'Exif\0\0')) {
    const only = orientationAlone(payload.subarray(6))
    return only && segment(APP1, Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), only]))
  }
  if (marker === APP2 && begins(payload, 'ICC_PROFILE\0')) return segment(APP2, payload)
  if (marker === APP14 && begins(payload, 'Adobe')) return segment(APP14, payload)
  return undefined
}

/** Where the data of a scan ends that begins at `at`: at the next marker that is no restart of it. */
function endOfScan(bytes: Buffer, at: number): number {
  let found = bytes.indexOf(FILL, at)
  while (found !== -1) {
    const next = bytes[found + 1]
    if (next === undefined) return -1
    if (next !== 0 && next !== FILL && !isRestart(next)) return found
    found = bytes.indexOf(FILL, next === FILL ? found + 1 : found + 2)
  }
  return -1
}

/** A JPEG of its tables, its one frame and the scans, up to its first end: phones put a film or a second image behind it. */
export const cleanJpeg: CleanImage = async (bytes) => {
  const pieces: Buffer[] = [Buffer.from([FILL, SOI])]
  let size: { width: number; height: number } | undefined
  let scans = 0
  for (let at = 2; ; ) {
    if (bytes[at] !== FILL) return undefined
    while (bytes[at + 1] === FILL) at++
    const marker = bytes[at + 1]
    if (marker === undefined) return undefined
    if (marker === EOI) {
      pieces.push(Buffer.from([FILL, EOI]))
      return size && scans > 0 ? { pieces, ...size } : undefined
    }
    if (at + 4 > bytes.length) return undefined
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    const payload = bytes.subarray(at + 4, end)
    if (end < at + 4 || end > bytes.length) return undefined
    if (isFrame(marker)) {
      // Programs go by the first or by the last of several: the size that is judged would not be the one that is shown.
      if (size || payload.length < 6) return undefined
      size = { height: payload.readUInt16BE(1), width: payload.readUInt16BE(3) }
    }
    if (marker === SOS) {
      if (!size) return undefined
      const next = endOfScan(bytes, end)
      if (next === -1) return undefined
      pieces.push(segment(SOS, payload), bytes.subarray(end, next))
      scans++
      at = next
      continue
    }
    const kept =
      isFrame(marker) || TABLES.includes(marker) ? segment(marker, payload) : application(marker, payload)
    if (kept) pieces.push(kept)
    at = end
  }
}
