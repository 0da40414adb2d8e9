import type { Job } from '../housekeeping.ts'
import { type Counters, createSharedCounters } from '../http/rate-limits/counters.ts'
import type { Services } from '../services.ts'
import { createDatabaseCounters } from '../storage/counters/database.ts'
import { createRedisCounters } from '../storage/counters/redis.ts'
import type { SharedCounters } from '../storage/counters/shared.ts'

/** How many counts that are over the clean-up deletes at once. */
const SWEEP_ROWS = 500

/** The counts of rate limits that all processes share, if there can be several on this database. */
export interface SharedCounts {
  /** Beside the counts of this process. */
  beside(local: Counters): Counters
  jobs: Job[]
  close(): Promise<void>
}

async function open({ config, db, settings }: Services): Promise<SharedCounters | undefined> {
  // What the environment switches off stays off.
  if (settings.pinned.rate_limit === 'off') return undefined
  if (config.redisUrl !== undefined) return createRedisCounters(config.redisUrl)
  return db.artifacts.dialect === 'postgresql' ? createDatabaseCounters(db.artifacts) : undefined
}

/** In Redis when there is one, else in PostgreSQL. A SQLite database has one process, which counts for itself. */
export async function wireCounters(services: Services): Promise<SharedCounts> {
  const shared = await open(services)
  if (shared === undefined) return { beside: (local) => local, jobs: [], close: async () => {} }
  return {
    beside: (local) =>
      createSharedCounters(local, shared, (err) =>
        services.logger.warn(
          { err },
          'rate limits are counted by this process alone until they can be shared again',
        ),
      ),
    jobs: [{ name: 'old counts of rate limits', every: 60_000, run: () => shared.sweep(SWEEP_ROWS) }],
    close: () => shared.close(),
  }
}
