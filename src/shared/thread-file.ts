import { basename, dirname, join } from 'node:path'

/**
 * The file that a thread of the program runs.
 * @param importer `import.meta.filename` of who starts it @param part of bin/compiled.mjs
 * @returns the file named “thread” beside the importer; where all of the program is one, what scripts/build-program.mjs compiled of it
 */
export const threadFile = (importer: string, part: string): string =>
  join(dirname(importer), basename(importer).endsWith('.ts') ? 'thread.ts' : `${part}.mjs`)
