import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterThisFile } from './cleanup.ts'

const MEMORY = '/dev/shm'
/** What the folders of a run hold at most, several times over, in bytes. */
const ROOM = 2 * 1024 ** 3

/** In memory where there is room for so many bytes, so that no test waits for a disk; else the system's temporary folder. */
export const fastRoot = (room = ROOM): string => {
  if (!existsSync(MEMORY)) return tmpdir()
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize > room ? MEMORY : tmpdir()
}

/** Makes a folder; the caller deletes it. */
export const makeFolder = (prefix: string): string => mkdtempSync(join(fastRoot(), `latchkey-${prefix}-`))

/** A folder of a test file's own, deleted after its last test. */
export function temporaryFolder(): string {
  const folder = makeFolder('test')
  afterThisFile(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
