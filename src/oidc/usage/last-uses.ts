import type { FastifyBaseLogger } from 'fastify'
import { BoundedMap } from '../../shared/bounded-map.ts'
import type { Clock } from '../../shared/clock.ts'
import type { LastUsesStore, Use, UseKind } from './last-uses-store.ts'

const MINUTE = 60_000
/** How often one use is written, in milliseconds. */
const EVERY = 10 * MINUTE
/** How long what was noted waits for more, so that many are written by one statement. In milliseconds. */
const GATHERED = 5000
/** What was noted lately, so that it is not noted again. */
const MAX_ENTRIES = 20_000
/** Uses of one statement. */
const BATCH = 500

const DAY = 24 * 60 * MINUTE
/** Days after its last use that something is forgotten: a sign-in has ended by then, an app may be used once a year. */
const RETENTION: Readonly<Record<UseKind, number>> = { session: 90, api: 90, app: 400 }

/** When and from where something was last used. Milliseconds since the epoch. */
export interface LastUse {
  at: number
  /** Undefined: of an app. */
  address: string | undefined
}

/** When the sign-ins and apps of accounts were last used, to ten minutes: written behind the answers, and never in their way. */
export interface LastUses {
  /** @param since when it began, in milliseconds since the epoch: that is known anyway, and needs no writing for ten minutes */
  note(use: Use, since?: number): void
  /** Those of one kind by what they are of (`Use.subject`). */
  of(accountId: string, kind: UseKind): Promise<Map<string, LastUse>>
  /** Writes what was noted. */
  flush(): Promise<void>
  /** A job that deletes what was not used for long. Returns how many. */
  forget(): Promise<number>
}

export function createLastUses(deps: {
  store: LastUsesStore
  clock: Clock
  log: Pick<FastifyBaseLogger, 'warn'>
}): LastUses {
  const { store, clock, log } = deps
  const noted = new BoundedMap<string, number>(MAX_ENTRIES)
  let waiting = new Map<string, Use & { at: number }>()
  let timer: NodeJS.Timeout | undefined
  let writing: Promise<void> = Promise.resolve()

  async function write(uses: Map<string, Use & { at: number }>): Promise<void> {
    const all = [...uses]
    for (let from = 0; from < all.length; from += BATCH) {
      const some = all.slice(from, from + BATCH)
      try {
        await store.write(some.map(([, use]) => use))
      } catch (err) {
        for (const [key] of some) noted.delete(key)
        log.warn({ err }, 'when sign-ins and apps were last used was not recorded')
      }
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const uses = waiting
    waiting = new Map()
    if (uses.size > 0) writing = writing.then(() => write(uses))
    return writing
  }

  return {
    note(use, since = Number.NEGATIVE_INFINITY) {
      const at = clock()
      const key = `${use.kind}\0${use.accountId}\0${use.subject}`
      if (Math.max(noted.get(key) ?? Number.NEGATIVE_INFINITY, since) > at - EVERY) return
      noted.set(key, at)
      waiting.set(key, { ...use, at })
      timer ??= setTimeout(() => void flush(), GATHERED).unref()
    },

    async of(accountId, kind) {
      await flush()
      return store.of(accountId, kind)
    },

    flush,

    async forget() {
      const before = (kind: UseKind) => new Date(clock() - RETENTION[kind] * DAY)
      let count = 0
      for (const kind of ['session', 'api', 'app'] as const) count += await store.forget(kind, before(kind))
      return count
    },
  }
}
