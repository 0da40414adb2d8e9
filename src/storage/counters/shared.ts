import { hash } from 'node:crypto'

/** Counts that all processes share (http/rate-limits/counters.ts says what they mean). Methods reject when they cannot be reached. */
export interface SharedCounters {
  take(
    key: string,
    rule: { max: number; window: number },
  ): Promise<{ allowed: boolean; count: number; left: number; window: string }>
  giveBack(key: string, window: string): Promise<void>
  /** Deletes up to `limit` counts that are over. Returns how many. */
  sweep(limit: number): Promise<number>
  close(): Promise<void>
}

/** Keys hold network addresses: they are stored as hashes, and all have one length. */
export const keyHash = (key: string): string => hash('sha256', key, 'base64url')
