/** The tag of TIFF 6.0 (section 8) that says how an image has to be turned. A phone that is held upright writes it. */
const ORIENTATION = 0x0112
const SHORT = 3
/** How an image is without the tag. */
const UPRIGHT = 1

/** @param tiff the Exif data of an image, from its byte order on @returns 1 to 8; 1 where nothing is said */
function orientationOf(tiff: Buffer): number {
  if (tiff.length < 8) return UPRIGHT
  const order = tiff.toString('latin1', 0, 2)
  if (order !== 'II' && order !== 'MM') return UPRIGHT
  const little = order === 'II'
  const short = (at: number) => (little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at))
  const directory = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4)
  if (directory + 2 > tiff.length) return UPRIGHT
  const entries = short(directory)
  for (let n = 0; n < entries; n++) {
    const entry = directory + 2 + n * 12
    if (entry + 12 > tiff.length) return UPRIGHT
    if (short(entry) !== ORIENTATION || short(entry + 2) !== SHORT) continue
    const value = short(entry + 8)
    return value >= 1 && value <= 8 ? value : UPRIGHT
  }
  return UPRIGHT
}

/**
 * Of Exif data the one thing that an image needs to be shown as it was taken: how it has to be turned. @param tiff from its byte order
 * on @returns Exif data of that single tag; undefined: it is upright
 */
export function orientationAlone(tiff: Buffer): Buffer | undefined {
  const orientation = orientationOf(tiff)
  if (orientation === UPRIGHT) return undefined
  const only = Buffer.alloc(26)
  only.write('MM', 0, 'latin1')
  only.writeUInt16BE(42, 2)
  only.writeUInt32BE(8, 4)
  only.writeUInt16BE(1, 8)
  only.writeUInt16BE(ORIENTATION, 10)
  only.writeUInt16BE(SHORT, 12)
  only.writeUInt32BE(1, 14)
  only.writeUInt16BE(orientation, 18)
  return only
}
