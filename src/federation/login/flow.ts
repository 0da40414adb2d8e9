import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { UpstreamError, type UpstreamReason } from '../connector.ts'
import { EMAIL_DOMAIN } from '../providers/membership-rules.ts'
import { callbackUrl, type EnabledProviders, type Provider } from '../providers/provider.ts'
import { asUpstreamError } from '../upstream.ts'
import type { AuthorizationRequests } from './authorization-requests.ts'
import type { Answer } from './finish.ts'
import { type Failure, failure, type Intent, nextUrl, type Problem } from './intent.ts'
import type { UpstreamLogins } from './receive.ts'

const PROBLEMS: Record<UpstreamReason, Problem> = {
  denied: 'denied',
  unreachable: 'unreachable',
  refused: 'failed',
  invalid: 'failed',
  not_allowed: 'not_allowed',
}

const callbackQuery = z.object({ state: z.string().min(1).max(200) })

/**
 * From the button to the provider and back:
 *
 *   start ──303──► the provider ──► callback ─► authorization request of this browser, this provider, unused?
 *                                                  └─► connector: who is it? ─► upstream logins: an account, or a page
 *
 * Each failure ends on the page that the person started from, with a sentence; the cause is in the log.
 */
export interface Flow {
  /**
   * Where the browser goes to sign in.
   * @param provider its id
   * @param options.again the person has to prove themselves once more, where the provider can ask for that
   * @param options.pendingId the pending login whose account this sign-in proves
   */
  start(
    request: FastifyRequest,
    reply: FastifyReply,
    provider: string,
    options: { intent: Intent; again?: boolean; pendingId?: string | undefined },
  ): Promise<{ location: string } | Failure>
  /**
   * The browser is back from a provider.
   * @param provider its id, of the callback URL @param known told what the sign-in is for, before anything can be refused
   */
  callback(
    request: FastifyRequest,
    reply: FastifyReply,
    provider: string,
    known?: (intent: Intent) => void,
  ): Promise<Answer>
}

export function createFlow(deps: {
  issuer: string
  clock: Clock
  providers: EnabledProviders
  authorizationRequests: AuthorizationRequests
  upstreamLogins: Pick<UpstreamLogins, 'receive'>
}): Flow {
  const { issuer, clock, providers, authorizationRequests, upstreamLogins } = deps

  /** Logs the cause. What is no error of the provider's doing is thrown on. */
  function failed(request: FastifyRequest, provider: Provider, intent: Intent, error: unknown): Failure {
    if (!(error instanceof UpstreamError)) throw error
    const { reason, message } = error
    const level = reason === 'denied' || reason === 'not_allowed' ? 'info' : 'warn'
    request.log[level](
      { event: 'federation.failed', provider: provider.id, reason, cause: message },
      'federation.failed',
    )
    return failure(intent, PROBLEMS[reason], provider.id)
  }

  return {
    async start(request, reply, providerId, { intent, again = false, pendingId }) {
      const provider = await providers.find(providerId)
      if (!provider) return failure(intent, 'unavailable', providerId)
      const authorizationRequest = await authorizationRequests.begin(request, reply, {
        provider: providerId,
        intent,
        pendingId,
        setup: provider.setup,
      })
      try {
        const redirectUri = callbackUrl(issuer, providerId)
        const url = await provider.connector.authorize(authorizationRequest, { redirectUri, again })
        return { location: url.href }
      } catch (error) {
        return failed(request, provider, intent, asUpstreamError(error))
      }
    },

    async callback(request, reply, providerId, known) {
      const state = callbackQuery.safeParse(request.query).data?.state
      const redeemed =
        state === undefined
          ? ({ kind: 'unknown', why: 'no state' } as const)
          : await authorizationRequests.redeem(request, state, providerId)
      if (redeemed.kind === 'unknown') {
        // What is no provider's id is not logged: it may be anything.
        if (!(await providers.find(providerId))) return failure(undefined, 'unavailable', providerId)
        request.log.info(
          { event: 'federation.refused', provider: providerId, cause: redeemed.why },
          'federation.refused',
        )
        return failure(undefined, 'expired', providerId)
      }
      const { intent, pendingId } = redeemed.details
      known?.(intent)
      if (redeemed.kind === 'late') return failure(intent, 'expired', providerId)
      // A reload, or the Back button: a browser that is signed in goes on, another starts again.
      if (redeemed.kind === 'used')
        return intent.kind === 'page' && intent.interaction === undefined
          ? { location: `/login?return_to=${encodeURIComponent(nextUrl(intent))}` }
          : failure(intent, 'expired', providerId)
      const provider = await providers.find(providerId)
      if (!provider) return failure(intent, 'unavailable', providerId)
      // The code of another issuer, or of another client, is not shown to this one.
      const { setup = provider.setup } = redeemed.details
      if (setup !== provider.setup) return failure(intent, 'expired', providerId)
      // Before the provider is asked: what it ends from here on ends this sign-in too.
      const at = clock()
      try {
        const url = new URL(callbackUrl(issuer, providerId))
        url.search = request.url.slice(request.url.indexOf('?'))
        const who = await provider.connector.identify(
          url,
          redeemed.authorizationRequest,
          provider.membershipRules.map(({ claim }) => claim).filter((claim) => claim !== EMAIL_DOMAIN),
        )
        return await upstreamLogins.receive(request, reply, provider, who, { intent, pendingId, at })
      } catch (error) {
        return failed(request, provider, intent, error)
      }
    },
  }
}
