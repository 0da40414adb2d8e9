/**
 * Texts that people read stand in locales/ alone. Every language has each of them, with the same placeholders and tags, and every
 * plural form that its grammar has; whatever names a text names one that there is; none is left that nothing names; and neither views nor code that speaks to
 * people hold words of their own, but for those listed below and in sentences.ts. Prints every breach and exits 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { shapeOf } from '../../src/shared/locales/shape.ts'
import { misplacedSentences } from './sentences.ts'

/** Views whose words are still in them: folders, and files. */
const IN_VIEWS: readonly string[] = readFileSync(join(import.meta.dirname, 'views-with-words.txt'), 'utf8')
  .split('\n')
  .filter(Boolean)

const problems: string[] = []
type Catalogue = Readonly<Record<string, string>>
const read = (tag: string) => JSON.parse(readFileSync(`locales/${tag}.json`, 'utf8')) as Catalogue
const english = read('en')

function shapeOfText(tag: string, key: string, text: string): Set<string> {
  try {
    return shapeOf(text, tag)
  } catch (error) {
    problems.push(`locales/${tag}.json: ${key} cannot be read: ${error}`)
    return new Set()
  }
}

for (const { tag, console: ofConsole } of LOCALES) {
  const catalogue = read(tag)
  for (const key of Object.keys(catalogue))
    if (!Object.hasOwn(english, key)) problems.push(`locales/${tag}.json: English has no ${key}`)
  for (const [key, text] of Object.entries(english)) {
    const translated = catalogue[key]
    if (translated === undefined) {
      if (!key.startsWith('admin.') || ofConsole) problems.push(`locales/${tag}.json lacks ${key}`)
      continue
    }
    const [wanted, has] = [shapeOfText('en', key, text), shapeOfText(tag, key, translated)]
    for (const part of has)
      if (!wanted.has(part))
        problems.push(
          `locales/${tag}.json: ${key} ${part.startsWith('the plural') ? 'lacks' : 'has'} ${part}`,
        )
    for (const part of wanted) if (!has.has(part)) problems.push(`locales/${tag}.json: ${key} lacks ${part}`)
  }
}

const files = (folder: string, ending: RegExp) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file) && !file.startsWith(join('storage', 'generated')))
    .map((file) => join(folder, file))
const views = files('views', /\.eta$/)
const sources = [...views, ...files('src', /\.ts$/)]
const named = new Set<string>()
for (const file of sources) {
  const text = readFileSync(file, 'utf8')
  // A key is a text in quotes with a dot in it, or what `t` is called with.
  for (const [, key = ''] of text.matchAll(/['`]([a-zA-Z]+(?:\.\w+)*)['`]/g)) named.add(key)
  // Or begins so: `claim.${name}`.
  for (const [, start = ''] of text.matchAll(/`([a-zA-Z]+(?:\.\w+)*\.)\$\{/g))
    for (const key of Object.keys(english)) if (key.startsWith(start)) named.add(key)
  for (const [, key = ''] of text.matchAll(/\b(?:t|html)\(\s*'([^']+)'/g))
    if (file.endsWith('.eta') && !Object.hasOwn(english, key))
      problems.push(`${file}: no text is called ${key}`)
}
for (const key of Object.keys(english))
  if (!named.has(key)) problems.push(`locales/en.json: nothing names ${key}`)

/** Words of a view: what is left between its tags, and what attributes say to people. */
function wordsOf(view: string): string[] {
  const markup = view.replaceAll(/<%[\s\S]*?%>/g, '')
  const said = [...markup.matchAll(/\b(?:alt|title|placeholder|aria-label)="([^"]*)"/g)].map(
    ([, text = '']) => text,
  )
  const code = [...view.matchAll(/<%[\s\S]*?%>/g)].map(([block]) => block).join('\n')
  const handed = [
    ...code.matchAll(
      /\b(?:label|hint|of|title|text|legend|heading|cancelled|without|exists|lacking):\s*['`]([^'`]*)/g,
    ),
  ]
  return [
    ...markup.replaceAll(/<[^>]*>/g, '\n').split('\n'),
    ...said,
    ...handed.map(([, text = '']) => text.replaceAll(/\$\{[^}]*\}/g, '')),
  ]
    .map((line) => line.replaceAll(/&\w+;/g, '').trim())
    .filter((line) => !Object.hasOwn(english, line))
    .filter((line) => /\p{L}{2}/u.test(line.replaceAll('Latchkey', '')))
}
for (const file of views) {
  const words = wordsOf(readFileSync(file, 'utf8'))
  const listed = IN_VIEWS.some((path) => file === path || file.startsWith(`${path}/`))
  if (words.length > 0 && !listed) problems.push(`${file}: “${words[0]}” belongs in locales/en.json`)
}
for (const path of IN_VIEWS)
  if (
    !views.some(
      (file) =>
        (file === path || file.startsWith(`${path}/`)) && wordsOf(readFileSync(file, 'utf8')).length > 0,
    )
  )
    problems.push(`scripts/checks/views-with-words.txt: ${path} holds no words any more`)

problems.push(...misplacedSentences())

const MOST = 30
for (const problem of problems.slice(0, MOST)) console.error(problem)
if (problems.length > MOST) console.error(`and ${problems.length - MOST} more`)
if (problems.length > 0) process.exit(1)
console.log(`texts: ${Object.keys(english).length} in ${LOCALES.length} languages`)
