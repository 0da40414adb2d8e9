import type { Composition, Part } from './guesses.ts'
import type { KnownWords } from './words.ts'

/** Why a password is easy to guess, and what to do instead: two sentences. */
export function weaknessOf(password: string, { parts }: Composition, words: KnownWords): string {
  const folded = password.toLowerCase()
  if (words.isCommonPassword(folded)) return SENTENCES.common
  const letters = (kind?: Part['kind']): number =>
    parts
      .filter((part) => kind === undefined || part.kind === kind)
      .reduce((sum, { text }) => sum + (text.match(/\p{L}/gu)?.length ?? 0), 0)
  const half = letters() / 2
  if (letters('phrase') > half) return SENTENCES.phrase
  if (letters('own') >= half && letters('own') > 0) return SENTENCES.own
  const core = folded.replaceAll(/^[^\p{L}]+|[^\p{L}]+$/gu, '')
  if (words.isCommonPassword(core)) return SENTENCES.commonWithMore
  const content = parts.filter(isContent)
  if (content.some(({ again }) => again)) return SENTENCES.repeats
  if (content.every(({ kind }) => kind !== 'word')) return SENTENCES.rows
  return content.length === 1 ? SENTENCES.wordWithMore : SENTENCES.words
}

/** Not a date, a number or signs that words are put together with. */
const isContent = ({ kind, text }: Part): boolean => kind !== 'date' && /\p{L}/u.test(text)

export const SENTENCES = {
  common:
    'This is one of the passwords that are used most, and is tried first. Use a few words that do not belong together.',
  commonWithMore:
    'This is a common password with numbers or signs around it, and is tried early. Use a few words that do not belong together.',
  phrase:
    'This password is a phrase that everybody knows, and is tried early. Use words that do not belong together.',
  own: 'This password is made of your name, your address, the name of this service or other words that belong to it. Use words that nobody connects with you or with it.',
  repeats:
    'This password repeats itself, which makes it easy to guess, however long it is. Use different words that do not belong together.',
  rows: 'This password is a row of keys, letters or numbers, which is easy to guess. Use a few words that do not belong together.',
  wordWithMore:
    'This password is a common word with a year, numbers or signs around it, which is easy to guess. Add more words that are less common.',
  words:
    'This password is made of very common words, which are easy to guess. Add words that are less common.',
} as const
