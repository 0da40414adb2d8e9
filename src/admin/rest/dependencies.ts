import type { Clock } from '../../clock.ts'
import type { Limit } from '../../http/rate-limits.ts'
import type { SigningAlgorithm } from '../../signing-algorithms.ts'
import type { Account } from '../account.ts'
import type { FiguresDependencies } from '../figures.ts'
import type { ConfigurationService } from './configuration-port.ts'

/** An access token that is good now (src/oidc/admin-tokens.ts). */
export interface AdminToken {
  client: { id: string; name: string }
  scopes: ReadonlySet<string>
  /** Whom the client acts for; absent: for itself. */
  account?: { id: string; generation: number; authTime: number | undefined }
}

export interface Page<Item> {
  items: Item[]
  /** Absent on the last page. */
  next_cursor?: string
}

export interface PageRequest {
  limit?: number | undefined
  cursor?: string | undefined
  search?: string | undefined
}

/** A client in RFC 7591 names. `version` is another one after every change. */
export interface Client extends Record<string, unknown> {
  client_id: string
  version: string
  first_party: boolean
  scope?: string
}

/** src/clients/clients.ts. Errors about fields carry `errors`. */
export interface ClientService {
  list(page: PageRequest): Promise<Page<Client>>
  get(id: string): Promise<Client>
  create(registration: Readonly<Record<string, unknown>>): Promise<Client>
  /** @throws AppError version_conflict (409) when `ifVersion` is not the version */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given: { ifVersion?: string },
  ): Promise<Client>
  delete(id: string, given: { ifVersion?: string }): Promise<void>
  disable(id: string): Promise<void>
  enable(id: string): Promise<void>
  /** @throws AppError version_conflict (409) when it is not what was looked at */
  setVerified(id: string, verified: boolean, given: { ifVersion?: string }): Promise<void>
  rotateSecret(
    id: string,
    options: { keepOldSeconds?: number },
  ): Promise<Record<string, unknown> & { client_id: string; client_secret: string }>
  removeSecret(id: string, secretId: string): Promise<void>
}

interface AccountNames {
  givenName?: unknown
  familyName?: unknown
}

/** src/accounts. Never gives or takes a password. */
export interface AccountService {
  byId(id: string): Promise<Account | undefined>
  search(query: PageRequest & { role?: Account['role'] | undefined }): Promise<Page<Account>>
  createByAdmin(
    input: AccountNames & {
      username: string
      email: string
      verified?: boolean
      role?: Account['role']
    },
  ): Promise<Account>
  /** @throws AppError version_conflict (409) when `ifVersion` is not `updatedAt` */
  updateByAdmin(
    id: string,
    changes: AccountNames & { email?: unknown; role?: unknown },
    given: { ifVersion?: number },
  ): Promise<Account>
  delete(id: string): Promise<void>
  disable(id: string): Promise<Account>
  enable(id: string): Promise<Account>
  unlock(id: string): Promise<Account>
  sendReset(id: string): Promise<Account>
  sendInvitation(id: string): Promise<Account>
  withdrawInvitation(id: string): Promise<unknown>
  endSessions(id: string): Promise<Account>
  linked: {
    waysIn(id: string): Promise<{ identities: LinkedIdentity[] }>
  }
}

/** Times are milliseconds since the epoch. */
interface LinkedIdentity {
  id: string
  provider: string
  issuer: string
  subject: string
  label: string | null
  createdAt: number
  lastUsedAt: number
}

/** What belongs to an account elsewhere than in its row. */
export interface AccountBelongings {
  sessions(accountId: string): Promise<{ device: string; detail: string }[]>
  consents(accountId: string): Promise<
    {
      clientId: string
      scopes: string[]
      resources: Record<string, string[]>
      claims?: string[]
      grantedAt: number
    }[]
  >
}

export interface Resource {
  identifier: string
  name: string
  scope: string
  access_token_ttl?: number
  tokens: 'jwt' | 'opaque'
  default_scopes?: string
}

/** What an API introspects tokens with. Times are seconds since the epoch. */
export interface ResourceCredential {
  client_id: string
  created_at: number
  last_used_at?: number
}

interface Warned {
  warnings?: string[]
}

interface Versioned {
  version: string
}

export interface ResourceService {
  list(page: PageRequest): Promise<Page<Resource>>
  add(input: Readonly<Record<string, unknown>>): Promise<Resource & Warned>
  find(identifier: string): Promise<(Resource & Versioned) | undefined>
  update(
    identifier: string,
    changes: Readonly<Record<string, unknown>>,
    given: { ifVersion?: string },
  ): Promise<Resource & Versioned & Warned>
  remove(identifier: string): Promise<void>
  credentials: {
    list(identifier: string): Promise<ResourceCredential[]>
    add(identifier: string): Promise<ResourceCredential & { client_secret: string }>
    /** @param clientId absent: all of them */
    remove(identifier: string, clientId?: string): Promise<void>
  }
}

