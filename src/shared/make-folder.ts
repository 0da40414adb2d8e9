import { existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/**
 * Makes a folder for its owner only, with what lacks above it; one that is there stays as it is. Not by the option `recursive` of Node 24, which goes on for
 * ever where a system answers ENOENT for a folder whose parent is there, as /proc does.
 * @throws what the system says: EACCES, EROFS, ENOENT, EEXIST for a file in its place, …
 */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !existsSync(dirname(path))) {
      makeFolder(dirname(path))
      makeFolder(path)
    } else if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error
  }
}
