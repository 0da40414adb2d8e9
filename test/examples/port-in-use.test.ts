import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runProgram } from '../operations/server-process.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

let latchkey: Latchkey
const folder = mkdtempSync(join(tmpdir(), 'latchkey-taken-'))
const other = createServer()
let port = ''
beforeAll(async () => {
  latchkey = await startLatchkey()
  await new Promise<void>((resolve) => other.listen(0, 'localhost', resolve))
  const address = other.address()
  port = typeof address === 'object' && address ? String(address.port) : ''
})
afterAll(async () => {
  other.close()
  await latchkey.stop()
  rmSync(folder, { recursive: true, force: true })
})

test.each([
  ['books-api', ['--conditions=latchkey-source', 'examples/books-api/main.ts']],
  ['web-app', ['examples/web-app/main.ts']],
] as const)('the example %s says that its port is in use in one line', async (_name, [first, ...args]) => {
  const env = { ISSUER: latchkey.issuer, CLIENT_ID: 'x', CLIENT_SECRET: 'y', PORT: port, DATA_DIR: folder }
  const run = runProgram(first, env, { args })
  expect(await run.ended).toEqual({ code: 1, signal: null })
  expect(run.stderr).toEqual([
    expect.stringMatching(new RegExp(`^Port ${port} is in use\\. Set PORT to another one`)),
  ])
})
