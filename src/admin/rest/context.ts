import type { ZodInstance } from '../../http/zod-instance.ts'
import type { RestDependencies } from './dependencies.ts'

/** What each group of routes is given. Every route of it is behind the guard (guard.ts). */
export interface RestContext {
  app: ZodInstance
  deps: RestDependencies
}
