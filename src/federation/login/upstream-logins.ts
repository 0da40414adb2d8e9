import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../shared/errors.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { UpstreamError, type UpstreamIdentity } from '../connector.ts'
import type { FederationDependencies } from '../dependencies.ts'
import { sealTokens as seal } from '../kept-tokens.ts'
import type { Provider } from '../providers/provider.ts'
import type { Answer, Finish } from './finish.ts'
import { failure, type Intent } from './intent.ts'
import type { PendingLogins, UpstreamLogin } from './pending-logins.ts'
import { requireDomain, toUpstreamLogin, verifiedEmail } from './upstream-login.ts'

/**
 * What becomes of somebody whom a provider vouches for:
 *
 *   linked identity ──► its account
 *   unknown ─┬─ a verified address of an existing account ──► prove that account (pages/link.ts)
 *            ├─ a verified address that somebody was invited by ──► the account that it offers, or its link (`admitted`)
 *            ├─ verified address and a free username ──► a new account
 *            └─ something is missing ──► ask for it (pages/finish.ts)
 *   by an invitation ──► the account that it offers
 *   to be linked ──► to the account that is signed in, or that this sign-in was to prove
 */
export function createUpstreamLogins(
  deps: Pick<FederationDependencies, 'accounts' | 'registration' | 'secrets' | 'sessions'> & {
    tickets: PendingLogins
    finish: Finish
  },
) {
  const { accounts, tickets, finish } = deps

  const sealTokens = (provider: Provider) => (who: UpstreamIdentity) =>
    provider.keepTokens ? seal(deps.secrets, who, who.tokens) : null

  async function newcomer(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: UpstreamLogin,
  ): Promise<Answer> {
    const { provider, purpose, username } = arrival
    const email = verifiedEmail(arrival)
    const owner = email === undefined ? undefined : await accounts.linked.ownerOf(email)
    if (owner?.disabledAt != null) return failure(purpose, 'disabled', provider.id)
    if (owner) return { location: `/login/link/${await tickets.issue(request, reply, arrival)}` }
    const invited = await admitted(request, reply, arrival)
    if (invited) return invited
    if (deps.registration() === 'closed') return failure(purpose, 'closed', provider.id)
    const ask = async (about: UpstreamLogin) => ({
      location: `/login/finish/${await tickets.issue(request, reply, about)}`,
    })
    const use = email === undefined ? 'good' : accounts.linked.judgeEmail(email)
    if (use === 'refused')
      throw new UpstreamError('not_allowed', 'the address is of no domain that accounts may be of')
    // Vouched for, and yet no address to write to: as if there were none.
    if (use === 'malformed') return ask({ ...arrival, email: undefined })
    if (email === undefined || username === undefined || !(await accounts.linked.isUsable(username, email)))
      return ask(arrival)
    try {
      return await complete(request, reply, arrival, { username, email })
    } catch (error) {
      // The username was taken at this very moment.
      if (error instanceof ValidationError) return ask(arrival)
      throw error
    }
  }

  /** Somebody who was invited by the address that the provider vouches for. Undefined: nobody was. */
  async function admitted(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: UpstreamLogin,
  ): Promise<Answer | undefined> {
    const { identity, profile, purpose, provider } = arrival
    const email = verifiedEmail(arrival)
    const accepted =
      email === undefined ? undefined : await accounts.invitations.acceptVouched(email, identity, profile)
    if (accepted?.kind === 'ok') return finish.signedIn(request, reply, accepted.account, arrival)
    return accepted && failure(purpose, accepted.kind === 'by_link' ? 'invited' : accepted.kind, provider.id)
  }

  /**
   * Makes the account, and signs in to it.
   * @param ticket is used up once the account is there, and before anything is given out
   * @throws what `linked.register` throws about the fields; AppError `ticket_expired` (410)
   */
  async function complete(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: UpstreamLogin,
    fields: { username: string; email: string },
    ticket?: string,
  ): Promise<Answer> {
    const { purpose, provider } = arrival
    const verified = verifiedEmail(arrival) !== undefined
    const outcome = await accounts.linked.register(
      { username: fields.username, email: { address: fields.email, verified } },
      arrival.profile,
      arrival.identity,
      { address: request.ip, ...(purpose.kind === 'page' && { flow: purpose.flow }) },
    )
    if (ticket !== undefined) await tickets.spend(ticket)
    switch (outcome.kind) {
      case 'ok':
        return finish.signedIn(request, reply, outcome.account, arrival)
      case 'unverified':
        return finish.unverified(reply, outcome.account, arrival)
      case 'invited':
        // At this very moment, or while the person chose a name.
        return (await admitted(request, reply, arrival)) ?? failure(purpose, 'expired', provider.id)
      case 'email_taken':
        // Another sign-in of theirs, at this very moment, was faster.
        return { location: `/login/link/${await tickets.issue(request, reply, arrival)}` }
      case 'disabled':
        return failure(purpose, 'disabled', provider.id)
      case 'unknown':
        return failure(purpose, 'failed', provider.id)
    }
  }

  /** Adds the identity to an account that its owner has proven a moment ago, by a sign-in of `generation`. */
  async function link(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: UpstreamLogin,
    proven: { accountId: string; generation: number },
  ): Promise<Answer> {
    const { purpose, provider, identity, profile } = arrival
    const outcome = await accounts.linked.link(proven, identity, profile, provider.name)
    if (outcome === 'identity_taken') return failure(purpose, 'identity_taken', provider.id)
    const account = outcome === 'no_account' ? undefined : await accounts.byId(proven.accountId)
    if (!account) return failure(purpose, 'disabled', provider.id)
    if (purpose.kind === 'link') return { location: `/account?done=linked&provider=${provider.id}` }
    return finish.signedIn(request, reply, { ...account, ...proven }, arrival)
  }

  return {
    complete,
    link,

    /** @param options.ticket what this sign-in proves the account for
     * @param options.at when they came back from there, in milliseconds @throws UpstreamError `not_allowed` */
    async receive(
      request: FastifyRequest,
      reply: FastifyReply,
      provider: Provider,
      who: UpstreamIdentity,
      options: { purpose: Intent; ticket?: string | undefined; at: number },
    ): Promise<Answer> {
      requireDomain(provider, who)
      const { purpose } = options
      const arrival = toUpstreamLogin(provider, who, purpose, sealTokens(provider), options.at)
      if (purpose.kind === 'link') {
        // The session that asked has to be there still: nobody is linked to an account that was signed out meanwhile.
        const session = await deps.sessions.current(request, reply)
        if (session?.accountId !== purpose.accountId) return failure(purpose, 'expired', provider.id)
        return link(request, reply, arrival, session)
      }
      if (purpose.kind === 'invitation') {
        const accepted = await accounts.invitations.acceptBy(purpose.id, arrival.identity, arrival.profile)
        if (accepted.kind === 'ok') return finish.signedIn(request, reply, accepted.account, arrival)
        return failure(purpose, accepted.kind, provider.id)
      }
      const origin = { address: request.ip }
      const outcome = await accounts.linked.signIn(arrival.identity, origin)
      if (options.ticket !== undefined) return prove(request, reply, arrival, outcome, options.ticket)
      switch (outcome.kind) {
        case 'ok':
          return finish.signedIn(request, reply, outcome.account, arrival)
        case 'unverified':
          return finish.unverified(reply, outcome.account, arrival)
        case 'disabled':
          return failure(purpose, 'disabled', provider.id)
        case 'unknown':
          return newcomer(request, reply, arrival)
      }
    },
  }

  /** This sign-in was to prove the account that another identity is waiting for. */
  async function prove(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: UpstreamLogin,
    outcome: Awaited<ReturnType<typeof accounts.linked.signIn>>,
    ticket: string,
  ): Promise<Answer> {
    const waiting = await tickets.find(request, ticket).catch(ifExpired)
    if (waiting === undefined) return failure(arrival.purpose, 'expired', arrival.provider.id)
    const email = verifiedEmail(waiting)
    const owner = email === undefined ? undefined : await accounts.linked.ownerOf(email)
    if (outcome.kind !== 'ok' || owner?.id !== outcome.account.id)
      return failure(arrival.purpose, 'other_account', arrival.provider.id)
    const spent = await tickets.spend(ticket).then(() => true, ifExpired)
    if (!spent) return failure(arrival.purpose, 'expired', arrival.provider.id)
    return link(request, reply, waiting, { accountId: owner.id, generation: outcome.account.generation })
  }
}

/** Whoever comes back from a provider gets a sentence on a page, not an error. */
function ifExpired(error: unknown): undefined {
  if (error instanceof AppError && error.code === 'ticket_expired') return undefined
  throw error
}

export type UpstreamLogins = ReturnType<typeof createUpstreamLogins>
