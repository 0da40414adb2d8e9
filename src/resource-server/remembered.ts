import { unavailable } from './refusal.ts'

export interface RememberedOptions<T> {
  load(): Promise<T>
  /** How long a value is fresh, in milliseconds. */
  maxAge: number
  /** How much longer it is used while it cannot be loaded, in milliseconds. */
  staleFor: number
  /** The least time from one attempt to the next: after a failure, and between two calls of `renew`. Milliseconds. */
  pause: { failure: number; renewal: number }
  clock(): number
}

export interface Remembered<T> {
  /** @throws Refusal 503 while there is no value to use */
  get(): Promise<T>
  /**
   * Loads anew although the value is fresh, since something was missing in it. Undefined: not again so soon.
   * @throws Refusal 503 when it cannot be loaded
   */
  renew(): Promise<T | undefined>
}

/**
 * A value of the issuer, loaded when it is first needed. Calls at the same time share one load; a failure is not
 * repeated for each request, and does not end what still works.
 */
export function createRemembered<T>(options: RememberedOptions<T>): Remembered<T> {
  const { clock, pause } = options
  let value: { of: T; loadedAt: number } | undefined
  let attemptedAt = Number.NEGATIVE_INFINITY
  let failure: unknown
  let pending: Promise<T> | undefined

  async function attempt(): Promise<T> {
    attemptedAt = clock()
    try {
      const of = await options.load()
      value = { of, loadedAt: clock() }
      failure = undefined
      return of
    } catch (error) {
      failure = error
      throw error
    } finally {
      pending = undefined
    }
  }
  function load(): Promise<T> {
    pending ??= attempt()
    return pending
  }

  function refuse(cause: unknown) {
    const wait = attemptedAt + pause.failure - clock()
    return unavailable('the issuer cannot be reached', wait / 1000, cause)
  }
  const usable = (age: number) =>
    value !== undefined && clock() - value.loadedAt < age ? value.of : undefined
  const failedJustNow = () => failure !== undefined && clock() - attemptedAt < pause.failure

  return {
    async get() {
      const fresh = usable(options.maxAge)
      if (fresh !== undefined) return fresh
      try {
        if (failedJustNow() && !pending) throw failure
        return await load()
      } catch (error) {
        const stale = usable(options.maxAge + options.staleFor)
        if (stale !== undefined) return stale
        throw refuse(error)
      }
    },
    async renew() {
      if (!pending && failedJustNow()) throw refuse(failure)
      if (!pending && failure === undefined && clock() - attemptedAt < pause.renewal) return undefined
      try {
        return await load()
      } catch (error) {
        throw refuse(error)
      }
    },
  }
}
