// Views of an owner, in the place of those that ship (VIEWS_DIR). They are read and compiled once, at the start: a server that has begun shows every one of them.
import { hash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Eta } from 'eta'
import { own } from '../../shared/own.ts'
import { inclusionsOf } from './included-views.ts'

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

const namesIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.'))
    .sort()

/**
 * The files below a folder, by path. Links are followed: a volume is made of them, and who writes the folder writes code that
 * the server runs. How deep they lead is bound by the folders that may be.
 * @param folders those that may be, by path @param wrong is told what else is there
 */
function filesBelow(
  root: string,
  folders: ReadonlySet<string>,
  wrong: (path: string, why: string) => void,
  below = '',
): string[] {
  return namesIn(join(root, below)).flatMap((name) => {
    const path = below === '' ? name : `${below}/${name}`
    try {
      if (!statSync(join(root, path)).isDirectory()) return [path]
      if (folders.has(path)) return filesBelow(root, folders, wrong, path)
      wrong(
        path,
        'is a folder in which no view ships: remove it, or move its views to the path of what they replace',
      )
    } catch (error) {
      wrong(path, unreadable(error))
    }
    return []
  })
}

const unreadable = (error: unknown): string =>
  `cannot be read: ${(error as Error).message}. Remove it, or let the server read it`

/** Every view that ships, by name. */
export const shippedViews = (): string[] =>
  readdirSync(VIEWS, { recursive: true })
    .map((path) => String(path).split(sep).join('/'))
    .filter((path) => path.endsWith(ENDING))
    .sort()

/** Views that ship whose path has the last part of a name. */
export function viewsLike(name: string): string[] {
  const part = (name.split('/').at(-1) ?? '').replace(ENDING, '')
  return part === ''
    ? []
    : shippedViews()
        .filter((view) => view.includes(part))
        .slice(0, 10)
}

/** The folders that hold them, by path. */
const foldersOf = (views: ReadonlySet<string>): Set<string> =>
  new Set(
    [...views].flatMap((view) =>
      dirname(view)
        .split('/')
        .map((_part, at, parts) => parts.slice(0, at + 1).join('/')),
    ),
  )

const shipped = (view: string): string => readFileSync(join(VIEWS, view), 'utf8')

const like = (view: string): string => {
  const found = viewsLike(view)
  return found.length === 0 ? '' : ` (there are: ${found.join(', ')})`
}

/** Without what Eta made of the view, which stands below a line of equals signs. */
const syntaxErrorOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(/\n=+\n[\s\S]*$/, '')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' · ')

/** What of a view cannot be shown. */
function problemsOf(view: string, text: string, views: ReadonlySet<string>): string[] {
  if (!views.has(view))
    return [`replaces no view that ships: remove it, or move it to the path of what it replaces${like(view)}`]
  // A mail resolves what it includes below the folder of mails.
  const root = view.startsWith('mail/') ? 'mail/' : ''
  const eta = new Eta({ views: join(VIEWS, root), autoTrim: false })
  try {
    eta.compile(text)
    const computed = new Set(computedBy(eta, shipped(view)))
    return inclusionsOf(eta, text).flatMap(({ written, name }) => {
      if (name === undefined)
        return computed.has(written)
          ? []
          : [
              `includes what it computes (${written}): write the name of each view as text, so that it is looked up now`,
            ]
      const path = includedBy(eta, view, name)
      if (path === undefined)
        return [`includes ${written}, which is outside of the views: name one that ships`]
      return views.has(path)
        ? []
        : [
            `includes ${written}, and there is no view ${path}: name one that ships${root === '' ? like(path) : ' there'}`,
          ]
    })
  } catch (error) {
    return [`cannot be compiled, mend it or copy it anew: ${syntaxErrorOf(error)}`]
  }
}

const computedBy = (eta: Eta, text: string): string[] =>
  inclusionsOf(eta, text).flatMap(({ written, name }) => (name === undefined ? [written] : []))

/** The path below `views` of what a view includes by a name. Undefined: it leads out of it. */
function includedBy(eta: Eta, view: string, name: string): string | undefined {
  try {
    const path = eta.resolvePath?.(name, { filepath: join(VIEWS, view) })
    return path === undefined ? undefined : relative(VIEWS, path).split(sep).join('/')
  } catch {
    return undefined
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
  const problems: string[] = []
  const wrong = (path: string, why: string) => problems.push(`VIEWS_DIR: ${join(folder, path)} ${why}`)
  const names = new Set(shippedViews())
  let files: string[]
  try {
    files = filesBelow(folder, foldersOf(names), wrong)
  } catch (error) {
    const { message } = error as Error
    return {
      views: [],
      problems: [`VIEWS_DIR cannot be read, create the folder or leave it out: ${message}`],
    }
  }
  const views: OverriddenView[] = []
  for (const view of files) {
    const file = join(folder, view)
    const found = statSync(file)
    // A pipe or a device would be read without an end.
    if (!found.isFile()) {
      wrong(view, 'is no regular file: remove it')
      continue
    }
    if (found.size > MAX_SIZE) {
      wrong(view, `is larger than ${MAX_SIZE} bytes: shorten it`)
      continue
    }
    let whole: string
    try {
      whole = readFileSync(file, 'utf8')
    } catch (error) {
      wrong(view, unreadable(error))
      continue
    }
    const text = whole.replace(HEAD, '')
    const lacks = problemsOf(view, text, names)
    for (const problem of lacks) wrong(view, problem)
    if (lacks.length > 0) continue
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
