/** A QR code as one path of an SVG, for the partial `qr`. */
export interface QrCode {
  /** Modules of a side, with the quiet zone around. */
  size: number
  /** The dark modules, one unit each. */
  path: string
}

/** Modules left light on every side: scanners find the code by them (ISO/IEC 18004, 6.3.8). */
const QUIET_ZONE = 4

/**
 * The QR code of a text, in the medium level of error correction. The library is loaded when the first one is needed.
 * @param text at most 2331 bytes, which is what such a code holds
 */
export async function qrCode(text: string): Promise<QrCode> {
  const { encodeQR } = await import('qr')
  const rows = encodeQR(text, 'raw', { border: QUIET_ZONE, ecc: 'medium' })
  return { size: rows.length, path: rows.map(pathOfRow).join('') }
}

/** Neighbours of a row in one piece: fewer edges, and no seams between them. */
function pathOfRow(row: readonly boolean[], y: number): string {
  const pieces = []
  for (let x = row.indexOf(true); x !== -1; ) {
    const light = row.indexOf(false, x)
    const end = light === -1 ? row.length : light
    pieces.push(`M${x} ${y}h${end - x}v1H${x}z`)
    x = row.indexOf(true, end)
  }
  return pieces.join('')
}
