import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Chain, Place } from './chain.ts'
import type { Details, Row } from './entry.ts'
import type { AuditStore } from './store.ts'

/** The entry with which a log that does not verify goes on as one that does. */
export const REANCHORED = 'audit.reanchored'

/** Rows that are read at once. */
const BATCH = 1000
/** Problems that the entry tells of; the others are of the same kind. */
const TOLD = 5

export interface Digest {
  /** SHA-256 over the rows one after the other, base64url. */
  digest: string
  entries: number
}

/** What was there when the log was anchored anew. */
export interface Anchor extends Digest {
  /** The place that the oldest entry followed. */
  first: Place
  /** The newest entry, behind which the anchor stands. */
  through: Place
  /** Milliseconds since the epoch. */
  at: number
}

const place = z.object({ seq: z.int().min(0), hash: z.string() })
const stored = z.object({ first: place, through: place, digest: z.string(), entries: z.int().min(0) })

export const anchorDetails = (
  { first, through, digest, entries }: Omit<Anchor, 'at'>,
  problems: readonly { message: string }[],
): Details => ({
  first,
  through,
  digest,
  entries,
  problems: problems.slice(0, TOLD).map(({ message }) => message),
})

/** The rows behind a place up to an entry, as they are, whatever they say. */
export async function digestOf(
  store: Pick<AuditStore, 'range'>,
  from: Place,
  through: number,
  look: (row: Row) => void,
): Promise<Digest> {
  const sum = createHash('sha256').update(JSON.stringify([from.seq, from.hash]))
  let entries = 0
  for (let last = from.seq; ; ) {
    const rows = await store.range(last, through, BATCH)
    for (const row of rows) {
      // In a fixed order, whatever order a driver gives columns in.
      sum.update(JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1))))
      look(row)
      last = row.seq
    }
    entries += rows.length
    if (rows.length < BATCH) return { digest: sum.digest('base64url'), entries }
  }
}

/** The newest anchor that the holder of the key has set. Undefined: there is none. */
export async function findAnchor({
  store,
  chain,
}: {
  store: Pick<AuditStore, 'newestOf'>
  chain: Chain
}): Promise<Anchor | undefined> {
  const row = await store.newestOf(REANCHORED)
  const details = row && stored.safeParse(parsed(row.details))
  if (!row || !details?.success) return undefined
  const { through } = details.data
  const genuine = row.seq === through.seq + 1 && chain.hash(through.hash, row) === row.hash
  return genuine ? { ...details.data, at: row.at } : undefined
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
