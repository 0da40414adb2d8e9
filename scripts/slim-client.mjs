// Makes a client that Prisma has generated smaller in memory, without a change of what it does (docs/decisions/0035-start-and-memory.md).
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

/** From this key on V8 keeps the numbered properties of a new object in a table, below it in an array with a place for each number up to it. */
const FIRST_IN_A_TABLE = 1024

const COMPILER = 'query-compiler.wasm'

/** Finds what is in a text exactly once. @throws Error when it is not: Prisma generates something else by now */
function findOnce(text, pattern) {
  const found = [...text.matchAll(new RegExp(pattern, 'g'))]
  if (found.length !== 1) throw new Error(`${pattern} is ${found.length} times in the generated client`)
  return found[0]
}

/** Replaces what is in a text exactly once. @throws Error as of `findOnce` */
function replaceOnce(text, pattern, replacement) {
  findOnce(text, pattern)
  return text.replace(pattern, replacement)
}

/** Unsigned LEB128 numbers, and bytes, of what Prisma has serialized. */
function createReader(bytes) {
  let at = 0
  return {
    number() {
      let value = 0
      for (let shift = 0; ; shift += 7) {
        const byte = bytes[at++]
        if (byte === undefined) throw new Error('the graph ends too early')
        value |= (byte & 127) << shift
        if (byte < 128) return value
      }
    },
    bytes(count) {
      at += count
      return bytes.subarray(at - count, at)
    },
    isOver: () => at === bytes.length,
  }
}

/** Appends a number to bytes. */
function writeNumber(bytes, number) {
  for (; number > 127; number >>>= 7) bytes.push((number & 127) | 128)
  bytes.push(number)
}

/**
 * The graph of the types of all queries: nodes whose edges are properties of an object, with the number of a string as their name. Every such number
 * becomes larger by a constant.
 * @param graph bytes as Prisma's `runtime/client.mjs` reads them: three counts; input nodes with edges of a number, a mask of two bytes, two numbers or
 * 0, a byte of flags; output nodes with edges of three numbers; roots of three numbers. All but the first number of an edge or root are kept, unless
 * `enumName` is one: a string too
 */
export function renumber(graph, by) {
  const reader = createReader(graph)
  const written = []
  const copy = () => {
    const number = reader.number()
    writeNumber(written, number)
    return number
  }
  const name = () => writeNumber(written, reader.number() + by)
  /** Of one that may be missing: 0, or one more than it is. */
  const optionalName = () => {
    const number = reader.number()
    writeNumber(written, number === 0 ? 0 : number + by)
  }
  const inputs = copy()
  const outputs = copy()
  const roots = copy()
  for (let node = 0; node < inputs; node++)
    for (let edges = copy(); edges > 0; edges--) {
      name()
      written.push(...reader.bytes(2))
      copy()
      optionalName()
      written.push(...reader.bytes(1))
    }
  for (let node = 0; node < outputs; node++)
    for (let edges = copy(); edges > 0; edges--) {
      name()
      copy()
      copy()
    }
  for (let root = 0; root < roots; root++) {
    name()
    copy()
    copy()
  }
  if (!reader.isOver()) throw new Error('the graph goes on: Prisma serializes something else by now')
  return Buffer.from(written)
}

const STRINGS = /(?<=\n {2}strings: JSON\.parse\()"(?:[^"\\]|\\.)*"/
const GRAPH = /(?<=\n {2}graph: ")[\w-]+/
const COMPILED =
  / {4}const \{ wasm \} = await import\("(@prisma\/client\/runtime\/[\w.]+\.wasm-base64\.mjs)"\)\n {4}return await decodeBase64AsWasm\(wasm\)/

const DECODER = /async function decodeBase64AsWasm\([\s\S]*?\n\}\n/

/**
 * - The numbered properties of the graph become tables: of arrays with a thousand places each it had 12 MiB, as tables 2.
 * - The query compiler is read from a file of its own. As a module with a text it stays in memory twice, 4 MiB.
 * @param folder of a client, just generated
 */
export async function slimClient(folder) {
  const path = join(folder, 'internal/class.ts')
  const text = readFileSync(path, 'utf8')
  const [strings] = findOnce(text, STRINGS)
  const [graph] = findOnce(text, GRAPH)
  const [, compiler] = findOnce(text, COMPILED)
  findOnce(text, DECODER)
  const { wasm } = await import(require.resolve(compiler))
  writeFileSync(join(folder, 'internal', COMPILER), Buffer.from(wasm, 'base64'))
  const unused = Array.from({ length: FIRST_IN_A_TABLE }, () => '')
  const renumbered = renumber(Buffer.from(graph, 'base64url'), FIRST_IN_A_TABLE)
  let slim = replaceOnce(text, STRINGS, () =>
    JSON.stringify(JSON.stringify([...unused, ...JSON.parse(JSON.parse(strings))])),
  )
  slim = replaceOnce(slim, GRAPH, renumbered.toString('base64url'))
  slim = replaceOnce(
    slim,
    COMPILED,
    `    const { readFileSync } = await import('node:fs')
    return new WebAssembly.Module(readFileSync(new URL('${COMPILER}', import.meta.url)))`,
  )
  slim = replaceOnce(slim, DECODER, '')
  writeFileSync(path, slim)
}
