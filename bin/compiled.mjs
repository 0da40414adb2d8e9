// Which program is run: what `npm ci` compiled into build/, or the TypeScript of src/ once a file of it or a package differs.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'

/** The parts of the program and their sources. */
export const PARTS = {
  server: 'src/server.ts',
  cli: 'src/cli/main.ts',
  'hashing-thread': 'src/accounts/passwords/threads/thread.ts',
  'checkpoint-thread': 'src/storage/sqlite/checkpoints/thread.ts',
}

export const MANIFEST = 'sources.json'

/** What build/ depends on beside its sources: the version, which stands in it, and how it is compiled. */
const ALWAYS = ['package.json', 'bin/compiled.mjs', 'scripts/build-program.mjs']

/** Of the contents and names of files. @throws Error when one is missing */
export function digestOf(root, files) {
  const hash = createHash('sha256')
  for (const file of [...ALWAYS, ...files]) {
    // One of a thousand files: `join` would take a quarter of the time.
    const content = readFileSync(`${root}/${file}`)
    hash.update(`${file}\n${content.length}\n`).update(content)
  }
  return hash.digest('hex')
}

/** Whether build/ is what its sources are now. By contents: times survive neither Git nor a copy. */
export function isFresh(root) {
  try {
    const { digest, files } = JSON.parse(readFileSync(join(root, 'build', MANIFEST), 'utf8'))
    return digestOf(root, files) === digest
  } catch {
    return false
  }
}

/**
 * Prisma's query compiler, the one large program of WebAssembly here, stays as V8 compiles it first. To compile it again, optimized, in threads beside takes 75 ms
 * of CPU time and 10 MiB, and what it compiles is kept by query. Before the compile cache is opened, which is for one set of flags.
 * The flags hold for all WebAssembly of the process: undici reads answers of HTTP by a small program of it, which stays so as well.
 */
function keepFirstCode() {
  for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag)
}

/** Imports a part of the program. */
export async function program(part) {
  keepFirstCode()
  if (isFresh(fileURLToPath(new URL('..', import.meta.url)))) return import(`../build/${part}.mjs`)
  // Node keeps beside the packages what it stripped of types. For build/ that gains nothing and costs 14 MiB of memory.
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/latchkey', import.meta.url)))
  return import(`../${PARTS[part]}`)
}
