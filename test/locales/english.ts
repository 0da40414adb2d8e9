import { type MessageFormatElement, parse, TYPE } from '@formatjs/icu-messageformat-parser'
import type { BrowserPage } from '../support/flow.ts'

/** What a text says between its placeholders. */
function wordsOf(elements: readonly MessageFormatElement[]): string[] {
  return elements.flatMap((element) => {
    if (element.type === TYPE.literal) return [element.value.trim()]
    if (element.type === TYPE.tag) return wordsOf(element.children)
    if (element.type === TYPE.plural || element.type === TYPE.select)
      return Object.values(element.options).flatMap(({ value }) => wordsOf(value))
    return []
  })
}
const wordsIn = (texts: readonly string[]) => texts.flatMap((text) => wordsOf(parse(text)))

const escaped = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
/** As words of their own, not inside of others. */
const apart = (text: string) => new RegExp(`(?<![\\p{L}\\d_.-])${escaped(text)}(?![\\p{L}\\d_-])`, 'u')

/** Words and what finds them. */
export type Words = readonly { text: string; pattern: RegExp }[]

/** What is said in English alone. A word in small letters may be one of markup or of both languages. */
export function englishOnly(english: readonly string[], german: readonly string[]): Words {
  const others = wordsIn(german).join('\n')
  return [...new Set(wordsIn(english))]
    .filter((text) => /^\p{Lu}\p{L}{3}|\p{L} \p{L}+ \p{L}/u.test(text))
    .filter((text) => !apart(text).test(others))
    .map((text) => ({ text, pattern: apart(text) }))
}

/** What is read on a page, and read out. */
const readOf = ({ text, body }: BrowserPage): string =>
  [
    text,
    ...[...body.matchAll(/ (?:aria-label|alt|placeholder|title|data-label)="([^"]*)"/g)].map(
      ([, said]) => said,
    ),
  ].join('\n')

/** Which of the words a page says. */
export function saidOn(page: BrowserPage, words: Words): string[] {
  const read = readOf(page)
  return words.filter(({ pattern }) => pattern.test(read)).map(({ text }) => text)
}
