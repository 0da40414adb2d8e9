const DAY = 86_400_000
const QUARTER = 900_000

/**
 * How far ahead of the real time a server's clock is, in milliseconds, where a test names the day (UTC): late at night until after
 * midnight, so that no day ends within a test. Otherwise 0.
 */
export function pastMidnight(now = Date.now()): number {
  const left = DAY - (now % DAY)
  return left < QUARTER ? left : 0
}
