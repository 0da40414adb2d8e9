import type { LimitHooks } from '../http/rate-limits/rate-limits.ts'
import type { ZodInstance } from '../http/zod-instance.ts'
import type { Identify } from './callers.ts'
import type { ApiDependencies } from './dependencies.ts'

/** What each group of routes is given. */
export interface ApiContext {
  /** For routes that anybody may call. */
  open: ZodInstance
  /** For routes that need a caller: one hook stands before all of them. */
  known: ZodInstance
  identify: Identify
  deps: ApiDependencies
}

/** An operation under a rate limit. */
export const withLimit = <Options extends object>(
  options: Options,
  limit: LimitHooks,
): Options & LimitHooks => ({
  ...options,
  ...limit,
})
