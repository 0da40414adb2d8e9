/** A line of a file, without its end. */
export interface Line {
  /** From 1. */
  number: number
  /** Undefined: too long, or not UTF-8. */
  text?: string
  problem?: string
}

/** Bytes. A row is far shorter. */
export const MAX_LINE_LENGTH = 65_536

/**
 * The lines of a text in UTF-8, as they come in. A line that cannot be read is told with its number, and does not keep
 * those behind it from being read; no more than one line is kept in memory.
 */
export async function* linesOf(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Line> {
  let number = 0
  let pieces: Buffer[] = []
  let size = 0
  const take = (piece: Buffer): void => {
    size += piece.length
    if (size <= MAX_LINE_LENGTH) pieces.push(piece)
    else pieces = []
  }
  const end = (): Line => {
    const line = decoded(++number, size > MAX_LINE_LENGTH ? undefined : Buffer.concat(pieces))
    pieces = []
    size = 0
    return line
  }
  for await (const chunk of source) {
    const bytes = Buffer.from(chunk)
    let start = 0
    for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, start)) {
      take(bytes.subarray(start, at))
      yield end()
      start = at + 1
    }
    take(bytes.subarray(start))
  }
  if (size > 0) yield end()
}

function decoded(number: number, bytes: Buffer | undefined): Line {
  if (bytes === undefined) return { number, problem: `is longer than ${MAX_LINE_LENGTH} bytes` }
  try {
    // A byte order mark at the beginning of the file is left out, by the decoder.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: number !== 1 }).decode(bytes)
    return { number, text: text.endsWith('\r') ? text.slice(0, -1) : text }
  } catch {
    return { number, problem: 'is not in UTF-8' }
  }
}
