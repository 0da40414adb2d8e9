import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { UpstreamError, type UpstreamIdentity } from '../connector.ts'
import type { FederationDependencies, SignInOutcome } from '../dependencies.ts'
import { sealTokens as seal } from '../kept-tokens.ts'
import type { Provider } from '../providers/provider.ts'
import type { Answer, Finish } from './finish.ts'
import { failure, type Intent } from './intent.ts'
import type { PendingLogins } from './pending-logins.ts'
import {
  requireDomain,
  requireOwnDomain,
  toUpstreamLogin,
  type UpstreamLogin,
  verifiedEmail,
  vouchedFor,
} from './upstream-login.ts'

/**
 * What an identity leads to that a provider vouches for:
 *
 *   linked identity ──► its account
 *   unknown ─┬─ a verified address of an existing account ──► prove that account (pages/link.ts)
 *            ├─ a verified address that was invited ──► the account that the invitation offers, or its link (`admitted`)
 *            ├─ verified address and a free username ──► a new account
 *            └─ something is missing ──► ask for it (pages/finish.ts)
 *   by an invitation ──► the account that it offers
 *   to be linked ──► to the account that is signed in, or that this sign-in was to prove
 */
export interface UpstreamLogins {
  /**
   * Decides about an identity that has come from a provider.
   * @param options.pendingId the pending login whose account this sign-in proves
   * @param options.at when the browser came back, in milliseconds since the epoch
   * @throws UpstreamError `not_allowed`
   */
  receive(
    request: FastifyRequest,
    reply: FastifyReply,
    provider: Provider,
    identity: UpstreamIdentity,
    options: { intent: Intent; pendingId?: string | undefined; at: number },
  ): Promise<Answer>
  /**
   * Makes the account, and signs in to it.
   * @param pendingId is used up once the account is there, and before anything is given out
   * @throws what `linked.register` throws about the fields; AppError `ticket_expired` (410)
   */
  complete(
    request: FastifyRequest,
    reply: FastifyReply,
    login: UpstreamLogin,
    fields: { username: string; email: string },
    pendingId?: string,
  ): Promise<Answer>
  /** Links the identity to an account that its owner has proven a moment ago, by a sign-in of `generation`. */
  link(
    request: FastifyRequest,
    reply: FastifyReply,
    login: UpstreamLogin,
    proven: { accountId: string; generation: number },
  ): Promise<Answer>
}

