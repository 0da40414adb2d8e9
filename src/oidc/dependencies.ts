import type { FastifyBaseLogger } from 'fastify'
import type { Http } from '../http/http.ts'
import type { PrivateHosts } from '../http/outgoing/private-hosts.ts'
import type { BeforeHooks } from '../shared/before-hook.ts'
import type { ClientDiagnosis } from '../shared/client-diagnosis.ts'
import type { Clock } from '../shared/clock.ts'
import type { DeliveryQueue } from '../shared/delivery.ts'
import type { ScopeDescriptions } from '../shared/scope-descriptions.ts'
import type { SecondFactor } from '../shared/second-factor.ts'
import type { SecondFactorSetting, SignInGate } from '../shared/second-factor-rule.ts'
import type { Secrets } from '../shared/secrets.ts'
import type { ArtifactStore } from '../storage/artifacts/store.ts'
import type { TokenReads } from '../storage/token-reads/token-reads.ts'
import type { RenderPage } from './authorization/pages.ts'
import type { PkceLine } from './authorization/pkce.ts'
import type { Consents } from './consent/consents.ts'
import type { DeviceEvent } from './device/codes.ts'
import type { ReportedRejection } from './events/events.ts'
import type { ExplainRedirect } from './events/rejection-details.ts'
import type { ProtocolSecurityEvent } from './events/security-events.ts'
import type { SigningKeys } from './keys/keys.ts'
import type { OrganizationReads } from './organizations/standing.ts'
import type { ProtocolClient } from './provider/adapter.ts'
import type { Lifetimes } from './provider/lifetimes.ts'
import type { Translate } from './provider/outage.ts'
import type { SessionEndedEvent, SignInEffects } from './sessions/audited.ts'
import type { DeviceEndedEvent } from './sessions/end-device.ts'
import type { ImpersonationCounts, ImpersonationEnded } from './sessions/impersonations.ts'
import type { Authentication } from './sessions/sign-in.ts'
import type { SignOutConfirmation } from './sign-out/hinted.ts'
import type { CustomClaims } from './tokens/custom-claims.ts'
import type { ProtocolMemberships } from './tokens/memberships.ts'
import type { ProtocolResource } from './tokens/resources.ts'
import type { ProtocolAccount } from './tokens/subjects.ts'
import type { LastUses } from './usage/last-uses.ts'
import type { UsageStore } from './usage/usage-store.ts'

/** An account, as the protocol asks for it. */
export interface AccountOfProtocol extends ProtocolAccount {
  /** `user`, or one that may read refused requests in the console. */
  role: string
  /** What its sign-ins are verified by. */
  secondFactors: readonly SecondFactor[]
  /** An administrator requires one of this person. */
  secondFactorRequired: boolean
}

/** As much of an account as decides about a token, and as an introspection says of it. */
export type TokenHolder = Pick<
  AccountOfProtocol,
  'id' | 'username' | 'email' | 'disabledAt' | 'generation' | 'attributes'
>

/** Tokens of the first-party client that were revoked. */
interface FirstPartyRevocation {
  type: 'token.revoked'
  client_id: string
  accountId?: string
  reason: 'signed_out' | 'replayed'
}

/** What the protocol tells the audit log. */
export type ProtocolEvent =
  | ProtocolSecurityEvent
  | DeviceEvent
  | DeviceEndedEvent
  | SessionEndedEvent
  | FirstPartyRevocation

/** The credentials of APIs, with which they introspect tokens. */
export interface ApiCredentials {
  isApiCredential(id: string): boolean
  findForProtocol(id: string): Promise<{ resource: string; name: string; secretHash: string } | undefined>
  /** The API that credentials are of; undefined: there are none with this id. */
  resourceOf(id: string): Promise<string | undefined>
  secretMatches(id: string, hashes: readonly string[], presented: string): boolean
}

