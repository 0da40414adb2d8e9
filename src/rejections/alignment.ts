/**
 * A piece of two texts laid over each other. `added`: only in what was sent; `missing`: only in what is registered;
 * `changed`: `text` was sent where `registered` is registered.
 */
export type Segment =
  | { kind: 'same' | 'added' | 'missing'; text: string }
  | { kind: 'changed'; text: string; registered: string }

/** Comparisons of single characters that are worth it; beyond, the middle is one change. */
const MAX_COMPARISONS = 400_000
/** Equal runs below this, between two differences, are chance: “localhost” and “example” have an l in common. */
const SHORTEST_RUN = 3

/** How far two texts are equal from the start. */
function commonStart(a: readonly string[], b: readonly string[]): number {
  let length = 0
  while (length < a.length && length < b.length && a[length] === b[length]) length++
  return length
}

/** Pairs of indices of a longest common subsequence. */
function commonPairs(a: readonly string[], b: readonly string[]): [number, number][] {
  const width = b.length + 1
  const lengths = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        a[i] === b[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0)
  const pairs: [number, number][] = []
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) pairs.push([i++, j++])
    else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) i++
    else j++
  }
  return pairs
}

interface Run {
  sent: string
  registered: string
  same: boolean
}

/** The two middles, which differ at both ends, as runs that are equal or not. */
function runsOf(a: readonly string[], b: readonly string[]): Run[] {
  if (a.length * b.length > MAX_COMPARISONS)
    return [{ sent: a.join(''), registered: b.join(''), same: false }]
  const runs: Run[] = []
  const put = (sent: string, registered: string, same: boolean) => {
    const last = runs.at(-1)
    if (last?.same === same) {
      last.sent += sent
      last.registered += registered
    } else if (sent !== '' || registered !== '') runs.push({ sent, registered, same })
  }
  let [i, j] = [0, 0]
  for (const [x, y] of [...commonPairs(a, b), [a.length, b.length] as const]) {
    put(a.slice(i, x).join(''), b.slice(j, y).join(''), false)
    if (x < a.length) put(a[x] ?? '', b[y] ?? '', true)
    ;[i, j] = [x + 1, y + 1]
  }
  return withoutChance(runs)
}

function withoutChance(runs: readonly Run[]): Run[] {
  const kept: Run[] = []
  runs.forEach((run, index) => {
    const between = index > 0 && index < runs.length - 1
    const same = run.same && !(between && run.sent.length < SHORTEST_RUN)
    const last = kept.at(-1)
    if (last && last.same === same) {
      last.sent += run.sent
      last.registered += run.registered
    } else kept.push({ ...run, same })
  })
  return kept
}

function segmentOf({ sent, registered, same }: Run): Segment {
  if (same) return { kind: 'same', text: sent }
  if (registered === '') return { kind: 'added', text: sent }
  if (sent === '') return { kind: 'missing', text: registered }
  return { kind: 'changed', text: sent, registered }
}

/** The characters of a text, each number in one: a port differs as a whole. */
const piecesOf = (text: string): string[] => text.match(/\d+|\D/gsu) ?? []

/** Lays what was sent over what is registered, character by character. */
export function align(sent: string, registered: string): Segment[] {
  const a = piecesOf(sent)
  const b = piecesOf(registered)
  const start = commonStart(a, b)
  const end = commonStart(a.slice(start).reverse(), b.slice(start).reverse())
  const middle = runsOf(a.slice(start, a.length - end), b.slice(start, b.length - end))
  const same = (text: readonly string[]): Run[] =>
    text.length === 0 ? [] : [{ sent: text.join(''), registered: text.join(''), same: true }]
  return [...same(a.slice(0, start)), ...middle, ...same(a.slice(a.length - end))].map(segmentOf)
}
