import {
  Composer,
  CST,
  type Document,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  Parser,
  visit,
} from 'yaml'
import { ConfigurationError } from './problems.ts'
import { createBreathe } from './slices.ts'

/** Bytes. Ten thousand clients fit in. */
const LARGEST = 4 * 1024 * 1024
/** Levels. A JWK in a client is at the seventh. */
const DEEPEST = 16
/** Fields of one map: whether a key is there twice is looked up key by key. */
const WIDEST = 200
/** Entries of one list: twice the clients that fit into a file in earnest. */
const MAX_LENGTH = 20_000
const MAX_PROBLEMS = 100

export type Path = readonly (string | number)[]

export interface YamlText {
  value: unknown
  /** The line of what is at a path, or of the nearest thing around it. From 1. */
  lineOf(path: Path): number
}

/**
 * One YAML 1.2 document, of plain maps, lists and scalars: no anchors and aliases (which can make a gigabyte out of a
 * kilobyte), no tags, no key twice, nothing nested absurdly.
 * @throws ConfigurationError
 */
export async function readYaml(text: string): Promise<YamlText> {
  if (Buffer.byteLength(text) > LARGEST) throw refused(1, `is larger than ${LARGEST / 1024 / 1024} MiB`)
  const lines = new LineCounter()
  const tokens = await tokensOf(text, lines)
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: true,
    strict: true,
  })
  const [document, another] = composer.compose(tokens)
  if (document === undefined || document.contents === null) throw refused(1, 'is empty')
  if (another !== undefined) throw refused(1, 'holds more than one document')
  const lineAt = (offset: number): number => Math.max(1, lines.linePos(offset).line)
  const problems = problemsOf(document).map(({ offset, message }) => ({
    line: lineAt(offset),
    path: '',
    message,
  }))
  if (problems.length > 0) throw new ConfigurationError(problems.slice(0, MAX_PROBLEMS))
  return {
    value: document.toJS({ maxAliasCount: 0 }),
    lineOf: (path) => lineAt(offsetOf(document.contents, path)),
  }
}

/**
 * What composes the tokens calls itself for each level, compares each key of a map with all others, and does all of it in one
 * go: levels, keys and entries are counted before, and what is not used here is refused at once.
 */
async function tokensOf(text: string, lines: LineCounter): Promise<CST.Token[]> {
  const tokens: CST.Token[] = []
  const parser = new Parser(lines.addNewLine)
  lines.addNewLine(0)
  const refuse = (message: string) => refused(lines.linePos(parser.offset).line, message)
  const breathe = createBreathe()
  let read = 0
  for (const lexeme of new Lexer().lex(text)) {
    const unused = UNUSED.get(CST.tokenType(lexeme) ?? '')
    if (unused !== undefined) throw refuse(`has ${unused}, which are not used here`)
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > DEEPEST) throw refuse(`is nested deeper than ${DEEPEST} levels`)
    const open = parser.stack.at(-1)
    if (open !== undefined && 'items' in open) {
      const map = open.type === 'block-map' || ('start' in open && open.start.source === '{')
      if (map && open.items.length > WIDEST) throw refuse(`is a map of more than ${WIDEST} fields`)
      if (open.items.length > MAX_LENGTH) throw refuse(`is a list of more than ${MAX_LENGTH} entries`)
    }
    read += 1
    if (read % 256 === 0) await breathe()
  }
  tokens.push(...parser.end())
  return tokens
}

const UNUSED: ReadonlyMap<string, string> = new Map([
  ['anchor', 'an anchor or alias'],
  ['alias', 'an anchor or alias'],
  ['tag', 'a tag (like !!binary)'],
])

/** The words of the parser are kept where they quote nothing of the file. */
function problemsOf(document: Document.Parsed): { offset: number; message: string }[] {
  const problems = [...document.errors, ...document.warnings].map(({ message, pos, code }) => ({
    offset: pos[0],
    message:
      code === 'DUPLICATE_KEY'
        ? 'is a key that the same map has already'
        : `is not YAML: ${message.slice(0, 200)}`,
  }))
  const refuse = (node: Node, message: string) => problems.push({ offset: node.range?.[0] ?? 0, message })
  visit(document, {
    Pair(_key, { key }) {
      if (isNode(key) && !(isScalar(key) && typeof key.value === 'string'))
        refuse(key, 'is a key that is no text')
    },
  })
  return problems
}

function offsetOf(contents: unknown, path: Path): number {
  let node = contents
  let offset = isNode(node) ? (node.range?.[0] ?? 0) : 0
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === part)
      if (pair === undefined) break
      if (isScalar(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node) && typeof part === 'number') {
      node = node.items[part]
      if (!isNode(node)) break
      offset = node.range?.[0] ?? offset
    } else break
  }
  return offset
}

const refused = (line: number, message: string): ConfigurationError =>
  new ConfigurationError([{ line: Math.max(1, line), path: '', message }])
