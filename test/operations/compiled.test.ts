import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
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
  for (const path of ['src', 'build', 'node_modules/some']) mkdirSync(join(root, path), { recursive: true })
  const says = (what: string) => `export const serve = () => console.log('${what}')\n`
  writeFileSync(join(root, 'package.json'), '{ "type": "module" }')
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
  ['the list of sources is damaged', `build/${MANIFEST}`, '{'],
])('a start runs the sources when %s', async (_when, file, content) => {
  writeFileSync(join(root, file), content)
  expect(await started()).toEqual(['source'])
})

test.each(['node_modules/some', 'build'])('a start runs the sources when %s is gone', async (path) => {
  rmSync(join(root, path), { recursive: true })
  expect(await started()).toEqual(['source'])
})

let compiled = ''
beforeAll(() => {
  compiled = folder(ROOT, 'build-of-test-')
  const script = join(ROOT, 'scripts/build-program.mjs')
  execFileSync(process.execPath, [script, basename(compiled)], { stdio: 'pipe' })
})

test('the compiled server finds its migrations, views and files', async () => {
  const dataDir = folder(tmpdir(), 'latchkey-compiled-data-')
  const server = JSON.stringify(join(compiled, 'server.mjs'))
  const serve = `const { serve } = await import(${server}); await serve()`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', serve], {
    env: { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  afterThisFile(() => child.kill('SIGKILL'))
  let issuer: string | undefined
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, issuer: told } = JSON.parse(line) as { msg: string; issuer?: string }
    if (msg === 'listening') issuer = told
    if (issuer !== undefined) break
  }
  const page = await (await fetch(`${issuer}/login`)).text()
  expect(page).toContain('<h1>Sign in</h1>')
  const [asset] = /\/assets\/pico\.css[^"]*/.exec(page) ?? []
  expect(await (await fetch(`${issuer}${asset}`)).text()).toContain('Pico CSS')
  const left = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  expect(await left).toBe(0)
})

test('the compiled command line answers', () => {
  const said = execFileSync(process.execPath, [join(compiled, 'cli.mjs'), '--help'], { encoding: 'utf8' })
  expect(said).toContain('Usage: latchkey')
})
