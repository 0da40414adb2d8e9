/**
 * Whether the translations are those of the English that stands now. A hash of each English text, of those of tables (described.ts) too, is kept as it
 * was when its translations were last looked at: an English text that changes alone is named, until the translator has looked.
 *
 *   npm run translated                        keeps the hashes of new texts, and drops those of texts that are gone
 *   npm run translated -- signIn.title admin.users.
 *                                             and those of changed ones: by key, or all whose key begins so, with a dot at its end
 */
import { hash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { argv } from 'node:process'
import { describedTexts } from './described.ts'

type Texts = Readonly<Record<string, string>>

const FOLDER = join(import.meta.dirname, 'translated')
const LOCALES = join(import.meta.dirname, '../../locales')

const read = (path: string): Texts => JSON.parse(readFileSync(path, 'utf8')) as Texts
const fingerprint = (english: string): string => hash('sha256', english, 'base64url').slice(0, 8)

/** The English of each file of hashes, by its name: an area of the console, or `everybody`. */
function englishByFile(): Record<string, Texts> {
  const tables = Object.entries(describedTexts())
  const areas = readdirSync(join(LOCALES, 'admin'))
    .filter((file) => file.endsWith('.en.json'))
    .map((file) => file.slice(0, -'.en.json'.length))
  return {
    everybody: read(join(LOCALES, 'en.json')),
    ...Object.fromEntries(
      areas.map((area) => [
        area,
        {
          ...read(join(LOCALES, 'admin', `${area}.en.json`)),
          ...Object.fromEntries(tables.filter(([key]) => key.startsWith(`admin.${area}.`))),
        },
      ]),
    ),
  }
}

const pathOf = (name: string): string => join(FOLDER, `${name}.json`)

function keptIn(name: string): Texts {
  try {
    return read(pathOf(name))
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return {}
    throw error
  }
}

/** What the hashes say of the texts: keys that have none, whose English is another one, and that are gone. */
export function compareHashes(
  english: Texts,
  kept: Texts,
): { unknown: string[]; changed: string[]; gone: string[] } {
  const keys = Object.keys(english)
  return {
    unknown: keys.filter((key) => !Object.hasOwn(kept, key)),
    changed: keys.filter((key) => Object.hasOwn(kept, key) && kept[key] !== fingerprint(english[key] ?? '')),
    gone: Object.keys(kept).filter((key) => !Object.hasOwn(english, key)),
  }
}

/** The hashes once a translator has looked. @param looked keys, or beginnings of keys with a dot at their end */
export function hashesAfter(english: Texts, kept: Texts, looked: readonly string[]): Texts {
  const { changed } = compareHashes(english, kept)
  const seen = (key: string) =>
    looked.some((each) => (each.endsWith('.') ? key.startsWith(each) : key === each))
  return Object.fromEntries(
    Object.entries(english)
      .map(([key, text]): [string, string] => [
        key,
        changed.includes(key) && !seen(key) ? (kept[key] ?? '') : fingerprint(text),
      ])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  )
}

/** A line for each text whose translations nobody has looked at since its English changed, and for hashes that are missing or left over. */
export const staleTranslations = (): string[] =>
  Object.entries(englishByFile()).flatMap(([name, english]) => {
    const { unknown, changed, gone } = compareHashes(english, keptIn(name))
    const places = name === 'everybody' ? 'locales' : `locales/admin/${name}`
    return [
      ...changed.map(
        (key) =>
          `the English of ${key} has changed: look at its translations in ${places}, then npm run translated -- ${key}`,
      ),
      ...(unknown.length + gone.length > 0
        ? [
            `scripts/checks/translated/${name}.json lacks or has left over ${[...unknown, ...gone].slice(0, 3).join(', ')}: npm run translated`,
          ]
        : []),
    ]
  })

if (import.meta.main) {
  const looked = argv.slice(2)
  mkdirSync(FOLDER, { recursive: true })
  for (const [name, english] of Object.entries(englishByFile()))
    writeFileSync(pathOf(name), `${JSON.stringify(hashesAfter(english, keptIn(name), looked), null, 2)}\n`)
  const stale = staleTranslations()
  for (const line of stale) console.error(line)
  if (stale.length > 0) process.exitCode = 1
}
