import type { FastifyReply, FastifyRequest } from 'fastify'
import { UpstreamError, type UpstreamIdentity } from './connector.ts'
import type { FederationDependencies } from './dependencies.ts'
import type { Answer, Finish } from './finish.ts'
import type { Provider } from './providers/provider.ts'
import { type Purpose, setback } from './purpose.ts'
import type { Arrival, Tickets } from './tickets.ts'

const orNull = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text)

/** A provider's address counts here when the provider vouches for it. */
const verifiedEmail = ({ email }: Pick<Arrival, 'email'>): string | undefined =>
  email?.verified ? email.address : undefined

/**
 * @throws UpstreamError `not_allowed` when the provider is for some domains, and the account has no verified address there
 */
function requireDomain(provider: Provider, identity: UpstreamIdentity): void {
  if (provider.emailDomains.length === 0) return
  const address = identity.email?.verified ? identity.email.address : ''
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase()
  if (!provider.emailDomains.includes(domain))
    throw new UpstreamError(
      'not_allowed',
      'the account has no verified address at one of the domains of the provider',
    )
}

/**
 * What becomes of somebody whom a provider vouches for:
 *
 *   linked identity ──► its account
 *   unknown ─┬─ a verified address of an existing account ──► prove that account (pages/link.ts)
 *            ├─ verified address and a free username ──► a new account
 *            └─ something is missing ──► ask for it (pages/finish.ts)
 *   to be linked ──► to the account that is signed in, or that this sign-in was to prove
 */
export function createArrivals(
  deps: Pick<FederationDependencies, 'accounts' | 'registration' | 'secrets' | 'sessions'> & {
    tickets: Tickets
    finish: Finish
  },
) {
  const { accounts, tickets, finish } = deps

  function toArrival(provider: Provider, who: UpstreamIdentity, purpose: Purpose): Arrival {
    const { issuer, subject } = who
    const tokens = provider.keepTokens
      ? deps.secrets.seal(JSON.stringify(who.tokens), tokenContext(issuer, subject))
      : null
    return {
      provider: { id: provider.id, name: provider.name },
      identity: {
        issuer,
        subject,
        provider: provider.id,
        label: orNull(who.username ?? who.email?.address),
        sealedTokens: tokens,
      },
      sid: who.sid,
      profile: {
        givenName: orNull(who.givenName),
        familyName: orNull(who.familyName),
        picture: orNull(who.picture),
      },
      username: who.username,
      email: who.email,
      purpose,
    }
  }

  async function newcomer(request: FastifyRequest, reply: FastifyReply, arrival: Arrival): Promise<Answer> {
    const { provider, purpose, username } = arrival
    const email = verifiedEmail(arrival)
    const owner = email === undefined ? undefined : await accounts.linked.ownerOf(email)
    if (owner?.disabledAt != null) return setback(purpose, 'disabled', provider.id)
    const ticket = () => tickets.issue(request, reply, arrival)
    if (owner) return { location: `/login/link/${await ticket()}` }
    if (deps.registration === 'closed') return setback(purpose, 'closed', provider.id)
    if (email === undefined || username === undefined || !(await accounts.linked.isUsable(username, email)))
      return { location: `/login/finish/${await ticket()}` }
    return complete(request, reply, arrival, { username, email })
  }

  /**
   * Makes the account, and signs in to it.
   * @throws what `linked.register` throws about the fields
   */
  async function complete(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: Arrival,
    fields: { username: string; email: string },
  ): Promise<Answer> {
    const { purpose, provider } = arrival
    const verified = verifiedEmail(arrival) !== undefined
    const outcome = await accounts.linked.register(
      { username: fields.username, email: { address: fields.email, verified } },
      arrival.profile,
      arrival.identity,
      { address: request.ip, ...(purpose.kind === 'page' && { flow: purpose.flow }) },
    )
    switch (outcome.kind) {
      case 'ok':
        return finish.signedIn(request, reply, outcome.account, arrival)
      case 'unverified':
        return finish.unverified(reply, outcome.account, arrival)
      case 'email_taken':
        // Another sign-in of theirs, at this very moment, was faster.
        return { location: `/login/link/${await tickets.issue(request, reply, arrival)}` }
      case 'disabled':
        return setback(purpose, 'disabled', provider.id)
      case 'unknown':
        return setback(purpose, 'failed', provider.id)
    }
  }

  /** Adds the identity to an account that its owner has proven a moment ago. */
  async function link(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: Arrival,
    accountId: string,
  ): Promise<Answer> {
    const { purpose, provider, identity, profile } = arrival
    const outcome = await accounts.linked.link(accountId, identity, profile, provider.name)
    if (outcome === 'identity_taken') return setback(purpose, 'identity_taken', provider.id)
    const account = outcome === 'no_account' ? undefined : await accounts.byId(accountId)
    if (!account) return setback(purpose, 'disabled', provider.id)
    if (purpose.kind === 'link') return { location: `/account?done=linked&provider=${provider.id}` }
    return finish.signedIn(request, reply, account, arrival)
  }

  return {
    complete,
    link,

    /** @param options.ticket what this sign-in proves the account for @throws UpstreamError `not_allowed` */
    async receive(
      request: FastifyRequest,
      reply: FastifyReply,
      provider: Provider,
      who: UpstreamIdentity,
      options: { purpose: Purpose; ticket?: string | undefined },
    ): Promise<Answer> {
      requireDomain(provider, who)
      const { purpose } = options
      const arrival = toArrival(provider, who, purpose)
      if (purpose.kind === 'link') {
        // The session that asked has to be there still: nobody is linked to an account that was signed out meanwhile.
        const session = await deps.sessions.current(request, reply)
        if (session?.accountId !== purpose.accountId) return setback(purpose, 'expired', provider.id)
        return link(request, reply, arrival, purpose.accountId)
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
          return setback(purpose, 'disabled', provider.id)
        case 'unknown':
          return newcomer(request, reply, arrival)
      }
    },
  }

  /** This sign-in was to prove the account that another identity is waiting for. */
  async function prove(
    request: FastifyRequest,
    reply: FastifyReply,
    arrival: Arrival,
    outcome: Awaited<ReturnType<typeof accounts.linked.signIn>>,
    ticket: string,
  ): Promise<Answer> {
    const waiting = await tickets.find(request, ticket)
    const email = verifiedEmail(waiting)
    const owner = email === undefined ? undefined : await accounts.linked.ownerOf(email)
    if (outcome.kind !== 'ok' || owner?.id !== outcome.account.id)
      return setback(arrival.purpose, 'other_account', arrival.provider.id)
    await tickets.spend(ticket)
    return link(request, reply, waiting, owner.id)
  }
}

export type Arrivals = ReturnType<typeof createArrivals>

/** What kept tokens are sealed under, beside SECRET_KEY. */
export const tokenContext = (issuer: string, subject: string): string =>
  `upstream tokens of ${subject} at ${issuer}`
