import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterThisFile } from './cleanup.ts'

const MEMORY = '/dev/shm'
/** What the folders of a run hold at most, several times over, in bytes. */
const ROOM = 2 * 1024 ** 3

/** In memory where there is room for so many bytes, so that no test waits for a disk; else the system's temporary folder. */
const fastRoot = (room = ROOM): string => {
  if (!existsSync(MEMORY)) return tmpdir()
  const { bavail, bsize } = statfsSync(MEMORY)
  return bavail * bsize > room ? MEMORY : tmpdir()
}

/** Makes a folder, named for its process; the caller deletes it. @param room bytes that have to be free in memory */
export const makeFolder = (prefix: string, room?: number): string =>
  mkdtempSync(join(fastRoot(room), `latchkey-test-${prefix}-${process.pid}-`))

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Deletes the folders of runs that were killed: in memory they would stay until the machine is switched off. */
export function removeLeftovers(): void {
  for (const root of new Set([MEMORY, tmpdir()].filter((folder) => existsSync(folder))))
    for (const name of readdirSync(root)) {
      const pid = /^latchkey-test-[a-z]+-(\d+)-\w+$/.exec(name)?.[1]
      if (pid !== undefined && !isRunning(Number(pid)))
        rmSync(join(root, name), { recursive: true, force: true })
    }
}

/** A folder of a test file's own, deleted after its last test. */
export function temporaryFolder(): string {
  const folder = makeFolder('file')
  afterThisFile(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
