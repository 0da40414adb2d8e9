/** How accounts with a text in their names and addresses are found. */
export interface Terms {
  /** As names are stored: lower case as far as ASCII goes, which both engines agree on. */
  typed: string
  /** For LIKE, with `!` before what it would read as a sign. */
  pattern: string
  /** What the index of trigrams of PostgreSQL is asked for first, as a pattern for LIKE: `pattern`, or of an address what stands before its domain, with the `@`. */
  sought: string
  /** For the index of SQLite: three letters each, all of which a text with `typed` in it has; empty: there are none to look for. */
  trigrams: readonly string[]
}

/** An index of trigrams finds a text by as few as are rare: more make it no faster. */
const MOST = 12

const escaped = (text: string): string => text.replace(/[%_!]/g, '!$&')

/**
 * Three and more letters are found wherever they are; two at the beginning of a name or an address, which follows a line feed in
 * what is searched (prisma/…/growth_of_accounts).
 */
export function termsOf(search: string): Terms {
  const typed = search.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
  const letters = [...typed]
  const whole = letters.length === 2 ? ['\n', ...letters] : letters
  const name = typed.slice(0, typed.indexOf('@') + 1)
  // A domain that many have is in the index as often: on PostgreSQL, among a million, an address that nobody has took 46 ms by all of it, and 4 by its name.
  // Signs alone are no letters of an index.
  const sought = /[a-z0-9]{3}/.test(name) ? [...name] : whole
  // Of the domain too: SQLite looks at the text of each that has them all, 19 ms by the name alone where 30,000 are called “info@”, and 1 by all.
  const all = whole.slice(2).map((_, index) => whole.slice(index, index + 3).join(''))
  // Spread over the text: its beginning may be what many have.
  const step = Math.max(1, Math.ceil(all.length / MOST))
  const trigrams = [...new Set(all.filter((_, index) => index % step === 0 || index === all.length - 1))]
  const like = (text: readonly string[]) => `%${escaped(text.join(''))}%`
  return { typed, pattern: like(whole), sought: like(sought), trigrams }
}

/** An expression of FTS5 that finds what has all of them. */
export const matchAll = (trigrams: readonly string[]): string =>
  trigrams.map((trigram) => `"${trigram.replaceAll('"', '""')}"`).join(' AND ')
