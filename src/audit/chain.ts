import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto'
import type { Row } from './entry.ts'

/** A place in the chain: an entry and its hash. `seq` 0 with an empty hash: before the first entry of all. */
export interface Place {
  seq: number
  hash: string
}

export const BEGINNING: Place = { seq: 0, hash: '' }

/** `first` is the place that the oldest entry follows; `head` is the newest entry. */
export type MarkId = 'first' | 'head'

export interface Mark extends Place {
  mac: string
}

/** The hashes of the chain, under a key that is not in the database. */
export interface Chain {
  /** HMAC-SHA-256, base64url, over the hash before and everything in the row. */
  hash(before: string, row: Omit<Row, 'hash'>): string
  /** Gives rows their places, one after the other, from a place on. */
  append(from: Place, rows: readonly Omit<Row, 'seq' | 'hash'>[]): Row[]
  mark(id: MarkId, place: Place): Mark
  isGenuine(id: MarkId, mark: Mark): boolean
}

/** @param key 32 bytes */
export function createChain(key: KeyObject): Chain {
  const mac = (parts: readonly unknown[]) =>
    createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url')

  // In a fixed order: two rows that differ in anything differ in this text.
  const hash: Chain['hash'] = (before, row) =>
    mac([
      'entry',
      before,
      row.seq,
      row.at,
      row.action,
      row.actorKind,
      row.actorId,
      row.actorName,
      row.targetKind,
      row.targetId,
      row.targetName,
      row.address,
      row.requestId,
      row.details,
    ])
  const markMac = (id: MarkId, { seq, hash }: Place) => mac(['mark', id, seq, hash])

  return {
    hash,
    append({ seq, hash: before }, rows) {
      let last = before
      return rows.map((row, index) => {
        const placed = { ...row, seq: seq + 1 + index }
        last = hash(last, placed)
        return { ...placed, hash: last }
      })
    },
    mark: (id, { seq, hash }) => ({ seq, hash, mac: markMac(id, { seq, hash }) }),
    isGenuine(id, mark) {
      const [expected, found] = [Buffer.from(markMac(id, mark)), Buffer.from(mark.mac)]
      return expected.length === found.length && timingSafeEqual(expected, found)
    },
  }
}

/** `seq:hash`, as an operator keeps it. */
export const placeText = ({ seq, hash }: Place): string => `${seq}:${hash}`

/** Undefined: not a place. */
export function parsePlace(text: string): Place | undefined {
  const [, seq, hash] = /^(\d{1,10}):([\w-]{43}|)$/.exec(text.trim()) ?? []
  return seq === undefined || hash === undefined ? undefined : { seq: Number(seq), hash }
}
