import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Http } from '../http/http.ts'
import type { Clock } from '../shared/clock.ts'
import type { KnownDevice } from '../shared/known-device.ts'
import type { ProviderValues } from '../shared/profile/fields.ts'
import type { Secrets } from '../shared/secrets.ts'
import type { TokenSet } from '../shared/token-set.ts'
import type { EndedUpstream, UpstreamSession } from '../shared/upstream-session.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'
import type { Finish } from './login/finish.ts'
import type { Flow } from './login/flow.ts'
import type { PendingLogins } from './login/pending-logins.ts'
import type { UpstreamLogins } from './login/receive.ts'
import type { EnabledProviders } from './providers/provider.ts'

/** A person, as far as this feature needs them. */
export interface FederatedAccount {
  id: string
  username: string
  displayUsername: string
  email: string | null
  pendingEmail: string | null
  disabledAt: number | null
  /** `user`, or a role of administration. */
  role: string
  /** Of sign-ins; raised by whatever ends them. */
  generation: number
  /** What its sign-ins are verified by, beside the password. */
  secondFactors: readonly unknown[]
}

/** The identity of a person at a provider, as it is stored. */
export interface StoredIdentity {
  issuer: string
  subject: string
  provider: string
  label: string | null
  sealedTokens: string | null
}

export type SignInOutcome =
  | { kind: 'ok' | 'unverified'; account: FederatedAccount }
  /** Its owner wants it deleted, and may change their mind. */
  | { kind: 'leaving'; leaving: FederatedAccount }
  | { kind: 'disabled' | 'unknown' }

type Accepted =
  | { kind: 'ok'; account: FederatedAccount }
  | { kind: 'expired' | 'identity_taken' | 'not_allowed' }

interface Origin {
  address?: string | undefined
  interaction?: string | undefined
}

/** The services of accounts. They throw AppErrors; those about fields carry `errors`. */
export interface AccountService {
  byId(id: string): Promise<FederatedAccount | undefined>
  authenticate(credentials: {
    identifier: string
    password: string
    address?: string | undefined
    devices?: readonly KnownDevice[] | undefined
    proof: true
  }): Promise<
    { kind: 'ok' | 'unverified'; account: FederatedAccount } | { kind: 'refused' | 'leaving' | 'at_provider' }
  >
  /** A change of address that waits for its proof. False: there was none. */
  dropAddressChange(accountId: string): Promise<boolean>
  invitations: {
    /** @param token of the link */
    peek(token: string): Promise<{ id: string } | undefined>
    /** @param id of the invitation */
    acceptBy(
      id: string,
      identity: StoredIdentity,
      profile: ProviderValues,
      by: { anyRole: boolean },
    ): Promise<Accepted>
    /** Undefined: nobody is invited by this address. @param email that the provider vouches for */
    acceptVouched(
      email: string,
      identity: StoredIdentity,
      profile: ProviderValues,
    ): Promise<Accepted | { kind: 'by_link' } | undefined>
  }
  linked: {
    signIn(identity: StoredIdentity, origin: Origin): Promise<SignInOutcome>
    register(
      input: { username: string; email: { address: string; verified: boolean } },
      profile: ProviderValues,
      identity: StoredIdentity,
      origin: Origin,
    ): Promise<SignInOutcome | { kind: 'email_taken' | 'invited' }>
    link(
      proven: { accountId: string; generation: number },
      identity: StoredIdentity,
      profile: ProviderValues,
      providerName: string,
    ): Promise<'linked' | 'already' | 'identity_taken' | 'no_account'>
    unlink(
      accountId: string,
      id: string,
      usable: readonly string[],
      providerName: string,
    ): Promise<{ issuer: string; subject: string } | undefined>
    ownerOf(email: string): Promise<FederatedAccount | undefined>
    suggestUsername(hints: readonly string[], email: string | undefined): Promise<string>
    isUsable(name: string, email: string | undefined): Promise<boolean>
    judgeEmail(email: string): 'good' | 'malformed' | 'refused'
    signInMethods(
      accountId: string,
    ): Promise<{ password: boolean; administers: boolean; identities: { id: string; provider: string }[] }>
    accountOf(identity: { issuer: string; subject: string }): Promise<string | undefined>
  }
}

/** A sign-in, in the generation that the account was in then. */
interface SignIn {
  accountId: string
  generation: number
  amr: string[]
  upstream?: UpstreamSession | undefined
  /** The name of the provider. */
  provider?: string | undefined
}

/** The browser's sign-in session. */
export interface Sessions {
  ownerOf(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ accountId: string; uid: string } | undefined>
  current(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ accountId: string; generation: number; uid: string; freshAt: number } | undefined>
  start(request: FastifyRequest, reply: FastifyReply, who: SignIn): Promise<unknown>
  endUpstream(accountId: string, which: EndedUpstream & { except?: string | undefined }): Promise<void>
  findByUpstream(issuer: string, sid: string): Promise<string | undefined>
}

/** A sign-in that waits in a browser for the proof of an address. */
export interface Pending {
  accountId: string
  generation: number
  email: string
  interaction?: string | undefined
  upstream: UpstreamSession
  /** When the person signed in at the provider, in milliseconds since the epoch. */
  at: number
}

export interface FederationDependencies {
  issuer: URL
  clock: Clock
  http: Pick<Http, 'cookies' | 'sealed' | 'devices' | 'limit' | 'forms' | 'interrupted'>
  providers: EnabledProviders
  artifacts: Pick<ArtifactStore, 'upsert' | 'insert' | 'find' | 'consume'>
  secrets: Pick<Secrets, 'seal'>
  accounts: AccountService
  sessions: Sessions
  firstPartyTokens: {
    issue(who: SignIn): Promise<TokenSet>
    /** Without `which`, all that came by a provider. */
    endFederated(accountId: string, which?: EndedUpstream): Promise<void>
  }
  /** Gives an account the groups and roles of a provider's rules. */
  provide(
    accountId: string,
    provider: { id: string; name: string },
    provided: { mode: 'add' | 'sync'; groups: readonly string[]; roles: readonly string[] },
  ): Promise<void>
  /** Organizations that have providers of their own. */
  organizations: {
    exist(): boolean
    /** Where an address signs in. @param typed as a person typed it */
    providerOf(typed: string): Promise<string | undefined>
    /** Whether an organization has verified the domain of an address. */
    owns(organizationId: string, email: string): Promise<boolean>
    /** A person has come by the provider of an organization. */
    arrived(organizationId: string, accountId: string): Promise<void>
  }
  registration(): 'open' | 'closed'
  setPending(reply: FastifyReply, pending: Pending): void
  /** @returns the page that asks the owner of an account whether to keep it */
  askWhetherToKeep(
    reply: FastifyReply,
    account: { id: string; generation: number },
    shown: { amr: readonly string[]; interaction: string | undefined },
  ): string
}

/** What the pages work with. */
export interface FederationPages extends FederationDependencies {
  flow: Flow
  upstreamLogins: UpstreamLogins
  pendingLogins: PendingLogins
  finish: Finish
}
