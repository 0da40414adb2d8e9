import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'

/** Fetches at once. */
const AT_ONCE = 16
/** Fetches from one host in a minute, and from all: an attacker cannot have this server send requests in bulk. */
const PER_HOST = 20
const IN_ALL = 300
const MINUTE = 60_000

/** Bounds what is fetched on behalf of requests. */
export function createFetchQuota(clock: Clock) {
  let running = 0
  let minute = 0
  let total = 0
  const hosts = new Map<string, number>()

  /** @throws AppError unavailable (503) */
  return async <Result>(host: string, fetch: () => Promise<Result>): Promise<Result> => {
    const now = Math.floor(clock() / MINUTE)
    if (now !== minute) {
      minute = now
      total = 0
      hosts.clear()
    }
    const count = hosts.get(host) ?? 0
    if (running >= AT_ONCE || total >= IN_ALL || count >= PER_HOST)
      throw new AppError('unavailable', 503, message('error.tooManyApps'), {
        retryAfter: 60,
      })
    hosts.set(host, count + 1)
    total++
    running++
    try {
      return await fetch()
    } finally {
      running--
    }
  }
}
