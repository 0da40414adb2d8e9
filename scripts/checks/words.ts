/**
 * Pages, mails, docs and sources call a thing by one word, and comments of src/ name who acts (CONTRIBUTING.md, “Words”). Prints each line that
 * does not, and exits 1. Who acts, in comments alone: sentences that people read on pages are about persons, and may.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const HIDING = /\b(somebody|someone|whoever|elsewhere|meanwhile)\b/gi
const COMMENT = /\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/[^\n]*/g

const problems = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.startsWith(join('storage', 'generated')))
  .flatMap((file) => {
    const text = readFileSync(join('src', file), 'utf8')
    return [...text.matchAll(COMMENT)].flatMap(({ 0: comment, index: start }) =>
      [...comment.matchAll(HIDING)].map(({ 0: word, index }) => {
        const line = text.slice(0, start + index).split('\n').length
        return `src/${file}:${line}: “${word}” hides who or where: name a client, a browser, a person, a process …`
      }),
    )
  })

const VERIFY = {
  word: /\bconfirm(ed|s)?\b[^"./]{0,30}\b(address|email|that it is yours)\b|\b(address|email)\b[^"./]{0,30}\bconfirm(ed)?\b/gi,
  name: 'verify',
}

/** What the glossary has another word for. */
const OTHERWISE: readonly { word: RegExp; name: string }[] = [
  { word: /\b(second[ -]steps?|two[ -]step|two[ -]factor|2FA)\b/gi, name: 'second factor' },
  { word: /\be-mail\b/gi, name: 'email' },
  VERIFY,
  // What people read of events, operations and commands.
  {
    word: /'made? (a|an|the|new) [^']*\b(codes?|credential|key|keys|password|secret|token)\b/g,
    name: 'create',
  },
]
const textsOf = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(ts|eta|md|js)$/.test(file) && !file.startsWith(join('storage', 'generated')))
    .map((file) => join(folder, file))
for (const file of ['README.md', ...['src', 'views', 'public', 'docs'].flatMap(textsOf)]) {
  const text = readFileSync(file, 'utf8')
  for (const { word, name } of OTHERWISE)
    for (const { 0: found, index } of text.matchAll(word)) {
      const line = text.slice(0, index).split('\n').length
      problems.push(`${file}:${line}: “${found}” is called “${name}” (CONTRIBUTING.md, “Words”)`)
    }
}

/** The same in the texts that readers of pages see, by language. */
const OTHERWISE_IN_TEXTS: Readonly<Record<string, readonly { word: RegExp; name: string }[]>> = {
  de: [{ word: /\bAnmeldedienst\w*/g, name: 'Anbieter' }],
  en: [
    { word: /\be-mail\b/gi, name: 'email' },
    { word: /\b(was|were|been) made\b/gi, name: 'created' },
    VERIFY,
    { word: /\b(?<!_)(un)?proven\b(?!_)/g, name: 'verified' },
  ],
}
for (const file of readdirSync('locales', { recursive: true, encoding: 'utf8' })) {
  const words = OTHERWISE_IN_TEXTS[/\b(\w+)\.json$/.exec(file)?.[1] ?? '']
  if (words === undefined) continue
  const text = readFileSync(join('locales', file), 'utf8')
  for (const { word, name } of words)
    for (const { 0: found, index } of text.matchAll(word))
      problems.push(
        `locales/${file}:${text.slice(0, index).split('\n').length}: “${found}” is called “${name}”`,
      )
}

for (const problem of problems) console.error(problem)
if (problems.length > 0) process.exit(1)
console.log('words: one name a thing, and comments say who acts')
