import { createReadStream } from 'node:fs'
import { type FileHandle, mkdtemp, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { AppError } from '../../../shared/errors.ts'
import { hashesOf } from './hash-lines.ts'
import { ENTRY, HEADER, MAGIC } from './list-file.ts'

export interface ListImport {
  /** Lines with a hash that was seen at least once. */
  read: number
  /** Hashes in the list, each once. */
  count: number
  /** The list, in bytes. */
  size: number
}

/** Hashes are put apart by their first byte, and each part is sorted in memory: 28 MB of 900 million. */
const PARTS = 256
/** Written at once to a part, in bytes. */
const BUFFER = 64 * 1024

/**
 * Makes the list of stolen passwords out of lines with a SHA-1 hash each, sorted or not, and puts it in the place of the one before. Until
 * then that one is used; a failure leaves it as it is.
 * @param source the file, or bytes of it
 * @param path where the list is kept; while it works, 16 bytes for each hash are needed beside it
 * @param told how many lines have been read, every ten million
 * @throws AppError `import_unreadable` (422) names the first line that is no hash, and not what it says
 */
export async function importList(
  source: string | AsyncIterable<Uint8Array | string>,
  path: string,
  told: (lines: number) => void = () => undefined,
): Promise<ListImport> {
  const folder = await mkdtemp(join(dirname(path), `${basename(path)}-`))
  try {
    const bytes = typeof source === 'string' ? createReadStream(source, { highWaterMark: 1 << 20 }) : source
    const apart = await putApart(bytes, folder, told)
    const made = join(folder, 'list')
    const count = await putTogether(apart.paths, made)
    if (count === 0) throw new AppError('import_unreadable', 422, 'There is no hash in it.')
    await rename(made, path)
    return { read: apart.read, count, size: HEADER + count * ENTRY }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Part {
  file: FileHandle
  buffer: Buffer
  filled: number
}

async function putApart(
  bytes: AsyncIterable<Uint8Array | string>,
  folder: string,
  told: (lines: number) => void,
): Promise<{ paths: string[]; read: number }> {
  const paths = Array.from({ length: PARTS }, (_, at) => join(folder, String(at)))
  const parts: Part[] = []
  let read = 0
  const flush = async (part: Part) => {
    await part.file.write(part.buffer, 0, part.filled)
    part.filled = 0
  }
  try {
    for (const path of paths)
      parts.push({ file: await open(path, 'w'), buffer: Buffer.alloc(BUFFER), filled: 0 })
    for await (const hashes of hashesOf(bytes, told))
      for (let from = 0; from < hashes.length; from += ENTRY) {
        const part = parts[hashes[from] ?? 0] as Part
        part.filled += hashes.copy(part.buffer, part.filled, from, from + ENTRY)
        if (part.filled === BUFFER) await flush(part)
        read++
      }
    for (const part of parts) await flush(part)
  } finally {
    for (const { file } of parts) await file.close()
  }
  return { paths, read }
}

/** @returns how many hashes there are, each once */
async function putTogether(parts: readonly string[], path: string): Promise<number> {
  const list = await open(path, 'wx')
  let count = 0
  try {
    await list.write(Buffer.alloc(HEADER))
    for (const part of parts) {
      const sorted = sortedOnce(await readFile(part))
      count += sorted.length / ENTRY
      await list.write(sorted)
      await rm(part)
    }
    const header = Buffer.concat([MAGIC, Buffer.alloc(8)])
    header.writeBigUInt64BE(BigInt(count), MAGIC.length)
    await list.write(header, 0, HEADER, 0)
    await list.sync()
  } finally {
    await list.close()
  }
  return count
}

function sortedOnce(part: Buffer): Buffer {
  const hashes = new BigUint64Array(part.length / ENTRY)
  for (let at = 0; at < hashes.length; at++) hashes[at] = part.readBigUInt64BE(at * ENTRY)
  hashes.sort()
  const sorted = Buffer.alloc(part.length)
  let length = 0
  let before: bigint | undefined
  for (const hash of hashes) {
    if (hash === before) continue
    length = sorted.writeBigUInt64BE(hash, length)
    before = hash
  }
  return sorted.subarray(0, length)
}
