/** Of these the one that a person who wrote the other probably meant: at most two letters off, and not too short to tell. */
export function nearest(written: string, candidates: readonly string[]): string | undefined {
  const near = candidates
    .map((candidate) => ({ candidate, distance: distanceOf(written, candidate) }))
    .filter(({ candidate, distance }) => distance > 0 && distance <= Math.min(2, candidate.length / 3))
    .sort((one, other) => one.distance - other.distance)
  return near[0]?.candidate
}

/** Letters to put in, take out, change or swap with the next one (Damerau–Levenshtein, of adjacent letters once). */
function distanceOf(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2 || one.length > 200) return Number.POSITIVE_INFINITY
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, column) => column)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let row = 1; row <= one.length; row++) {
    rows[row] = [row]
    for (let column = 1; column <= other.length; column++) {
      const same = one[row - 1] === other[column - 1] ? 0 : 1
      const swapped = row > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      const ways = [at(row - 1, column) + 1, at(row, column - 1) + 1, at(row - 1, column - 1) + same]
      rows[row]?.push(Math.min(...ways, ...(swapped ? [at(row - 2, column - 2) + 1] : [])))
    }
  }
  return at(one.length, other.length)
}
