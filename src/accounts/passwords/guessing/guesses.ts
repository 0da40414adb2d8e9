import { type Knowledge, type Piece, type PieceKind, piecesOf } from './pieces.ts'

/** The cheapest way to put a password together out of pieces that are tried. */
export interface Composition {
  /** How many guesses that takes, as a power of ten. */
  guesses: number
  /** From the beginning to the end; characters that nothing is known of are together. */
  parts: Part[]
}

export interface Part {
  kind: PieceKind
  /** As typed. */
  text: string
  guesses: number
  /** It was there before. */
  again: boolean
}

/**
 * How a guessing program puts words together: each piece at the cost of its place in the lists, a piece that comes again for nothing
 * but the number of times. Nothing is added for the number of pieces, unlike by zxcvbn, which takes three trivial ones for
 * 10^8 guesses and four for 10^12.
 *
 * Work grows with the length (each piece is at most `words.longest` long), so that the whole of a password is looked at: 128
 * code points take a few milliseconds.
 */
export function composition(password: string, knowledge: Knowledge): Composition {
  const characters = [...password]
  const whole = cheapest(characters, knowledge)
  const signs = characters.filter(isSeparator)
  if (signs.length === 0) return whole
  // “p.a.s.s.w.o.r.d”, and phrases with spaces: the letters alone, and which signs are between them.
  const letters = cheapest(
    characters.filter((each) => !isSeparator(each)),
    knowledge,
  )
  const guesses = letters.guesses + new Set(signs).size + Math.log10(signs.length) / 2
  return guesses < whole.guesses ? { ...letters, guesses } : whole
}

const isSeparator = (character: string): boolean => !/[\p{L}\p{N}\p{M}]/u.test(character)

function cheapest(characters: readonly string[], knowledge: Knowledge): Composition {
  const best: { guesses: number; last: Piece | undefined }[] = [{ guesses: 0, last: undefined }]
  for (const piece of piecesOf(characters, knowledge)) {
    const before = best[piece.start]
    if (before === undefined) continue
    const guesses = before.guesses + piece.guesses
    if (guesses < (best[piece.end]?.guesses ?? Number.POSITIVE_INFINITY))
      best[piece.end] = { guesses, last: piece }
  }
  const path: Piece[] = []
  for (let last = best.at(-1)?.last; last; last = best[last.start]?.last) path.unshift(last)
  return compositionOf(characters, together(characters, path))
}

/** Unknown characters side by side are one piece: letters and digits, or signs. */
function together(characters: readonly string[], path: readonly Piece[]): Piece[] {
  const separates = ({ start }: Piece) => isSeparator(characters[start] ?? '')
  const pieces: Piece[] = []
  for (const piece of path) {
    const before = pieces.at(-1)
    if (piece.kind === 'other' && before?.kind === 'other' && separates(piece) === separates(before)) {
      before.end = piece.end
      before.guesses += piece.guesses
    } else pieces.push({ ...piece })
  }
  return pieces
}

function compositionOf(characters: readonly string[], pieces: readonly Piece[]): Composition {
  const seen = new Set<string>()
  const parts = pieces.map(({ kind, start, end, guesses }) => {
    const text = characters.slice(start, end).join('')
    const again = seen.has(text.toLowerCase())
    seen.add(text.toLowerCase())
    return { kind, text, guesses, again }
  })
  const repeated = parts.filter(({ again }) => again).length
  const once = parts.reduce((sum, { again, guesses }) => sum + (again ? 0 : guesses), 0)
  return { guesses: once + Math.log10(1 + repeated), parts }
}