/** Without its secret; the schema of the answer names the rest. */
export interface Provider {
  id: string
}

interface VersionedProvider {
  provider: Provider
  version: string
}

export interface ProviderService {
  list(): Promise<Provider[]>
  get(id: string): Promise<Provider>
  add(input: Readonly<Record<string, unknown>>): Promise<Provider>
  getVersioned(id: string): Promise<VersionedProvider>
  /** @throws AppError version_conflict (409) when `ifVersion` is not the version */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given: { ifVersion?: string },
  ): Promise<VersionedProvider>
  disable(id: string): Promise<void>
  enable(id: string): Promise<void>
  /** @throws AppError version_conflict (409) when `ifVersion` is not the version */
  remove(id: string, given: { ifVersion?: string }): Promise<void>
  test(id: string): Promise<{ name: string; status: string; message: string; remedy?: string | undefined }[]>
}

/** Without its private half. Times are milliseconds since the epoch. */
export interface SigningKey {
  kid: string
  alg: string
  state: string
  createdAt: number
  activeFrom: number
  retiredAt: number | null
  acceptedUntil: number | null
}

export interface KeyService {
  list(): Promise<SigningKey[]>
  rotate(options: { alg?: SigningAlgorithm; now?: boolean }): Promise<SigningKey[]>
  retire(kid: string): Promise<SigningKey[]>
}

type AuditFilters = Partial<
  Record<'action' | 'actor' | 'target' | 'address' | 'from' | 'to' | 'text', string | undefined>
>

export interface AuditService {
  list(filters: AuditFilters, page: PageRequest): Promise<Page<object>>
  find(seq: number): Promise<object | undefined>
  /** Goes through the whole chain. @param options.head an end of it from earlier. @throws AppError about a head that is none */
  verify(options: { head?: string | undefined }): Promise<{
    ok: boolean
    entries: number
    first: number
    head: string
    problems: { seq: number; kind: string; message: string }[]
  }>
  /** Also records that it was exported. */
  export(format: 'jsonl' | 'csv', filters: AuditFilters): Promise<AsyncIterable<string>>
}

/** A request that the protocol refused. `at` in milliseconds since the epoch. */
export interface Rejection {
  id: string
  at: number
  endpoint: string
  clientId: string | null
  error: string
  description: string | null
  facts: object
}

export interface RejectionService {
  list(
    query: PageRequest & {
      clientId?: string | undefined
      error?: string | undefined
      endpoint?: string | undefined
    },
  ): Promise<Page<Rejection>>
  show(id: string): Promise<{
    rejection: Rejection
    explanation: { rule: string; title: string; mistake: string; inApp: string; here?: string | undefined }
  }>
}

/** An initial access token without the token. Times are seconds since the epoch. */
export interface RegistrationToken {
  id: string
  name: string
  state: string
  uses_left: number | null
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  policy: {
    scope: readonly string[]
    redirect_hosts: readonly string[]
    client_credentials: boolean
    verified: boolean
  }
}

/** src/registration/tokens.ts. Errors about fields carry `errors`. */
export interface RegistrationTokenService {
  list(): Promise<RegistrationToken[]>
  create(input: Readonly<Record<string, unknown>>): Promise<RegistrationToken & { token: string }>
  revoke(id: string): Promise<void>
}

export interface RestDependencies {
  issuer: string
  clock: Clock
  limit: Limit
  /** Undefined: no such token, or none that counts here. */
  accept(accessToken: string): Promise<AdminToken | undefined>
  /** The account, if it and its sign-ins of a generation still count. */
  findLive(
    accountId: string,
    generation: number,
  ): Promise<{ id: string; displayUsername: string; role: string } | undefined>
  answers: KeptAnswers
  clients: ClientService
  accounts: AccountService
  belongings: AccountBelongings
  resources: ResourceService
  providers: ProviderService
  keys: KeyService
  registrationTokens: RegistrationTokenService
  audit: AuditService
  rejections: RejectionService
  configuration: ConfigurationService
  figures: FiguresDependencies
}

/** Where answers to be given again are kept; src/storage/artifacts. Its ids are stored hashed. */
export interface KeptAnswers {
  /** False: there is one with this id. @param ttl seconds */
  claim(id: string, kept: Kept, ttl: number): Promise<boolean>
  find(id: string): Promise<Kept | undefined>
  replace(id: string, kept: Kept, ttl: number): Promise<void>
  drop(id: string): Promise<void>
  seal(text: string, id: string): string
  open(sealed: string, id: string): string
}

/** `answer` is sealed: it may hold a secret that is shown once. Absent: still being worked on. */
export interface Kept {
  request: string
  answer?: string
}
