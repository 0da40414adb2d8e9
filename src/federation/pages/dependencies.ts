import type { Arrivals } from '../arrivals.ts'
import type { FederationDependencies } from '../dependencies.ts'
import type { Finish } from '../finish.ts'
import type { Flow } from '../flow.ts'
import type { Tickets } from '../tickets.ts'

/** What the pages work with. */
export interface FederationPages extends FederationDependencies {
  flow: Flow
  arrivals: Arrivals
  tickets: Tickets
  finish: Finish
}
