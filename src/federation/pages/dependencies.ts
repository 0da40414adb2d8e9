import type { FederationDependencies } from '../dependencies.ts'
import type { Finish } from '../login/finish.ts'
import type { Flow } from '../login/flow.ts'
import type { Tickets } from '../login/pending-logins.ts'
import type { Arrivals } from '../login/upstream-logins.ts'

/** What the pages work with. */
export interface FederationPages extends FederationDependencies {
  flow: Flow
  arrivals: Arrivals
  tickets: Tickets
  finish: Finish
}
