// Federation owns: who somebody is elsewhere, and the way there and back. It does not own: accounts and what is linked to
// them (src/accounts/linked), sessions and tokens (src/oidc), the sign-in page (src/interactions, src/accounts/pages).
//
//   “Continue with …” ─► flow.start ─► provider ─► /api/auth/oauth/:provider/callback ─► flow.callback
//                                                          └─► arrivals ─► a session │ tokens │ a page that asks
import type { FastifyInstance } from 'fastify'
import { backChannelLogoutRoute } from './back-channel-logout.ts'
import type { FederationDependencies } from './dependencies.ts'
import { createEndedUpstream } from './ended.ts'
import { createAuthorizationRequests } from './login/authorization-requests.ts'
import { createBrowserBinding } from './login/browser-binding.ts'
import { createCodes } from './login/codes.ts'
import { createFinish } from './login/finish.ts'
import { createFlow } from './login/flow.ts'
import { createPendingLogins } from './login/pending-logins.ts'
import { createUpstreamLogins } from './login/upstream-logins.ts'
import { accountLinkRoutes } from './pages/account-links.ts'
import { codeRoutes } from './pages/code.ts'
import type { FederationPages } from './pages/dependencies.ts'
import { finishRoutes } from './pages/finish.ts'
import { linkRoutes } from './pages/link.ts'
import { startRoutes } from './pages/start.ts'

/** @returns its routes, and what the JSON API offers of it */
export function createFederation(deps: FederationDependencies) {
  const { artifacts, providers } = deps
  const binding = createBrowserBinding(deps.http.cookies)
  const ends = createEndedUpstream(deps)
  const codes = createCodes({ artifacts, ends, accountOf: deps.accounts.linked.accountOf })
  const finish = createFinish({ ...deps, codes, ends })
  const tickets = createPendingLogins({ artifacts, binding, providers, ends })
  const arrivals = createUpstreamLogins({ ...deps, tickets, finish })
  const attempts = createAuthorizationRequests({ artifacts, binding, clock: deps.clock })
  const flow = createFlow({ issuer: deps.issuer.origin, clock: deps.clock, providers, attempts, arrivals })
  const pages: FederationPages = { ...deps, flow, arrivals, tickets, finish }

  return {
    start: flow.start,
    callback: flow.callback,
    redeemCode: codes.redeem,

    async routes(app: FastifyInstance): Promise<void> {
      await app.register(async (scope) => {
        await deps.http.forms(scope, deps.sessions.ownerOf)
        for (const routes of [startRoutes, finishRoutes, linkRoutes, codeRoutes, accountLinkRoutes])
          await scope.register(routes, pages)
      })
      await app.register(backChannelLogoutRoute, { ...deps, ends })
    },
  }
}

export type Federation = ReturnType<typeof createFederation>
