import { AsyncLocalStorage } from 'node:async_hooks'
import type { BrandedBy } from '../branded-by.ts'
import { own } from '../own.ts'
import {
  catalogueOf,
  type Fillings,
  type Overrides,
  piecesIn,
  shippedText,
  type TextArguments,
  type TextKey,
} from './catalogue.ts'
import { ENGLISH, localeOf } from './locales.ts'

export type { TextArguments, TextKey } from './catalogue.ts'

/** The language that the running code speaks, found out when the first text is asked for. */
export interface Speaking {
  tag?: string | undefined
  find?: (() => string) | undefined
  overrides?: Overrides | undefined
  /** Whose page is answered. */
  brand?: BrandedBy | undefined
}

const storage = new AsyncLocalStorage<Speaking>()

/** The language of the running request, mail or command; English where none was set. */
export function currentLocale(): string {
  const found = speaking()
  if (found === undefined) return ENGLISH
  found.tag ??= found.find?.() ?? ENGLISH
  return found.tag
}

/** As `currentLocale`; undefined: none was set. */
export function spokenLocale(): string | undefined {
  const { tag, find } = storage.getStore() ?? {}
  return tag === undefined && find === undefined ? undefined : currentLocale()
}

/**
 * Runs `work` in a language. What an owner says otherwise counts inside as it does around it.
 * @param tag one of LOCALES, or what finds it out when the first text is asked for
 */
export function inLocale<T>(tag: string | (() => string), work: () => T): T {
  const { overrides, brand } = storage.getStore() ?? {}
  const rest = { overrides, brand }
  return storage.run(typeof tag === 'string' ? { tag, ...rest } : { find: tag, ...rest }, work)
}

/** Runs `work` with what an owner says instead of texts. */
export const withOverrides = <T>(overrides: Overrides, work: () => T): T =>
  storage.run({ ...storage.getStore(), overrides }, work)

/** A text in a language, as the owner says it. */
const said = (tag: string, key: TextKey, values: Fillings): readonly unknown[] =>
  piecesIn(tag, key, values, storage.getStore()?.overrides)

/** What language the running request speaks, for `speakingAs`. */
export const speaking = (): Speaking | undefined => storage.getStore()

/** Runs `work`, which has come out of a request, in its language again. @param as of `speaking`; undefined: English */
export const speakingAs = <T>(as: Speaking | undefined, work: () => T): T => storage.run(as ?? {}, work)

/** Changes the language of the running request: what it was asked for is known only now. Outside of one, nothing happens. */
export function setLocale(tag: string): void {
  const found = speaking()
  if (found !== undefined) found.tag = tag
}

/** A text in the current language. @throws Error when a placeholder of it is not filled */
export const t = (key: TextKey, values: TextArguments = {}): string =>
  said(currentLocale(), key, isolated(values)).join('')

const WORD = /^\p{L}+(?:_\p{L}+)*$/u

/**
 * What fills a text that runs from right to left, each for itself (FSI … PDI, UAX #9 §2.4): else a name, a phone number or an address
 * in it would be torn apart. A word of letters alone is not, and may choose what a text says (`{who, select, …}`).
 */
function isolated(values: TextArguments): TextArguments {
  if (direction() === 'ltr') return values
  const pairs = Object.entries(values)
  return Object.fromEntries(
    pairs.map(([name, value]) => [
      name,
      typeof value === 'string' && !WORD.test(value) ? `\u2068${value}\u2069` : value,
    ]),
  )
}

/** The texts without placeholders whose names begin so, in the current language: any of them may come to stand in one place. */
export const textsUnder = (start: string): string[] =>
  Object.keys(catalogueOf(ENGLISH)).flatMap((key) => (key.startsWith(start) ? t(key as TextKey) : []))

/** Whether there is a text of this name for everybody. */
export const isText = (key: string): key is TextKey => own(catalogueOf(ENGLISH), key) !== undefined

/** Whether the console has a text of this name. @param key begins with `admin.` and an area that there is */
export const isConsoleText = (key: `admin.${string}`): key is TextKey & `admin.${string}` =>
  shippedText(ENGLISH, key) !== undefined

/** A text in English, for programs, administrators and their documents. */
export const inEnglish = (key: TextKey): string => piecesIn(ENGLISH, key, {}).join('')

/** A text whose language is known only where it is read: an error says it to a person in theirs, and to the log in English. */
export class Message {
  readonly #key: TextKey
  readonly #values: TextArguments

  constructor(key: TextKey, values: TextArguments) {
    this.#key = key
    this.#values = values
  }

  /** In the language of the running request. */
  toString(): string {
    return t(this.#key, this.#values)
  }

  get english(): string {
    return piecesIn(ENGLISH, this.#key, this.#values).join('')
  }
}

/** What a check of zod says, in the language of the running request. */
export const saying = (key: TextKey, values: TextArguments = {}) => ({ error: () => t(key, values) })

export const message = (key: TextKey, values: TextArguments = {}): Message => new Message(key, values)

/** A piece of HTML that is finished. */
class Html {
  readonly markup: string
  constructor(markup: string) {
    this.markup = markup
  }
}

const markupOf = (pieces: readonly unknown[]): string =>
  pieces.map((piece) => (piece instanceof Html ? piece.markup : escaped(String(piece)))).join('')

/** Elements that a text may hold; each is written as the tag itself, without attributes. */
const ELEMENTS = ['b', 'strong', 'em', 'code', 'bdi']

const elements = Object.fromEntries(
  ELEMENTS.map((name) => [
    name,
    (pieces: readonly unknown[]) => new Html(`<${name}>${markupOf(pieces)}</${name}>`),
  ]),
)

/**
 * A text in the current language as HTML: it is escaped, and so is what fills it. Its tags `<b>`, `<strong>`, `<em>`, `<code>`
 * and `<bdi>` become elements, every other one a link.
 * @param links where the links lead, by the name of their tag
 */
export function html(
  key: TextKey,
  values: TextArguments = {},
  links: Readonly<Record<string, string>> = {},
): string {
  const anchors = Object.entries(links).map(([name, href]) => [
    name,
    (pieces: readonly unknown[]) => new Html(`<a href="${escaped(href)}">${markupOf(pieces)}</a>`),
  ])
  return markupOf(
    said(currentLocale(), key, { ...isolated(values), ...elements, ...Object.fromEntries(anchors) }),
  )
}

/** A text in the current language without its tags: for mails in plain text. @throws Error when a placeholder of it is not filled */
export const plain = (key: TextKey, values: TextArguments = {}): string =>
  said(currentLocale(), key, { ...isolated(values), ...bare }).join('')

const bare = Object.fromEntries(
  ELEMENTS.map((name) => [name, (pieces: readonly unknown[]) => pieces.join('')]),
)

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escaped = (text: string): string => text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? '')

/** How the current language is written, for `dir`. */
export const direction = (): 'ltr' | 'rtl' => (localeOf(currentLocale()).rtl ? 'rtl' : 'ltr')