export interface RegisteredClients {
  /** Undefined: unknown or disabled. @throws AppError client_document_refused (400) · unavailable (503) */
  find(id: string): Promise<ProtocolClient | undefined>
  /** Fields of their metadata that the library does not know by itself. */
  extraMetadata: readonly string[]
  /** Whether one of the stored hashes is of the secret that was presented. */
  secretMatches(id: string, hashes: readonly string[], presented: string): boolean
  /** Whether a client that has the choice used PKCE, each time that it exchanges a code. */
  notePkce(id: string, used: boolean): void
}

/** Where requests go that the protocol has rejected. */
export interface RejectionSink {
  record(rejection: ReportedRejection): void
  explainRedirect: ExplainRedirect
  /** What was wrong with how a client authenticated. */
  diagnose(clientId: string, secret: string | undefined): Promise<ClientDiagnosis>
}

/** What the protocol needs of the rest of the server. */
export interface ProtocolDependencies<Account extends AccountOfProtocol = AccountOfProtocol> {
  /** An origin. */
  issuer: string
  privateHosts: PrivateHosts
  clock: Clock
  log: FastifyBaseLogger
  http: Pick<Http, 'sealed' | 'direct' | 'limit' | 'countFailure' | 'language'>
  /** False: the library answers every request by itself at this moment. */
  fastPaths(): boolean
  /** Whether new signing keys are looked for beside the requests. */
  background: boolean
  /** Renders one of our views. */
  render: RenderPage
  /** What an error of the storage means to a client. */
  translateError: Translate
  artifacts: ArtifactStore
  /** What is to leave the server. */
  queue: DeliveryQueue
  tokenReads: TokenReads<Account>
  /** The same with as much of the account as decides about a token. */
  holderReads: TokenReads<TokenHolder>
  secrets: Secrets
  keys: SigningKeys
  consents: Consents
  usage: UsageStore
  lastUses: LastUses
  lifetimes: Lifetimes
  /** Who has to have a second factor. */
  secondFactor(): SecondFactorSetting
  /** Whether a sign-in has shown all that its account and the rules ask for. */
  signInGate: SignInGate
  /** What the JSON API answers a sign-in with, that has shown less than its account asks for. */
  mfaRequired(
    who: Authentication,
    account: { id: string; secondFactors: readonly SecondFactor[]; email: string | null },
  ): Promise<Error>
  /** Whether an app password still counts, by its id: tokens that were made by it end with it. */
  appPasswordCounts(id: string): Promise<boolean>
  /** Whether an administrator is still signed in as a person. */
  impersonationCounts: ImpersonationCounts
  impersonationEnded: ImpersonationEnded
  accounts: {
    byId(id: string): Promise<AccountOfProtocol | undefined>
    /** The account of a row that `ArtifactStore.findRelated` has found. */
    ofRow(row: Record<string, unknown>): AccountOfProtocol
    /** Raises the generation of the account's sign-ins, except in one session, and gives the new one. */
    endOtherSessions(accountId: string, uid: string): Promise<number>
  }
  /** Groups and roles of an account. */
  membershipsOf(accountId: string): Promise<ProtocolMemberships>
  /** Companies that people sign in for. */
  organizations: OrganizationReads
  /** Claims that administrators have defined. */
  customClaims: CustomClaims
  /** Asked before a sign-in and before tokens. */
  hooks: BeforeHooks
  clients: RegisteredClients
  apiCredentials: ApiCredentials
  resources: {
    findForProtocol(
      identifier: string,
    ): Promise<(ProtocolResource & { name: string; scopeDescriptions: ScopeDescriptions }) | undefined>
    findByScope(scope: string): Promise<readonly { identifier: string }[]>
  }
  rejections: RejectionSink
  pkceLine: PkceLine
  signOutConfirmation(): SignOutConfirmation
  /** What discovery says beside what the library does. */
  discovery(): Readonly<Record<string, unknown>>
  effects: SignInEffects
  events(event: ProtocolEvent): void
  /** Counts token responses, by their grant. */
  issued?: ((grant: string) => void) | undefined
  /** Counts rejected requests. */
  rejected?: ((endpoint: string, error: string) => void) | undefined
}
