// Views of an owner, in the place of those that ship (VIEWS_DIR). They are read and compiled once, at the start: a server that has begun shows every one of them.
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { own } from '../../shared/own.ts'

/** The folder of the views that ship. */
export const VIEWS = fileURLToPath(new URL('../../../views/', import.meta.url))

/** Bytes. No view that ships has a tenth of it. */
const MAX_SIZE = 512 * 1024
const ENDING = '.eta'

/** What stands in the first line of a copy: which version of the view it was made of. */
const HEAD = /^<% \/\* copied of ([0-9a-f]{16}) \*\/ %>\r?\n/

/** Of what ships now. */
const versionOf = (text: string): string => hash('sha256', text, 'hex').slice(0, 16)

/** How a file of the owner is to the view that ships: `unknown` says in its first line of none what it was copied of. */
export type Age = 'current' | 'changed' | 'unknown'

export interface OverriddenView {
  /** As it is named below `views`, with its ending. */
  view: string
  file: string
  /** Without the line that says what it was copied of. */
  text: string
  age: Age
}

/** What reads a view, for Eta: those of the owner by the path of the one that ships. */
export type ReadView = (path: string) => string

const filesBelow = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .filter((path) => !path.split(sep).some((part) => part.startsWith('.')))
    .filter((path) => !statSync(join(folder, path)).isDirectory())
    .map((path) => path.split(sep).join('/'))
    .sort()

/** Every view that ships, by name. */
export const shippedViews = (): string[] => filesBelow(VIEWS)

const shipped = (view: string): string => readFileSync(join(VIEWS, view), 'utf8')

/** What a view includes by a name that is written there. */
const includedIn = (text: string): string[] =>
  [...text.matchAll(/\b(?:include|layout)\(\s*'\/([^']+)'/g)].map(([, name = '']) => `${name}${ENDING}`)

/** Undefined: nothing. */
function problemOf(eta: Eta, view: string, text: string, views: ReadonlySet<string>): string | undefined {
  if (!views.has(view)) return 'replaces no view that ships'
  const lacking = includedIn(text).find((name) => !views.has(name))
  if (lacking !== undefined) return `includes ${lacking}, which is no view`
  try {
    eta.compile(text)
    return undefined
  } catch (error) {
    return `cannot be compiled: ${error instanceof Error ? error.message.trim().replaceAll(/\s*\n\s*/g, ' · ') : error}`
  }
}

/**
 * The views of a folder, and all that is wrong with them.
 * @param folder absolute; undefined: there is none
 */
export function overriddenViews(folder: string | undefined): {
  views: OverriddenView[]
  problems: string[]
} {
  if (folder === undefined) return { views: [], problems: [] }
  let files: string[]
  try {
    files = filesBelow(folder)
  } catch (error) {
    return { views: [], problems: [`VIEWS_DIR cannot be read: ${(error as Error).message}`] }
  }
  const names = new Set(shippedViews())
  const eta = new Eta({ views: VIEWS, autoTrim: false })
  const views: OverriddenView[] = []
  const problems: string[] = []
  for (const view of files) {
    const file = join(folder, view)
    const wrong = (why: string) => problems.push(`VIEWS_DIR: ${file} ${why}`)
    const found = statSync(file)
    // A pipe or a device would be read without an end.
    if (!found.isFile()) {
      wrong('is no regular file')
      continue
    }
    if (found.size > MAX_SIZE) {
      wrong(`is larger than ${MAX_SIZE} bytes`)
      continue
    }
    const whole = readFileSync(file, 'utf8')
    const text = whole.replace(HEAD, '')
    const problem = problemOf(eta, view, text, names)
    if (problem !== undefined) {
      wrong(problem)
      continue
    }
    const copied = HEAD.exec(whole)?.[1]
    const age = copied === undefined ? 'unknown' : copied === versionOf(shipped(view)) ? 'current' : 'changed'
    views.push({ view, file, text, age })
  }
  return { views, problems }
}

/** What reads the views of pages and messages, with those of the owner in their places. */
export function viewReader(views: readonly OverriddenView[]): ReadView {
  const texts: Readonly<Record<string, string>> = Object.fromEntries(
    views.map(({ view, text }) => [view, text]),
  )
  return (path) => own(texts, relative(VIEWS, path).split(sep).join('/')) ?? readFileSync(path, 'utf8')
}

/** A view that ships, as a copy to change: its first line says of which version it is. Undefined: there is none of this name. */
export function copyOf(view: string): string | undefined {
  if (!shippedViews().includes(view)) return undefined
  const text = shipped(view)
  return `<% /* copied of ${versionOf(text)} */ %>\n${text}`
}
