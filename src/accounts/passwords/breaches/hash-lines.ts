import { AppError } from '../../../shared/errors.ts'
import { ENTRY } from './list-file.ts'

/** Hexadecimal characters of a SHA-1. */
const HASH = 40
const TELL_EVERY = 10_000_000
/** A line that is longer is no hash with a number behind it. */
const MAX_LINE = 100
const NEWLINE = 0x0a

/**
 * The beginnings of the hashes of lines `HASH` or `HASH:COUNT`, several at once, `ENTRY` bytes each. What has been seen 0 times
 * is left out.
 * @throws AppError `import_unreadable` (422), which names the line and not what it says: it may be a password
 */
export async function* hashesOf(
  source: AsyncIterable<Uint8Array | string>,
  told: (lines: number) => void,
): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0)
  let line = 0
  const take = (bytes: Buffer, whole: boolean): Buffer => {
    const hashes = Buffer.alloc(Math.ceil(bytes.length / HASH) * ENTRY)
    let length = 0
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); start < bytes.length; end = bytes.indexOf(NEWLINE, start)) {
      if (end < 0 && !whole) break
      const text = bytes.toString('latin1', start, end < 0 ? bytes.length : end)
      start = end < 0 ? bytes.length : end + 1
      if (++line % TELL_EVERY === 0) told(line)
      const hash = hashIn(text, line)
      if (hash !== undefined) length += hashes.write(hash, length, 'hex')
    }
    rest = bytes.subarray(start)
    if (rest.length > MAX_LINE) throw unreadable(line + 1)
    return hashes.subarray(0, length)
  }
  for await (const chunk of source) yield take(Buffer.concat([rest, Buffer.from(chunk)]), false)
  yield take(rest, true)
}

const LINE = /^([0-9A-Fa-f]{40})(?::(\d{1,15}))?\s*$/

function hashIn(text: string, line: number): string | undefined {
  const found = LINE.exec(text)
  if (found === null) {
    if (text.trim() === '') return undefined
    throw unreadable(line, /^[0-9A-Fa-f]{32}(?::\d+)?\s*$/.test(text))
  }
  const [, hash = '', count] = found
  return Number(count ?? 1) === 0 ? undefined : hash.slice(0, ENTRY * 2)
}

function unreadable(line: number, ntlm = false): AppError {
  const hint = ntlm ? ' These look like NTLM hashes: take the list of SHA-1 hashes.' : ''
  return new AppError(
    'import_unreadable',
    422,
    `Line ${line} must be a SHA-1 hash of 40 hexadecimal characters, alone or as HASH:COUNT.${hint} Nothing was stored.`,
  )
}
