import type { Sql } from '../sql.ts'
import { createDatabaseCounters } from './database.ts'
import { createRedisCounters } from './redis.ts'
import type { SharedCounters } from './shared.ts'

/**
 * Counts that all processes share: in Redis when there is one, else in PostgreSQL. Undefined with SQLite, which has one process:
 * that counts for itself.
 */
export async function openSharedCounters(
  redisUrl: string | undefined,
  sql: Sql,
): Promise<SharedCounters | undefined> {
  if (redisUrl !== undefined) return createRedisCounters(redisUrl)
  return sql.dialect === 'postgresql' ? createDatabaseCounters(sql) : undefined
}
