import type { Actor } from '../shared/audit-context.ts'

/** What something was done to. */
export interface Target {
  /** account, client, resource, provider, key, … */
  kind: string
  id?: string | undefined
  /** As it was at that moment. */
  name?: string | undefined
}

/** What is to be recorded. No secrets, hashes, tokens or passwords in any of it. */
export interface NewEntry {
  /** What was done: `client.updated`. */
  action: string
  actor: Actor
  target?: Target | undefined
  /** The network address that it came from. */
  address?: string | undefined
  requestId?: string | undefined
  details: Details
}

/** What else is known of an act. */
export interface Details {
  /** Why, as a snake_case word. */
  reason?: string
  /** What was changed, as it was and as it is. */
  before?: Readonly<Record<string, unknown>>
  after?: Readonly<Record<string, unknown>>
  [more: string]: unknown
}

/** One entry of the log. */
export interface Entry extends NewEntry {
  /** 1, 2, 3 … without gaps. */
  seq: number
  /** Milliseconds since the epoch. */
  at: number
  hash: string
}

/** An entry as it is stored: what `seal` in chain.ts takes the hash of. */
export interface Row {
  seq: number
  /** Milliseconds since the epoch. */
  at: number
  action: string
  actorKind: string
  actorId: string | null
  actorName: string | null
  targetKind: string | null
  targetId: string | null
  targetName: string | null
  address: string | null
  requestId: string | null
  /** Details as JSON, kept as the text that it was written as. */
  details: string
  hash: string
}

/** Names are chosen by people. What a database would store as something else is replaced before it is hashed. */
const text = (value: string | undefined): string | null =>
  // Cut first: that may leave half of a surrogate pair.
  value === undefined ? null : value.slice(0, 500).toWellFormed().replaceAll('\0', '\uFFFD')

/** Everything of a row but its place in the chain. */
export const rowOf = (entry: NewEntry, at: number): Omit<Row, 'seq' | 'hash'> => ({
  at,
  action: entry.action,
  actorKind: entry.actor.kind,
  actorId: text(entry.actor.id),
  actorName: text(entry.actor.name),
  targetKind: text(entry.target?.kind),
  targetId: text(entry.target?.id),
  targetName: text(entry.target?.name),
  address: text(entry.address),
  requestId: text(entry.requestId),
  details: JSON.stringify(entry.details),
})

export function entryOf(row: Row): Entry {
  return {
    seq: row.seq,
    at: row.at,
    action: row.action,
    actor: {
      kind: row.actorKind as Actor['kind'],
      ...(row.actorId !== null && { id: row.actorId }),
      ...(row.actorName !== null && { name: row.actorName }),
    },
    ...(row.targetKind !== null && {
      target: { kind: row.targetKind, id: row.targetId ?? undefined, name: row.targetName ?? undefined },
    }),
    ...(row.address !== null && { address: row.address }),
    ...(row.requestId !== null && { requestId: row.requestId }),
    details: detailsOf(row.details),
    hash: row.hash,
  }
}

/** The details of a row; one that an attacker has tampered with is shown as it is. */
function detailsOf(json: string): Details {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value === 'object' && value !== null) return value as Details
  } catch {}
  return { unreadable: json }
}
