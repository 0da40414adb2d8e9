import type { FederationDependencies } from '../dependencies.ts'
import type { Finish } from '../login/finish.ts'
import type { Flow } from '../login/flow.ts'
import type { PendingLogins } from '../login/pending-logins.ts'
import type { UpstreamLogins } from '../login/upstream-logins.ts'

/** What the pages work with. */
export interface FederationPages extends FederationDependencies {
  flow: Flow
  upstreamLogins: UpstreamLogins
  pendingLogins: PendingLogins
  finish: Finish
}
