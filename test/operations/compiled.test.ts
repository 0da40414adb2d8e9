import { execFileSync, spawn } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { digestOf, MANIFEST } from '../../bin/compiled.mjs'
import { afterThisFile } from '../support/cleanup.ts'
import { runProgram } from './server-process.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

const folder = (where: string, name: string): string => {
  const path = mkdtempSync(join(where, name))
  afterThisFile(() => rmSync(path, { recursive: true, force: true }))
  return path
}

/** An installation whose program says which of its two forms ran. */
let root = ''
const started = async () => {
  const run = runProgram(join(root, 'bin/start.mjs'), {})
  expect(await run.ended).toEqual({ code: 0, signal: null })
  return run.stdout
}
beforeEach(() => {
  root = folder(tmpdir(), 'latchkey-compiled-')
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true })
  for (const path of ['src', 'build', 'scripts', 'node_modules/some'])
    mkdirSync(join(root, path), { recursive: true })
  const says = (what: string) => `export const serve = () => console.log('${what}')\n`
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
  writeFileSync(join(root, 'scripts/build-program.mjs'), '')
  writeFileSync(join(root, 'src/server.ts'), says('source'))
  writeFileSync(join(root, 'node_modules/some/package.json'), '{ "version": "1.0.0" }')
  writeFileSync(join(root, 'build/server.mjs'), says('compiled'))
  const files = ['node_modules/some/package.json', 'src/server.ts']
  writeFileSync(join(root, 'build', MANIFEST), JSON.stringify({ digest: digestOf(root, files), files }))
})

test('a start runs what was compiled while its sources are the same', async () => {
  expect(await started()).toEqual(['compiled'])
})

test.each([
  ['a source has changed', 'src/server.ts', "export const serve = () => console.log('source')// mended\n"],
  ['a package is another version', 'node_modules/some/package.json', '{ "version": "1.0.1" }'],
  ['the version is another', 'package.json', '{ "type": "module", "version": "2.0.0" }'],
  ['it is compiled in another way', 'scripts/build-program.mjs', '// mended'],
  ['the list of sources is damaged', `build/${MANIFEST}`, '{'],
])('a start runs the sources when %s', async (_when, file, content) => {
  writeFileSync(join(root, file), content)
  expect(await started()).toEqual(['source'])
})

test('a start runs the sources when the parts of the program are others', async () => {
  const file = join(root, 'bin/compiled.mjs')
  writeFileSync(file, `${readFileSync(file, 'utf8')}// mended\n`)
  expect(await started()).toEqual(['source'])
})

test.each(['node_modules/some', 'build'])('a start runs the sources when %s is gone', async (path) => {
  rmSync(join(root, path), { recursive: true })
  expect(await started()).toEqual(['source'])
})

/** Runs a loop of WebAssembly until V8 has compiled it again, optimized, or would have long ago, and says which. */
const LOOPS = `
const bytes = [
  ...[0, 97, 115, 109, 1, 0, 0, 0],
  // A function f of a number, that counts it down.
  ...[1, 5, 1, 96, 1, 127, 0, /**/ 3, 2, 1, 0, /**/ 7, 5, 1, 1, 102, 0, 0],
  ...[10, 16, 1, 14, 0, 3, 64, 32, 0, 65, 1, 107, 34, 0, 13, 0, 11, 11],
]
export const serve = () => {
  const { f } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports
  for (let time = 0; time < 400 && !%IsTurboFanFunction(f); time++) f(1_000_000)
  console.log(%IsLiftoffFunction(f) ? 'as it was first' : 'again')
}`

test('WebAssembly is not compiled a second time', async () => {
  writeFileSync(join(root, 'src/server.ts'), '')
  writeFileSync(join(root, 'build/server.mjs'), LOOPS)
  const files = ['src/server.ts']
  writeFileSync(join(root, 'build', MANIFEST), JSON.stringify({ digest: digestOf(root, files), files }))
  const run = runProgram(join(root, 'bin/start.mjs'), {}, { flags: ['--allow-natives-syntax'] })
  await run.ended
  expect(run.stdout).toEqual(['as it was first'])
})

let compiled = ''
const compile = () =>
  execFileSync(process.execPath, [join(ROOT, 'scripts/build-program.mjs'), basename(compiled)], {
    stdio: 'pipe',
  })
beforeAll(() => {
  compiled = folder(ROOT, 'build-of-test-')
  compile()
})

/** Starts what was compiled, and stops it at the end of the file. */
async function listening(env: Record<string, string>) {
  const dataDir = folder(tmpdir(), 'latchkey-compiled-data-')
  const server = JSON.stringify(join(compiled, 'server.mjs'))
  const serve = `const { serve } = await import(${server}); await serve()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', serve], {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  afterThisFile(() => child.kill('SIGKILL'))
  for await (const line of createInterface({ input: child.stdout })) {
    const told = JSON.parse(line) as { msg: string; issuer?: string; program?: string }
    if (told.msg === 'listening') return { ...told, child }
  }
  throw new Error('the compiled server ended before it listened')
}

test('the compiled server finds its migrations, views and files', async () => {
  const { issuer, program, child } = await listening({})
  expect(program).toBe('compiled')
  const page = await (await fetch(`${issuer}/login`)).text()
  expect(page).toContain('<h1>Sign in</h1>')
  const [asset] = /\/assets\/latchkey\.css[^"]*/.exec(page) ?? []
  expect(await (await fetch(`${issuer}${asset}`)).text()).toContain('@layer reset')
  const left = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  expect(await left).toBe(0)
})

// Of the requests that it guards, the way is found as it starts.
test('the compiled server starts with an https issuer', async () => {
  const { issuer } = await listening({ ISSUER: 'https://id.example.com' })
  expect(issuer).toBe('https://id.example.com')
})

test('the compiled server loads nothing of what fetch is made of', () => {
  const server = JSON.stringify(join(compiled, 'server.mjs'))
  const ask = `await import(${server}); console.log(process.moduleLoadList.join())`
  const options = ['--input-type=module', '--eval', ask]
  const loaded = execFileSync(process.execPath, options, { encoding: 'utf8' }).split(',')
  expect(loaded).toContain('NativeModule http')
  expect(loaded.filter((name) => name.includes('undici'))).toEqual([])
})

test('the compiled command line answers', () => {
  const said = execFileSync(process.execPath, [join(compiled, 'cli.mjs'), '--help'], { encoding: 'utf8' })
  expect(said).toContain('Usage: latchkey')
})

test('compiling again keeps the chunks that a running server has yet to load, once', () => {
  const manifest = () => JSON.parse(readFileSync(join(compiled, MANIFEST), 'utf8')) as { chunks: string[] }
  const { chunks } = manifest()
  expect(chunks.filter((chunk) => chunk.startsWith('nodemailer-'))).toHaveLength(1)
  // As if this chunk had been another one when the server started.
  const [one = ''] = chunks
  renameSync(join(compiled, one), join(compiled, 'before-00000000.mjs'))
  const list = { ...manifest(), chunks: [...chunks.slice(1), 'before-00000000.mjs'] }
  writeFileSync(join(compiled, MANIFEST), JSON.stringify(list))
  compile()
  expect(manifest().chunks).toEqual(chunks)
  for (const chunk of [...chunks, 'before-00000000.mjs']) expect(existsSync(join(compiled, chunk))).toBe(true)
  compile()
  expect(existsSync(join(compiled, 'before-00000000.mjs'))).toBe(false)
  for (const rest of ['next', 'last']) expect(existsSync(`${compiled}-${rest}`)).toBe(false)
})
