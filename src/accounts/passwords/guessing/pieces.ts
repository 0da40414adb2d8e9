import { type Reading, readingsOf } from './readings.ts'
import { type KeyboardGraphs, rowOfKeys } from './rows.ts'
import { type KnownWords, phrases } from './words.ts'

/** What a piece of a password is, to say why it is weak. */
export type PieceKind = 'own' | 'phrase' | 'word' | 'date' | 'row' | 'repeat' | 'other'

/** A piece that guessing programs try, from one code point of a password up to another. */
export interface Piece {
  kind: PieceKind
  start: number
  /** The code point behind it. */
  end: number
  /** How many guesses it takes to come to it, as a power of ten. */
  guesses: number
}

export interface Knowledge {
  words: KnownWords
  graphs: KeyboardGraphs
  /** What is known of the person and the service, lower case: tried first of all. */
  own: ReadonlySet<string>
}

/** One character that nothing is known of: ten guesses, as zxcvbn counts. */
const UNKNOWN = 1
/** A word of the person's own. */
const OWN = 0.3
/** A word in capitals, or with a capital in front; a mixture takes it for each. */
const CAPITALS = 0.3
const PHRASE = Math.log10(phrases.length)
const MIN_OWN = 3
const MIN_REVERSED = 4

/** All pieces of a password, in the order of their ends. */
export function piecesOf(characters: readonly string[], knowledge: Knowledge): Piece[] {
  const readings = readingsOf(characters)
  const [{ text }] = readings
  const pieces: Piece[] = [
    ...readings.flatMap((reading) => wordsIn(characters, reading, readings[0], knowledge)),
    ...readings.flatMap((reading) => phrasesIn(reading)),
  ]
  for (let start = 0; start < text.length; start++) {
    pieces.push({ kind: 'other', start, end: start + 1, guesses: UNKNOWN })
    pieces.push(...repeats(text, start), ...sequences(text, start), ...dates(text, start))
    pieces.push(...rowOfKeys(text, start, knowledge.graphs))
  }
  return pieces.sort((one, other) => one.end - other.end)
}

function wordsIn(
  characters: readonly string[],
  { text, reversed = false, guesses }: Reading,
  plain: Reading,
  { words, own }: Knowledge,
): Piece[] {
  const found: Piece[] = []
  for (let start = 0; start < text.length; start++) {
    const longest = Math.min(words.longest, text.length - start)
    for (let length = reversed ? MIN_REVERSED : 1; length <= longest; length++) {
      const end = start + length
      const slice = text.slice(start, end)
      // The plain reading has found it already.
      if (text !== plain.text && slice === plain.text.slice(start, end)) continue
      const word = reversed ? backwards(slice) : slice
      const isOwn = length >= MIN_OWN && own.has(word)
      const known = isOwn ? OWN : words.guesses.get(word)
      if (known === undefined) continue
      const kind = isOwn ? 'own' : 'word'
      found.push({ kind, start, end, guesses: known + guesses + capitals(characters.slice(start, end)) })
    }
  }
  // Longer ones: an address, a name of many parts.
  for (const word of own)
    if (word.length > words.longest)
      for (const start of placesOf(reversed ? backwards(word) : word, text))
        found.push({ kind: 'own', start, end: start + word.length, guesses: OWN + guesses })
  return found
}

const backwards = (text: string): string => [...text].reverse().join('')

/** What it costs to guess which letters are capitals. */
function capitals(characters: readonly string[]): number {
  const upper = characters.filter((each) => /\p{Lu}/u.test(each)).length
  if (upper === 0) return 0
  const lower = characters.filter((each) => /\p{Ll}/u.test(each)).length
  const usual = lower === 0 || (upper === 1 && /\p{Lu}/u.test(characters[0] ?? ''))
  return CAPITALS * (usual ? 1 : Math.min(upper, lower) + 1)
}

const phrasesIn = ({ text, reversed, guesses }: Reading): Piece[] =>
  reversed
    ? []
    : phrases.flatMap((phrase) =>
        placesOf(phrase, text).map((start) => ({
          kind: 'phrase' as const,
          start,
          end: start + phrase.length,
          guesses: PHRASE + guesses,
        })),
      )

function placesOf(part: string, text: string): number[] {
  const places: number[] = []
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) places.push(at)
  return places
}

/** One character again and again, as far as it goes: which one, and how often. */
function repeats(text: string, start: number): Piece[] {
  let end = start + 1
  while (end < text.length && text[end] === text[start]) end++
  return end - start < 2
    ? []
    : [{ kind: 'repeat', start, end, guesses: UNKNOWN + Math.log10(end - start) / 2 }]
}

/** “abcd”, “4321”: where it begins, which way, how far. */
function sequences(text: string, start: number): Piece[] {
  const step = text.charCodeAt(start + 1) - text.charCodeAt(start)
  if (Math.abs(step) !== 1 || !/[\p{L}\p{N}]/u.test(text[start] ?? '')) return []
  let end = start + 2
  while (text.charCodeAt(end) - text.charCodeAt(end - 1) === step) end++
  return Array.from({ length: Math.max(0, end - start - 2) }, (_, index) => ({
    kind: 'row' as const,
    start,
    end: start + 3 + index,
    guesses: UNKNOWN + 0.5,
  }))
}

/** A year of a life is one in a hundred; a day of one is one in about 40,000. */
const DATES: readonly { pattern: RegExp; guesses: number }[] = [
  { pattern: /^(?:19|20)\d\d/, guesses: 2 },
  { pattern: /^20[1-3]\d/, guesses: 1.3 },
  { pattern: /^(?:0?[1-9]|[12]\d|3[01])[-._/]?(?:0?[1-9]|1[0-2])[-._/]?(?:19|20)\d\d/, guesses: 4.6 },
  { pattern: /^(?:0?[1-9]|1[0-2])[-._/]?(?:0?[1-9]|[12]\d|3[01])[-._/]?(?:19|20)\d\d/, guesses: 4.6 },
  { pattern: /^(?:19|20)\d\d[-._/]?(?:0[1-9]|1[0-2])[-._/]?(?:0[1-9]|[12]\d|3[01])/, guesses: 4.6 },
]

const dates = (text: string, start: number): Piece[] =>
  DATES.flatMap(({ pattern, guesses }) => {
    const [found] = pattern.exec(text.slice(start, start + 10)) ?? []
    return found === undefined ? [] : [{ kind: 'date' as const, start, end: start + found.length, guesses }]
  })
