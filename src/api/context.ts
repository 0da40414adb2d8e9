import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import type { LimitHooks } from '../http/rate-limits.ts'
import type { Identify } from './callers.ts'
import type { ApiDependencies } from './dependencies.ts'

export type ZodInstance = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  ZodTypeProvider
>

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
