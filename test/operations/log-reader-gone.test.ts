import { execFileSync, spawn } from 'node:child_process'
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { freePort } from '../support/ports.ts'
import type { Ending } from './server-process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

let folder = ''
let fds: number[] = []
let end = () => {}
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-reader-'))
  fds = []
})
afterEach(() => {
  end()
  for (const fd of fds) closeSync(fd)
  rmSync(folder, { recursive: true, force: true })
})

/** Both ends of a pipe in the hands of the test: it decides who reads, and whether anybody does. */
function openPipe() {
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  fds.push(writer)
  return { path, reader, writer }
}

/** Writes until nothing more fits: the next write waits for a reader that never reads. */
function fill(path: string) {
  const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)
  fds.push(fd)
  for (const size of [4096, 1]) {
    try {
      for (;;) writeSync(fd, Buffer.alloc(size, 'x'))
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' })
    }
  }
}

/** A server whose log, and what it says beside it, goes to this descriptor. */
async function start(fd: number, settings: Record<string, string> = {}) {
  const port = await freePort()
  const child = spawn(process.execPath, ['bin/start.mjs'], {
    cwd: root,
    env: {
      ...{
        PATH: process.env.PATH ?? '',
        HOST: '127.0.0.1',
        PORT: String(port),
        DATA_DIR: join(folder, 'data'),
      },
      ...settings,
    },
    stdio: ['ignore', fd, fd],
  })
  const ended = new Promise<Ending>((resolve) =>
    child.once('exit', (code, signal) => resolve({ code, signal })),
  )
  end = () => child.kill('SIGKILL')
  const live = () =>
    fetch(`http://127.0.0.1:${port}/health/live`).then(
      ({ status }) => status,
      () => 0,
    )
  return {
    child,
    ended,
    live,
    login: () => fetch(`http://127.0.0.1:${port}/login`).then(({ status }) => status),
  }
}

test('a log whose reader never reads keeps neither the server from its work nor its process from ending', async () => {
  const { path, reader, writer } = openPipe()
  fds.push(reader)
  fill(path)
  const server = await start(writer, { LOG_LEVEL: 'trace' })
  await eventually(async () => (await server.live()) === 200)
  for (let count = 0; count < 20; count++) expect(await server.login()).toBe(200)
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test('a log whose reader is gone keeps neither the server from its work nor its process from ending', async () => {
  const { reader, writer } = openPipe()
  const server = await start(writer, { LOG_LEVEL: 'trace' })
  await eventually(async () => (await server.live()) === 200)
  closeSync(reader)
  for (let count = 0; count < 20; count++) expect(await server.login()).toBe(200)
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test('a log that fills up while the server runs, and whose reader goes then, keeps nothing from ending', async () => {
  const { path, reader, writer } = openPipe()
  const server = await start(writer, { LOG_LEVEL: 'trace' })
  await eventually(async () => (await server.live()) === 200)
  fill(path)
  for (let count = 0; count < 20; count++) expect(await server.login()).toBe(200)
  closeSync(reader)
  expect(await server.login()).toBe(200)
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test.skipIf(process.platform !== 'linux')('a log on a full disk does not stop the server', async () => {
  const full = openSync('/dev/full', 'w')
  fds.push(full)
  const server = await start(full, { LOG_LEVEL: 'trace' })
  await eventually(async () => (await server.live()) === 200)
  for (let count = 0; count < 20; count++) expect(await server.login()).toBe(200)
  server.child.kill('SIGTERM')
  expect(await server.ended).toEqual({ code: 0, signal: null })
})

test('a server that cannot start ends, though nobody reads why', async () => {
  const { path, reader, writer } = openPipe()
  fds.push(reader)
  fill(path)
  const server = await start(writer, { LOG_LEVEL: 'loud' })
  expect(await server.ended).toEqual({ code: 1, signal: null })
})
