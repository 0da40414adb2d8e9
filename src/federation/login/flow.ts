import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { UpstreamError, type UpstreamReason } from '../connector.ts'
import { callbackUrl, type EnabledProviders, type Provider } from '../providers/provider.ts'
import { asUpstreamError } from '../upstream.ts'
import type { AuthorizationRequests } from './authorization-requests.ts'
import type { Answer } from './finish.ts'
import { type Failure, failure, type Intent, nextUrl, type Problem } from './intent.ts'
import type { UpstreamLogins } from './upstream-logins.ts'

const PROBLEMS: Record<UpstreamReason, Problem> = {
  denied: 'denied',
  unreachable: 'unreachable',
  refused: 'failed',
  invalid: 'failed',
  not_allowed: 'not_allowed',
}

const callbackQuery = z.object({ state: z.string().min(1).max(200) })

/**
 * From the click to the provider and back:
 *
 *   start ──303──► the provider ──► callback ─► attempt of this browser, this provider, unused?
 *                                                  └─► connector: who is it? ─► arrivals: what becomes of them
 *
 * Whatever goes wrong ends on the page that the person started from, with a sentence; the cause is in the log.
 */
export function createFlow(deps: {
  issuer: string
  clock: Clock
  providers: EnabledProviders
  attempts: AuthorizationRequests
  arrivals: UpstreamLogins
}) {
  const { issuer, clock, providers, attempts, arrivals } = deps

  /** Logs the cause. What is no error of the provider's doing is thrown on. */
  function failed(request: FastifyRequest, provider: Provider, purpose: Intent, error: unknown): Failure {
    if (!(error instanceof UpstreamError)) throw error
    const { reason, message } = error
    const level = reason === 'denied' || reason === 'not_allowed' ? 'info' : 'warn'
    request.log[level](
      { event: 'federation.failed', provider: provider.id, reason, cause: message },
      'federation.failed',
    )
    return failure(purpose, PROBLEMS[reason], provider.id)
  }

  return {
    /**
     * Where the browser goes to sign in.
     * @param options.again the person has to prove themselves once more, where the provider can ask for that
     * @param options.ticket what this sign-in proves the account for
     */
    async start(
      request: FastifyRequest,
      reply: FastifyReply,
      providerId: string,
      options: { purpose: Intent; again?: boolean; ticket?: string | undefined },
    ): Promise<{ location: string } | Failure> {
      const { purpose, again = false, ticket } = options
      const provider = await providers.find(providerId)
      if (!provider) return failure(purpose, 'unavailable', providerId)
      const attempt = await attempts.begin(request, reply, { provider: providerId, purpose, ticket })
      try {
        const redirectUri = callbackUrl(issuer, providerId)
        const url = await provider.connector.authorize(attempt, { redirectUri, again })
        return { location: url.href }
      } catch (error) {
        return failed(request, provider, purpose, asUpstreamError(error))
      }
    },

    async callback(request: FastifyRequest, reply: FastifyReply, providerId: string): Promise<Answer> {
      const state = callbackQuery.safeParse(request.query).data?.state
      const redeemed =
        state === undefined
          ? ({ kind: 'unknown', why: 'no state' } as const)
          : await attempts.redeem(request, state, providerId)
      if (redeemed.kind === 'unknown') {
        // What is no provider's id is not logged: it may be anything.
        if (!(await providers.find(providerId))) return failure(undefined, 'unavailable', providerId)
        request.log.info(
          { event: 'federation.refused', provider: providerId, cause: redeemed.why },
          'federation.refused',
        )
        return failure(undefined, 'expired', providerId)
      }
      const { purpose, ticket } = redeemed.facts
      if (redeemed.kind === 'late') return failure(purpose, 'expired', providerId)
      // A reload, or the Back button: whoever is through goes on, whoever is not starts again.
      if (redeemed.kind === 'used')
        return purpose.kind === 'page' && purpose.flow === undefined
          ? { location: `/login?return_to=${encodeURIComponent(nextUrl(purpose))}` }
          : failure(purpose, 'expired', providerId)
      const provider = await providers.find(providerId)
      if (!provider) return failure(purpose, 'unavailable', providerId)
      // Before the provider is asked: what it ends from here on ends this sign-in too.
      const at = clock()
      try {
        const url = new URL(callbackUrl(issuer, providerId))
        url.search = request.url.slice(request.url.indexOf('?'))
        const who = await provider.connector.identify(url, redeemed.attempt)
        return await arrivals.receive(request, reply, provider, who, { purpose, ticket, at })
      } catch (error) {
        return failed(request, provider, purpose, error)
      }
    },
  }
}

export type Flow = ReturnType<typeof createFlow>
