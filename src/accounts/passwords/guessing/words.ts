import { OTHER_LANGUAGES } from './other-languages.ts'
import { PHRASES } from './phrases.ts'

/** What guessing programs know, each with the guesses that they come to it by, as a power of ten. */
export interface KnownWords {
  /** Words, names and passwords, lower case; none is longer than `longest`. */
  readonly guesses: ReadonlyMap<string, number>
  readonly longest: number
  /** Whether it is one of the passwords that are used most, lower case. */
  isCommonPassword(text: string): boolean
}

type Lists = Readonly<Record<string, readonly (string | number)[]>>

/** How a list says how often its words are used: the first most, or not at all. How many of it count. */
const RANKED: Readonly<Record<string, number>> = {
  'passwords-common': 50_000,
  'commonWords-en': 30_000,
  'wikipedia-en': 20_000,
  'lastnames-en': 10_000,
}
const LONGEST = 24

/** @param lists those of @zxcvbn-ts; what is in several counts as where it is found first */
export function knownWords(lists: Lists): KnownWords {
  const guesses = new Map<string, number>()
  const add = (word: string, power: number) => {
    if (word.length <= LONGEST && !((guesses.get(word) ?? Number.POSITIVE_INFINITY) <= power))
      guesses.set(word, power)
  }
  for (const [name, list] of Object.entries(lists)) {
    const counted = RANKED[name]
    // In alphabetical order, or in that of the calendar: each word takes as many guesses as there are words, and a
    // short list is one of many.
    const flat = Math.log10(Math.max(list.length, 30))
    for (const [index, word] of list.slice(0, counted).entries())
      add(String(word).toLowerCase(), counted === undefined ? flat : Math.log10(index + 1))
  }
  for (const word of OTHER_LANGUAGES)
    for (const spelling of spellingsOf(word)) add(spelling, Math.log10(OTHER_LANGUAGES.length))
  const passwords = new Set(lists['passwords-common']?.map((password) => String(password).toLowerCase()))
  return { guesses, longest: LONGEST, isCommonPassword: (text) => passwords.has(text) }
}

/** With accents, without them, and as Germans write them where a keyboard has none. */
function spellingsOf(word: string): string[] {
  const bare = (text: string) =>
    text.normalize('NFD').replaceAll(/\p{M}/gu, '').replaceAll('ł', 'l').replaceAll('ı', 'i')
  return [word, bare(word), bare(word.replaceAll(/[äöü]/g, (vowel) => `${bare(vowel)}e`))]
}

/** A phrase is found wherever it stands: spaces and signs are left out on both sides. */
export const phrases: readonly string[] = PHRASES.map((phrase) => phrase.replaceAll(/[^\p{L}\p{N}]/gu, ''))
