import type { Piece } from './pieces.ts'

/** The keys beside each key, by direction; of a keyboard by its name. Each has what it types without and with shift. */
export type KeyboardGraphs = Readonly<Record<string, Readonly<Record<string, readonly (string | null)[]>>>>

const MIN_ROW = 4
/** Which key it begins at, on which keyboard, which way. */
const BEGINNING = 2
/** Another direction: four that are likely. */
const TURN = 0.6

/**
 * Keys side by side, from `start` as far as they go: “qwertz”, “1qaz”, “poiuz”.
 * @param text lower case
 */
export function rowOfKeys(text: string, start: number, graphs: KeyboardGraphs): Piece[] {
  return Object.values(graphs).flatMap((graph) => {
    const rows: Piece[] = []
    let turns = 0
    let direction: number | undefined
    for (let end = start + 1; end < text.length; end++) {
      const next = text[end] ?? ''
      const way = graph[text[end - 1] ?? '']?.findIndex((key) => key?.includes(next)) ?? -1
      if (way < 0) break
      if (direction !== undefined && way !== direction) turns++
      direction = way
      if (end + 1 - start >= MIN_ROW)
        rows.push({ kind: 'row', start, end: end + 1, guesses: BEGINNING + turns * TURN })
    }
    return rows
  })
}
