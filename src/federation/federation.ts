// Federation owns: sign-in at a provider, from the button to the callback. It does not own: accounts and the identities that
// are linked to them (src/accounts/linked), sessions and tokens (src/oidc), the sign-in page (src/interactions, src/accounts/pages).
//
//   “Continue with …” ─► flow.start ─► provider ─► /api/auth/oauth/:provider/callback ─► flow.callback
//                                                          └─► upstream logins ─► a session │ tokens │ a page that asks
import type { FastifyInstance } from 'fastify'
import type { UpstreamSession } from '../shared/upstream-session.ts'
import { backChannelLogoutRoute } from './back-channel-logout.ts'
import type { FederationDependencies, FederationPages } from './dependencies.ts'
import { createEndedUpstream } from './ended.ts'
import { createAuthorizationRequests } from './login/authorization-requests.ts'
import { createBrowserBinding } from './login/browser-binding.ts'
import { type Codes, createCodes } from './login/codes.ts'
import { createFinish } from './login/finish.ts'
import { createFlow, type Flow } from './login/flow.ts'
import { createPendingLogins } from './login/pending-logins.ts'
import { createUpstreamLogins } from './login/receive.ts'
import { accountLinkRoutes } from './pages/account-links.ts'
import { codeRoutes } from './pages/code.ts'
import { finishRoutes } from './pages/finish.ts'
import { linkRoutes } from './pages/link.ts'
import { organizationRoutes } from './pages/organization.ts'
import { startRoutes } from './pages/start.ts'

/** Sign-in at providers: its pages, and what the JSON API offers of it. */
export interface Federation {
  /** Where a browser goes to sign in at a provider. */
  start: Flow['start']
  /** Answers a browser that comes back from a provider. */
  callback: Flow['callback']
  /** The sign-in of a one-time code, once. */
  redeemCode: Codes['redeem']
  /**
   * Whether a sign-in at a provider that is no session yet still counts: its identity is linked to the account, and the provider has
   * ended it neither by session nor by subject since. @param at in milliseconds since the epoch
   */
  stillCounts(signIn: { accountId: string; upstream: UpstreamSession; at: number }): Promise<boolean>
  /** Registers the pages, and the endpoint of back-channel logout. */
  routes(app: FastifyInstance): Promise<void>
}

export function createFederation(deps: FederationDependencies): Federation {
  const { artifacts, providers } = deps
  const binding = createBrowserBinding(deps.http.cookies)
  const ends = createEndedUpstream(deps)
  const codes = createCodes({ artifacts, ends, accountOf: deps.accounts.linked.accountOf })
  const finish = createFinish({ ...deps, codes, ends })
  const pendingLogins = createPendingLogins({
    ...{ artifacts, binding, providers, ends },
    organizations: deps.organizations,
  })
  const upstreamLogins = createUpstreamLogins({ ...deps, pendingLogins, finish })
  const authorizationRequests = createAuthorizationRequests({ artifacts, binding, clock: deps.clock })
  const flow = createFlow({
    issuer: deps.issuer.origin,
    clock: deps.clock,
    providers,
    authorizationRequests,
    upstreamLogins,
  })
  const pages: FederationPages = { ...deps, flow, upstreamLogins, pendingLogins, finish }

  return {
    start: flow.start,
    callback: flow.callback,
    redeemCode: codes.redeem,
    stillCounts: async ({ accountId, upstream, at }) =>
      (await deps.accounts.linked.accountOf(upstream)) === accountId && !(await ends.hasEnded(upstream, at)),

    async routes(app) {
      await app.register(async (scope) => {
        await deps.http.forms(scope, deps.sessions.ownerOf)
        for (const routes of [
          organizationRoutes,
          startRoutes,
          finishRoutes,
          linkRoutes,
          codeRoutes,
          accountLinkRoutes,
        ])
          await scope.register(routes, pages)
      })
      await app.register(backChannelLogoutRoute, { ...deps, ends })
    },
  }
}
