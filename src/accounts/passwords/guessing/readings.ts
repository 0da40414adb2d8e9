/** Letters that are written as digits and signs; “1” and “!” stand for two. */
const LEET: Readonly<Record<string, string>> = {
  0: 'o',
  1: 'i',
  3: 'e',
  4: 'a',
  5: 's',
  6: 'g',
  7: 't',
  8: 'b',
  9: 'g',
  '@': 'a',
  $: 's',
  '!': 'i',
  '|': 'l',
  '+': 't',
  '(': 'c',
  '€': 'e',
}
const LEET_L: Readonly<Record<string, string>> = { ...LEET, 1: 'l', '!': 'l' }

/** The row of digits with the shift key held, on a keyboard of the United States. */
const SHIFTED: Readonly<Record<string, string>> = Object.fromEntries(
  [...'!@#$%^&*()'].map((sign, index) => [sign, '1234567890'[index] ?? '']),
)

/** One way to read a password: as many UTF-16 code units as the password has code points. */
export interface Reading {
  readonly text: string
  /** `text` is as typed; words are looked for backwards. */
  readonly reversed?: boolean
  /** What an attacker pays for trying it, as a power of ten. */
  readonly guesses: number
}

/** A character of more than one code unit (an emoji, say), which no word and no row of keys has. */
const OTHER = '\uFFFF'

/** Lower case, one code unit a code point. */
function unit(character: string): string {
  const lower = character.toLowerCase()
  return lower.length === 1 ? lower : OTHER
}

/** What a password may have been made from: as it is, with letters for digits and signs, without the shift key, backwards. */
export function readingsOf(characters: readonly string[]): [Reading, ...Reading[]] {
  const units = characters.map(unit)
  const by = (table: Readonly<Record<string, string>>) => units.map((each) => table[each] ?? each).join('')
  const plain = units.join('')
  const variants = [...new Set([by(LEET), by(LEET_L), by(SHIFTED)])].filter((variant) => variant !== plain)
  return [
    { text: plain, guesses: 0 },
    ...variants.map((text) => ({ text, guesses: 0.5 })),
    { text: plain, reversed: true, guesses: 0.5 },
  ]
}
