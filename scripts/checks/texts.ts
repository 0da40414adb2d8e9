/**
 * Texts that people read stand in locales/ alone. Every language has each of them, with the same placeholders and tags, and every
 * plural form that its grammar has; whatever names a text names one that there is; none is left that nothing names; and neither views nor code that speaks to
 * people hold words of their own, but for those listed below and in sentences.ts; nor has an English text changed since its translations were looked at (translated.ts). Prints every breach and exits 1.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LOCALES } from '../../src/shared/locales/locales.ts'
import { shapeOf } from '../../src/shared/locales/shape.ts'
import { describedTexts } from './described.ts'
import { misplacedSentences } from './sentences.ts'
import { staleTranslations } from './translated.ts'

/** Views whose words are still in them: folders, and files. */
const IN_VIEWS: readonly string[] = readFileSync(join(import.meta.dirname, 'views-with-words.txt'), 'utf8')
  .split('\n')
  .filter(Boolean)

const problems: string[] = []
type Catalogue = Readonly<Record<string, string>>
const read = (path: string) => JSON.parse(readFileSync(join('locales', path), 'utf8')) as Catalogue

function shapeOfText(path: string, tag: string, key: string, text: string): Set<string> {
  try {
    return shapeOf(text, tag)
  } catch (error) {
    problems.push(`locales/${path}: ${key} cannot be read: ${error}`)
    return new Set()
  }
}

/** Says what a file of translations lacks, and what it has that the English does not. */
function compare(original: Catalogue, originalPath: string, path: string, tag: string): void {
  const catalogue = read(path)
  for (const key of Object.keys(catalogue))
    if (!Object.hasOwn(original, key)) problems.push(`locales/${path}: English has no ${key}`)
  for (const [key, text] of Object.entries(original)) {
    const translated = catalogue[key]
    if (translated === undefined) {
      problems.push(`locales/${path} lacks ${key}`)
      continue
    }
    const wanted = shapeOfText(originalPath, 'en', key, text)
    const has = shapeOfText(path, tag, key, translated)
    for (const part of has)
      if (!wanted.has(part))
        problems.push(`locales/${path}: ${key} ${part.startsWith('the plural') ? 'lacks' : 'has'} ${part}`)
    for (const part of wanted) if (!has.has(part)) problems.push(`locales/${path}: ${key} lacks ${part}`)
  }
}

const everybodys = read('en.json')
for (const { tag } of LOCALES) compare(everybodys, 'en.json', `${tag}.json`, tag)
for (const key of Object.keys(everybodys))
  if (key.startsWith('admin.')) problems.push(`locales/en.json: ${key} belongs in locales/admin`)

const ofTables = describedTexts()
const areas = readdirSync(join('locales', 'admin'))
  .filter((file) => file.endsWith('.en.json'))
  .map((file) => file.slice(0, -'.en.json'.length))
const consoles = Object.assign(
  {},
  ...areas.map((area) => {
    const english = read(join('admin', `${area}.en.json`))
    const start = `admin.${area}.`
    for (const key of Object.keys(english))
      if (!key.startsWith(start))
        problems.push(`locales/admin/${area}.en.json: ${key} does not begin with ${start}`)
    const described = Object.fromEntries(Object.entries(ofTables).filter(([key]) => key.startsWith(start)))
    for (const { tag, console: ofConsole } of LOCALES) {
      const path = join('admin', `${area}.${tag}.json`)
      if (ofConsole)
        compare(tag === 'en' ? english : { ...english, ...described }, `admin/${area}.en.json`, path, tag)
    }
    return english
  }),
) as Catalogue
for (const key of Object.keys(ofTables))
  if (!areas.some((area) => key.startsWith(`admin.${area}.`)))
    problems.push(`scripts/checks/described.ts: ${key} is of no area in locales/admin`)
const english: Catalogue = { ...everybodys, ...consoles }

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
for (const key of Object.keys(english)) if (!named.has(key)) problems.push(`nothing names ${key}`)

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

problems.push(...misplacedSentences(), ...staleTranslations())

const MOST = 30
for (const problem of problems.slice(0, MOST)) console.error(problem)
if (problems.length > MOST) console.error(`and ${problems.length - MOST} more`)
if (problems.length > 0) process.exit(1)
console.log(`texts: ${Object.keys(english).length} in ${LOCALES.length} languages`)
