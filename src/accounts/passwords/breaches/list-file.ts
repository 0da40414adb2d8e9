import { type FileHandle, open } from 'node:fs/promises'

/**
 * Stolen passwords as a file that is searched where it is, without being read into memory:
 *
 *   8 bytes   “LATCHKEY”
 *   8 bytes   how many hashes follow, big-endian
 *   8 bytes each: the first 64 bits of the SHA-1 of a password, ascending
 *
 * Of a billion hashes, a password that is in none has a chance of 1 in 18 billion to be taken for one of them.
 */
export const MAGIC = Buffer.from('LATCHKEY', 'latin1')
export const HEADER = 16
export const ENTRY = 8

/** Read at once while searching, in entries. */
const BLOCK = 512

export interface ListFile {
  /** How many hashes it has. */
  readonly count: number
  /** @param sha1 20 bytes */
  has(sha1: Buffer): Promise<boolean>
}

/** What keeps a list from being used, in words. */
export class ListProblem extends Error {}

/**
 * Opens the list for as long as `use` takes: another one may take its place at any time, by a rename.
 * @throws ListProblem when there is none, or it is not whole
 */
export async function withListFile<Result>(
  path: string,
  use: (list: ListFile) => Promise<Result>,
): Promise<Result> {
  const file = await openExisting(path)
  try {
    const count = await countOf(file, path)
    return await use({ count, has: (sha1) => search(file, count, sha1.subarray(0, ENTRY)) })
  } finally {
    await file.close()
  }
}

async function openExisting(path: string): Promise<FileHandle> {
  try {
    return await open(path)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw new ListProblem(code === 'ENOENT' ? `there is no ${path}` : `${path} cannot be read (${code})`)
  }
}

async function countOf(file: FileHandle, path: string): Promise<number> {
  const header = Buffer.alloc(HEADER)
  await file.read(header, 0, HEADER, 0)
  const count = Number(header.readBigUInt64BE(MAGIC.length))
  const { size } = await file.stat()
  if (!header.subarray(0, MAGIC.length).equals(MAGIC))
    throw new ListProblem(`${path} is no list of stolen passwords`)
  if (size !== HEADER + count * ENTRY) throw new ListProblem(`${path} is not whole`)
  return count
}

/** By halves: 21 blocks of 4 KiB among a billion hashes. */
async function search(file: FileHandle, count: number, wanted: Buffer): Promise<boolean> {
  const block = Buffer.alloc(BLOCK * ENTRY)
  let [low, high] = [0, count]
  while (low < high) {
    const from = high - low <= BLOCK ? low : Math.floor((low + high) / 2)
    const entries = Math.min(BLOCK, high - from)
    await file.read(block, 0, entries * ENTRY, HEADER + from * ENTRY)
    const entry = (at: number) => block.subarray(at * ENTRY, (at + 1) * ENTRY)
    if (wanted.compare(entry(0)) < 0) high = from
    else if (wanted.compare(entry(entries - 1)) > 0) low = from + entries
    else return Array.from({ length: entries }, (_, at) => entry(at)).some((each) => each.equals(wanted))
  }
  return false
}
