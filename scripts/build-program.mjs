// Compiles the program into build/, which `npm start` and the command line run while no source has changed since: a start then
// takes half the CPU time and 20 MiB less (docs/decisions/0035-start-and-memory.md). Runs after `npm ci`.
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rolldown } from 'rolldown'
import { digestOf, MANIFEST, PARTS } from '../bin/compiled.mjs'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
/** Another folder beside it only for the test of this. */
const build = join(root, process.argv[2] ?? 'build')
/** Where it is written: beside it, so that one rename puts it in its place. */
const next = `${build}-next`
const last = `${build}-last`
const slashes = (path) => path.split(sep).join('/')
/** A path as seen from a file in build/, where all compiled files are. */
const fromBuild = (path) => slashes(relative(build, path))

/** Native code, and packages of which only files are used, stay where they are. */
const external = ['bcrypt', 'better-sqlite3', 'pg-native', '@fontsource-variable/figtree']

/** Files are found from where the source is: migrations, views, pictures. */
const places = {
  name: 'places-of-sources',
  transform: {
    filter: { id: /[\\/]src[\\/]/, code: /import\.meta\.(url|dirname)/ },
    handler: (code, id) => ({
      code: code
        .replaceAll('import.meta.url', `new URL('${fromBuild(id)}', import.meta.url).href`)
        .replaceAll('import.meta.dirname', `import.meta.dirname.concat('/${fromBuild(dirname(id))}')`),
      // Lines stay what they were.
      map: null,
    }),
  },
}

/** What node:http makes by what `fetch` is made of. */
const OF_FETCH = ['CloseEvent', 'MessageEvent', 'WebSocket']

/**
 * An `import` of node:http reads all that it exports, and so loads what `fetch` is made of: 38 ms of CPU time of each start. `require` leaves those where
 * they are.
 */
const httpAlone = {
  name: 'http-alone',
  resolveId: {
    filter: { id: /^(node:)?http$/ },
    handler: (_id, _importer, { kind }) => (kind === 'import-statement' ? '\0http-alone' : undefined),
  },
  load: {
    filter: { id: /^\0http-alone$/ },
    handler: () => `
import { createRequire } from 'node:module'
const http = createRequire(import.meta.url)('node:http')
export default http
export const { ${Object.keys(http).filter((name) => !OF_FETCH.includes(name))} } = http
`,
  },
}

/**
 * With one character outside of ASCII, V8 holds the text of the whole file, which it keeps for as long as there is a function of it, in two bytes a
 * character. @param code each of them becomes an escape; lines stay what they were
 */
function inAscii(fileName, code) {
  // As an escape, what follows a backslash would be another text.
  const escaped = /\\[^\0-\x7f]/.exec(code)
  if (escaped) throw new Error(`${fileName}: “${escaped[0]}” cannot be written in ASCII`)
  return code.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Folders of packages that are gone where only what runs is installed, and compiled in all the same; none where no lock file says so. */
function omittedPackages() {
  const lock = join(root, 'package-lock.json')
  if (!existsSync(lock)) return new Set()
  const { packages } = JSON.parse(readFileSync(lock, 'utf8'))
  return new Set(
    Object.keys(packages).filter((folder) => {
      const { dev, devOptional, optional } = packages[folder]
      return dev || devOptional || optional
    }),
  )
}

/** What was compiled, and of which package: a file that changes is not what build/ holds. */
function sourcesOf(chunks) {
  const files = new Set()
  const omitted = omittedPackages()
  for (const id of chunks.flatMap(({ moduleIds }) => moduleIds)) {
    const path = slashes(relative(root, id.split('?')[0]))
    if (path.startsWith('src/')) files.add(path)
    // The last one: a package may have its own copy of another in its node_modules.
    const [, folder] = /^(node_modules\/.*(?<=node_modules\/)(?:@[^/]+\/)?[^/]+)\//.exec(path) ?? []
    if (folder !== undefined && !omitted.has(folder)) files.add(`${folder}/package.json`)
  }
  return [...files].sort()
}

const bundle = await rolldown({
  input: Object.fromEntries(Object.entries(PARTS).map(([name, source]) => [name, join(root, source)])),
  cwd: root,
  platform: 'node',
  external,
  plugins: [places, httpAlone],
  onLog(level, log, handler) {
    // Packages that test for a feature by eval.
    if (log.code !== 'EVAL') handler(level, log)
  },
})
/** The chunks of what is in build/ now, without those that it has kept itself. */
function chunksBefore() {
  try {
    return JSON.parse(readFileSync(join(build, MANIFEST), 'utf8')).chunks ?? []
  } catch {
    return []
  }
}

const remove = (folder) => rmSync(folder, { recursive: true, force: true })
remove(next)
const { output } = await bundle.write({
  dir: next,
  format: 'esm',
  entryFileNames: '[name].mjs',
  chunkFileNames: '[name]-[hash].mjs',
  keepNames: true,
  sourcemap: true,
})
await bundle.close()
const made = output.filter(({ type }) => type === 'chunk')
for (const { fileName, code } of made) writeFileSync(join(next, fileName), inAscii(fileName, code))
const files = sourcesOf(made)
const chunks = made.filter(({ isEntry }) => !isEntry).map(({ fileName }) => fileName)
// A server that was started from the build before loads some of its chunks later, at a first sign-in. Their names have a hash of what is in
// them: they can stand beside the new ones.
for (const chunk of chunksBefore())
  if (existsSync(join(build, chunk)) && !existsSync(join(next, chunk)))
    copyFileSync(join(build, chunk), join(next, chunk))
writeFileSync(join(next, MANIFEST), JSON.stringify({ digest: digestOf(root, files), files, chunks }, null, 1))
remove(last)
if (existsSync(build)) renameSync(build, last)
renameSync(next, build)
remove(last)
