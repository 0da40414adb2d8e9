import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { mayComeBy } from '../../shared/managed-provider.ts'
import type { TokenSet } from '../../shared/token-set.ts'
import type { FederatedAccount, FederationDependencies } from '../dependencies.ts'
import type { UpstreamEnds } from '../ended.ts'
import { CODE_TTL, type Codes } from './codes.ts'
import { type Failure, failure, nextUrl } from './intent.ts'
import { upstreamOf } from './pending-logins.ts'
import type { UpstreamLogin } from './upstream-login.ts'

/** The answer to a request: a redirect (303), tokens as JSON, or a failure. */
export type Answer = { location: string } | { tokens: TokenSet } | Failure

const CODE_COOKIE = 'upstream_code'

/**
 * The last step of every sign-in at a provider: a session and the next page, tokens, or a one-time code, as the intent says.
 * Tokens are in the body of an answer, never in an address.
 */
export interface Finish {
  /** Why an account neither comes by a provider, nor is proven by it, nor links it (src/shared/managed-provider.ts); undefined: it may. */
  refusal(accountId: string, login: UpstreamLogin): Promise<Failure | undefined>
  /** The account has proven its address and may sign in. */
  signedIn(
    request: FastifyRequest,
    reply: FastifyReply,
    account: Pick<FederatedAccount, 'id' | 'generation'>,
    login: UpstreamLogin,
  ): Promise<Answer>
  /** The account has still to prove its address: the page that asks for the code, and then goes on. */
  unverified(reply: FastifyReply, account: FederatedAccount, login: UpstreamLogin): Promise<Answer>
  /** The account waits to be deleted: the page that asks its owner whether to keep it. */
  leaving(
    reply: FastifyReply,
    account: Pick<FederatedAccount, 'id' | 'generation'>,
    login: UpstreamLogin,
  ): Promise<Answer>
  /** The one-time code that this browser was given last. */
  codeOf(request: FastifyRequest): string | undefined
}

export function createFinish(
  deps: Pick<
    FederationDependencies,
    | 'accounts'
    | 'sessions'
    | 'firstPartyTokens'
    | 'http'
    | 'setPending'
    | 'askWhetherToKeep'
    | 'organizations'
    | 'providers'
    | 'provide'
  > & {
    codes: Codes
    ends: Pick<UpstreamEnds, 'hasEnded'>
  },
): Finish {
  const { sessions, firstPartyTokens, codes, http } = deps

  const refusal: Finish['refusal'] = async (accountId, { provider, intent }) => {
    // It stays one of managers when administrators take it out of the organization.
    if (!provider.managed && provider.organizationId === null) return undefined
    const found = await deps.providers.find(provider.id)
    if (found === undefined) return failure(intent, 'unavailable', provider.id)
    const managed = provider.managed ?? found.managed
    const administers = managed === true && (await deps.accounts.byId(accountId))?.role !== 'user'
    return mayComeBy({ managed }, { administers }) ? undefined : failure(intent, 'not_allowed', provider.id)
  }

  return {
    refusal,

    async signedIn(request, reply, account, login) {
      const { intent } = login
      const { id: accountId, generation } = account
      const who = { accountId, generation, upstream: upstreamOf(login) }
      // Here too: the provider may have ended it while a password was checked or an account was made.
      if (await deps.ends.hasEnded(who.upstream, login.at))
        return failure(intent, 'expired', login.provider.id)
      const refused = await refusal(accountId, login)
      if (refused) return refused
      // Before anything is issued: who was taken out there must not get in here once more.
      await deps.provide(accountId, login.provider, login.provided)
      const { organizationId } = login.provider
      if (organizationId !== null) await deps.organizations.arrived(organizationId, accountId)
      if (intent.kind === 'api')
        return {
          tokens: await firstPartyTokens.issue({ ...who, amr: ['fed'], provider: login.provider.name }),
        }
      if (intent.kind === 'code') {
        const code = await codes.issue(who, intent.challenge, login.at)
        http.cookies.set(reply, CODE_COOKIE, http.sealed.seal(CODE_COOKIE, { code }, CODE_TTL), CODE_TTL)
        return { location: '/login/code' }
      }
      await sessions.start(request, reply, { ...who, amr: ['fed'], provider: login.provider.name })
      return { location: nextUrl(intent) }
    },

    async unverified(reply, account, login) {
      const refused = await refusal(account.id, login)
      if (refused) return refused
      await deps.provide(account.id, login.provider, login.provided)
      const interaction = login.intent.kind === 'page' ? login.intent.interaction : undefined
      deps.setPending(reply, {
        accountId: account.id,
        generation: account.generation,
        email: account.pendingEmail ?? '',
        interaction,
        upstream: upstreamOf(login),
        at: login.at,
      })
      return { location: interaction === undefined ? '/verify-email' : `/verify-email?flow=${interaction}` }
    },

    async leaving(reply, account, login) {
      const { intent, provider } = login
      const refused = await refusal(account.id, login)
      if (refused) return refused
      if (intent.kind !== 'page') return failure(intent, 'disabled', provider.id)
      const { interaction } = intent
      return { location: deps.askWhetherToKeep(reply, account, { amr: ['fed'], interaction }) }
    },

    codeOf: (request) =>
      http.sealed.open(CODE_COOKIE, http.cookies.read(request, CODE_COOKIE), z.object({ code: z.string() }))
        ?.code,
  }
}

/** Ends a form: on to the next page, or with tokens as JSON. */
export function answerWith(reply: FastifyReply, answer: Answer): FastifyReply {
  if ('location' in answer) return reply.redirect(answer.location, 303)
  return reply.header('cache-control', 'no-store').send(answer.tokens)
}
