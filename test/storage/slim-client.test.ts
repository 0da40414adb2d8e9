import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { renumber, slimClient } from '../../scripts/slim-client.mjs'
import { temporaryFolder } from '../support/folder.ts'

const generated = (provider: string) =>
  fileURLToPath(new URL(`../../src/storage/generated/${provider}`, import.meta.url))

test.each(['sqlite', 'postgresql'])('the client for %s keeps its types of queries in tables', (provider) => {
  const program = `
    const { PrismaClient } = await import(${JSON.stringify(`${generated(provider)}/client.ts`)})
    const adapter = { provider: '${provider === 'sqlite' ? 'sqlite' : 'postgres'}', adapterName: 'none', connect() {} }
    const used = () => (gc(), gc(), process.memoryUsage().heapUsed)
    const before = used()
    const client = new PrismaClient({ adapter })
    console.log(Math.round((used() - before) / 1024))
    client.account`
  const kib = Number(
    execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '--eval', program], {
      encoding: 'utf8',
    }),
  )
  expect(kib).toBeGreaterThan(0)
  // In arrays they are 12 MiB.
  expect(kib).toBeLessThan(5 * 1024)
})

test('the query compiler is a file of its own', () => {
  for (const provider of ['sqlite', 'postgresql'])
    expect(readdirSync(`${generated(provider)}/internal`)).toContain('query-compiler.wasm')
})

test('of a graph of queries only the numbers that name something are changed', () => {
  // One node of each kind and one root; edges: name, mask (2 bytes), child, enumeration, flags; name, arguments, result.
  const graph = [1, 1, 1, /**/ 2, 5, 9, 8, 3, 0, 32, 6, 0, 0, 0, 7, 1, /**/ 1, 5, 2, 1, /**/ 127, 1, 1]
  const expected = [
    ...[1, 1, 1],
    ...[2, 0x85, 8, 9, 8, 3, 0, 32, 0x86, 8, 0, 0, 0, 0x87, 8, 1],
    ...[1, 0x85, 8, 2, 1],
    ...[0xff, 8, 1, 1],
  ]
  expect([...renumber(Buffer.from(graph), 1024)]).toEqual(expected)
})

test('a graph of another form is refused', () => {
  expect(() => renumber(Buffer.from([0, 0, 1, 1, 1, 1, 1]), 1024)).toThrow('goes on')
  expect(() => renumber(Buffer.from([1, 0, 0, 9, 5]), 1024)).toThrow('too early')
})

test.each([
  ['strings', (text: string) => text.replace('strings: JSON.parse(', 'strings: parsed(')],
  ['a graph', (text: string) => text.replace('\n  graph: "', '\n  graphs: "')],
  ['a compiler', (text: string) => text.replace('await decodeBase64AsWasm(wasm)', 'wasm')],
  ['a decoder', (text: string) => text.replace('async function decodeBase64AsWasm(', 'function other(')],
])('a client without %s is refused, and left as it is', async (_part, change) => {
  const folder = temporaryFolder()
  const path = join(folder, 'internal/class.ts')
  mkdirSync(join(folder, 'internal'))
  const text = change(AS_GENERATED)
  expect(text).not.toBe(AS_GENERATED)
  writeFileSync(path, text)
  await expect(slimClient(folder)).rejects.toThrow('is 0 times in the generated client')
  expect(readdirSync(join(folder, 'internal'))).toEqual(['class.ts'])
  expect(readFileSync(path, 'utf8')).toBe(text)
})

/** The four parts of what Prisma generates, and nothing else. */
const AS_GENERATED = `const config = {
  strings: JSON.parse("[\\"a\\"]"),
  graph: "AAAA",
}
async function decodeBase64AsWasm(wasm) {
  return wasm
}
    const { wasm } = await import("@prisma/client/runtime/query_compiler_small_bg.sqlite.wasm-base64.mjs")
    return await decodeBase64AsWasm(wasm)
`