export function createUpstreamLogins(
  deps: Pick<
    FederationDependencies,
    'accounts' | 'organizations' | 'registration' | 'secrets' | 'sessions'
  > & {
    pendingLogins: PendingLogins
    finish: Finish
  },
): UpstreamLogins {
  const { accounts, pendingLogins, finish } = deps

  const sealTokens = (provider: Provider) => (who: UpstreamIdentity) =>
    provider.keepTokens ? seal(deps.secrets, who, who.tokens) : null

  async function newcomer(
    request: FastifyRequest,
    reply: FastifyReply,
    login: UpstreamLogin,
  ): Promise<Answer> {
    const { provider, intent, username } = login
    const email = verifiedEmail(login)
    const owner = email === undefined ? undefined : await accounts.linked.ownerOf(email)
    if (owner?.disabledAt != null) return failure(intent, 'disabled', provider.id)
    if (owner) return { location: `/login/link/${await pendingLogins.issue(request, reply, login)}` }
    const invited = await admitted(request, reply, login)
    if (invited) return invited
    if (deps.registration() === 'closed') return failure(intent, 'closed', provider.id)
    const ask = async (about: UpstreamLogin) => ({
      location: `/login/finish/${await pendingLogins.issue(request, reply, about)}`,
    })
    const use = email === undefined ? 'good' : accounts.linked.judgeEmail(email)
    if (use === 'refused')
      throw new UpstreamError('not_allowed', 'the address is of no domain that accounts may be of')
    // Vouched for, and yet no address to write to: as if there were none.
    if (use === 'malformed') return ask({ ...login, email: undefined })
    if (email === undefined || username === undefined || !(await accounts.linked.isUsable(username, email)))
      return ask(login)
    try {
      return await complete(request, reply, login, { username, email })
    } catch (error) {
      // The username was taken at this very moment.
      if (error instanceof ValidationError) return ask(login)
      throw error
    }
  }

  /** The account of an invitation to the address that the provider vouches for. Undefined: there is none. */
  async function admitted(
    request: FastifyRequest,
    reply: FastifyReply,
    login: UpstreamLogin,
  ): Promise<Answer | undefined> {
    const { identity, profile, intent, provider } = login
    const email = verifiedEmail(login)
    const accepted =
      email === undefined ? undefined : await accounts.invitations.acceptVouched(email, identity, profile)
    if (accepted?.kind === 'ok') return finish.signedIn(request, reply, accepted.account, login)
    return accepted && failure(intent, accepted.kind === 'by_link' ? 'invited' : accepted.kind, provider.id)
  }

  const complete: UpstreamLogins['complete'] = async (request, reply, login, fields, pendingId) => {
    const { intent, provider } = login
    const verified = verifiedEmail(login) !== undefined
    const outcome = await accounts.linked.register(
      { username: fields.username, email: { address: fields.email, verified } },
      login.profile,
      login.identity,
      { address: request.ip, ...(intent.kind === 'page' && { interaction: intent.interaction }) },
    )
    if (pendingId !== undefined) await pendingLogins.spend(pendingId)
    switch (outcome.kind) {
      case 'ok':
        return finish.signedIn(request, reply, outcome.account, login)
      case 'unverified':
        return finish.unverified(reply, outcome.account, login)
      case 'leaving':
        return finish.leaving(reply, outcome.leaving, login)
      case 'invited':
        // At this very moment, or while the person chose a name.
        return (await admitted(request, reply, login)) ?? failure(intent, 'expired', provider.id)
      case 'email_taken':
        // Another sign-in of this person, at this very moment, was faster.
        return { location: `/login/link/${await pendingLogins.issue(request, reply, login)}` }
      case 'disabled':
        return failure(intent, 'disabled', provider.id)
      case 'unknown':
        return failure(intent, 'failed', provider.id)
    }
  }

  const link: UpstreamLogins['link'] = async (request, reply, login, proven) => {
    const { intent, provider, identity, profile } = login
    const refused = await finish.refusal(proven.accountId, login)
    if (refused) return refused
    const outcome = await accounts.linked.link(proven, identity, profile, provider.name)
    if (outcome === 'identity_taken') return failure(intent, 'identity_taken', provider.id)
    const account = outcome === 'no_account' ? undefined : await accounts.byId(proven.accountId)
    if (!account) return failure(intent, 'disabled', provider.id)
    if (intent.kind === 'link') return { location: `/account/security?done=linked&provider=${provider.id}` }
    return finish.signedIn(request, reply, { ...account, ...proven }, login)
  }

  return {
    complete,
    link,

    async receive(request, reply, provider, who, options) {
      const identity = vouchedFor(provider, who)
      requireDomain(provider, identity)
      await requireOwnDomain(provider, identity, deps.organizations.owns)
      const { intent } = options
      const login = toUpstreamLogin(provider, identity, intent, sealTokens(provider), options.at)
      if (intent.kind === 'link') {
        // The session that asked has to be there still: nothing is linked to an account that was signed out since.
        const session = await deps.sessions.current(request, reply)
        if (session?.accountId !== intent.accountId) return failure(intent, 'expired', provider.id)
        return link(request, reply, login, session)
      }
      if (intent.kind === 'invitation') {
        const { managed } = login.provider
        const accepted = await accounts.invitations.acceptBy(intent.id, login.identity, login.profile, {
          anyRole: !managed,
        })
        if (accepted.kind === 'ok') return finish.signedIn(request, reply, accepted.account, login)
        return failure(intent, accepted.kind, provider.id)
      }
      const origin = { address: request.ip }
      const outcome = await accounts.linked.signIn(login.identity, origin)
      if (options.pendingId !== undefined) return prove(request, reply, login, outcome, options.pendingId)
      switch (outcome.kind) {
        case 'ok':
          return finish.signedIn(request, reply, outcome.account, login)
        case 'unverified':
          return finish.unverified(reply, outcome.account, login)
        case 'leaving':
          return finish.leaving(reply, outcome.leaving, login)
        case 'disabled':
          return failure(intent, 'disabled', provider.id)
        case 'unknown':
          return newcomer(request, reply, login)
      }
    },
  }

  /** This sign-in was to prove the account that another identity is waiting for. */
  async function prove(
    request: FastifyRequest,
    reply: FastifyReply,
    login: UpstreamLogin,
    outcome: SignInOutcome,
    pendingId: string,
  ): Promise<Answer> {
    const waiting = await pendingLogins.find(request, pendingId).catch(ifExpired)
    if (waiting === undefined) return failure(login.intent, 'expired', login.provider.id)
    const email = verifiedEmail(waiting)
    const owner = email === undefined ? undefined : await accounts.linked.ownerOf(email)
    if (outcome.kind !== 'ok' || owner?.id !== outcome.account.id)
      return failure(login.intent, 'other_account', login.provider.id)
    const refused = await finish.refusal(owner.id, login)
    if (refused) return refused
    const spent = await pendingLogins.spend(pendingId).then(() => true, ifExpired)
    if (!spent) return failure(login.intent, 'expired', login.provider.id)
    return link(request, reply, waiting, { accountId: owner.id, generation: outcome.account.generation })
  }
}

/** A browser that comes back from a provider gets a sentence on a page, not an error. */
function ifExpired(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'ticket_expired') return undefined
  throw error
}
