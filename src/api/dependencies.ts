import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../clock.ts'
import type { KnownDevice, KnownDevices } from '../http/known-devices.ts'
import type { Limit } from '../http/rate-limits.ts'

/** A person, as far as this API shows and needs them. Times are milliseconds since the epoch. */
export interface ApiAccount {
  id: string
  username: string
  displayUsername: string
  /** Proven; null: none yet. */
  email: string | null
  givenName: string | null
  familyName: string | null
  role: string
  disabledAt: number | null
  lockedUntil: number | null
  generation: number
  updatedAt: number
}

export type Authentication =
  | { kind: 'ok' | 'unverified'; account: ApiAccount }
  | { kind: 'refused'; reason: string }

/** Where an act comes from: the network address, and what the browser is known as. */
interface Origin {
  address?: string | undefined
  devices?: readonly KnownDevice[] | undefined
}

/** The services of accounts, the same that the pages use. They throw AppErrors; those about fields carry `errors`. */
export interface AccountService {
  byId(id: string): Promise<ApiAccount | undefined>
  register(
    input: { username: string; email: string; password: string; givenName?: unknown; familyName?: unknown },
    origin: Origin,
  ): Promise<{ accountId: string; generation: number }>
  authenticate(attempt: Origin & { identifier: string; password: string }): Promise<Authentication>
  updateProfile(id: string, input: { givenName?: unknown; familyName?: unknown }): Promise<ApiAccount>
  changeEmail(id: string, email: string, by: { generation: number }): Promise<boolean>
  changePassword(
    change: Origin & {
      accountId: string
      currentPassword: string
      newPassword: string
      keepSessionUid?: string | undefined
    },
  ): Promise<{ generation: number }>
  disable(id: string): Promise<unknown>
  verification: {
    send(id: string): Promise<void>
    /** Tells nobody whether the address is known. */
    sendTo(email: string, origin: Origin): Promise<void>
    byToken(token: string): Promise<{ kind: 'verified' | 'expired' | 'taken' }>
  }
  forgot(email: string, origin: Origin): Promise<void>
  reset(token: string, password: string): Promise<unknown>
}

export interface TokenSet {
  access_token: string
  refresh_token: string
  token_type: 'Bearer'
  /** Seconds. */
  expires_in: number
}

/** src/oidc/mint.ts */
export interface TokenMint {
  issue(who: {
    accountId: string
    generation: number
    amr: string[]
    upstream?: UpstreamSession | undefined
  }): Promise<TokenSet>
  issueAccessToken(who: {
    accountId: string
    generation: number
  }): Promise<{ access_token: string; expires_in: number }>
  refresh(refreshToken: string): Promise<TokenSet | { refused: string } | 'unconfirmed'>
  accept(
    token: string,
  ): Promise<
    { accountId: string; grantId: string; access: 'full' | 'read' | 'none'; generation: number } | undefined
  >
  endFamily(grantId: string): Promise<void>
  endFamilyOf(refreshToken: string): Promise<void>
}

/** The browser's sign-in session, the one of the pages and of single sign-on. */
export interface Sessions {
  current(
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<{ accountId: string; uid: string } | undefined>
  start(
    request: FastifyRequest,
    reply: FastifyReply,
    who: { accountId: string; generation: number; amr: string[] },
  ): Promise<void>
  end(request: FastifyRequest, reply: FastifyReply): Promise<void>
}

/** The sign-in elsewhere that tokens came by. */
interface UpstreamSession {
  provider: string
  issuer: string
  subject: string
  sid?: string | undefined
}

/** What a sign-in elsewhere came to. */
type UpstreamOutcome =
  | { location: string }
  | { tokens: object }
  | { location: string; problem: string; purpose: string | undefined }

/** Signing in elsewhere: src/federation/flow.ts. */
export interface UpstreamSignIns {
  start(
    request: FastifyRequest,
    reply: FastifyReply,
    provider: string,
    purpose: { kind: 'api' } | { kind: 'code'; challenge: string },
  ): Promise<UpstreamOutcome>
  callback(request: FastifyRequest, reply: FastifyReply, provider: string): Promise<UpstreamOutcome>
  redeemCode(
    code: string,
    verifier: string,
  ): Promise<{ accountId: string; generation: number; upstream: UpstreamSession } | undefined>
}

export interface ApiDependencies {
  issuer: URL
  clock: Clock
  limit: Limit
  devices: Pick<KnownDevices, 'of'>
  accounts: AccountService
  /** The account, if it and its sign-ins of a generation still count. */
  findLive(accountId: string, generation: number): Promise<ApiAccount | undefined>
  mint: TokenMint
  sessions: Sessions
  upstream: UpstreamSignIns
}
