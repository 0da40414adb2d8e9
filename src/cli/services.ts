import type { Accounts } from '../accounts/accounts.ts'
import type { Audit } from '../audit/audit.ts'
import type { Clients } from '../clients/clients.ts'
import type { UnreachableAddress } from '../clients/redirect-uris/unreachable.ts'
import type { ResourceCredentials } from '../clients/resources/credentials.ts'
import type { Resources } from '../clients/resources/resources.ts'
import type { ClientScopes } from '../clients/scopes/registered.ts'
import type { ReservedScopes } from '../clients/scopes/reserved.ts'
import type { ConfigurationService } from '../configuration/configuration.ts'
import type { Providers } from '../federation/providers/providers.ts'
import type { Registration } from '../registration/registration.ts'
import type { Rejections } from '../rejections/rejections.ts'
import type { Settings } from '../settings/settings.ts'
import type { SigningAlgorithm } from '../shared/signing-algorithms.ts'

interface CliKey {
  kid: string
  alg: string
  /** pending, signing, published or retired */
  state: string
  /** Milliseconds since the epoch. */
  createdAt: number
  activeFrom: number
  retiredAt: number | null
  acceptedUntil: number | null
}

/** What the command line needs of the program: a part of what the server runs on, opened without HTTP. */
export interface CliServices {
  config: {
    issuer: string
    /** Which database this is, for people. */
    database: string
    /** The file that holds the secret of the installation; undefined: it comes from the environment. */
    secretKeyFile: string | undefined
  }
  audit: Pick<Audit, 'list' | 'export' | 'verify' | 'reanchor' | 'endsFit'>
  clients: Clients
  clientScopes: Pick<ClientScopes, 'warningsOf'>
  configuration: Omit<ConfigurationService, 'yamlOf'>
  resources: Resources
  resourceCredentials: Pick<ResourceCredentials, 'list' | 'add' | 'remove' | 'resourceOf'>
  reservedScopes(): Promise<ReservedScopes>
  unreachableAddresses(): Promise<UnreachableAddress[]>
  providers: Providers
  rejections: Pick<Rejections, 'list' | 'show'>
  registration: Pick<Registration, 'mode' | 'tokens'>
  settings: Pick<Settings, 'list' | 'change'>
  /** The tokens that a provider was set to keep for an account. */
  keptTokens(accountId: string, provider: string): Promise<Record<string, unknown> | undefined>
  /** Of some that are kept, how many cannot be read with this SECRET_KEY. */
  lostTokens(): Promise<number>
  accounts: Pick<
    Accounts,
    | 'createByAdmin'
    | 'find'
    | 'list'
    | 'search'
    | 'updateByAdmin'
    | 'setRole'
    | 'disable'
    | 'enable'
    | 'unlock'
    | 'letIn'
    | 'endSessions'
    | 'sendReset'
    | 'sendInvitation'
    | 'withdrawInvitation'
    | 'delete'
    | 'importUsers'
  >
  keys: {
    list(): Promise<CliKey[]>
    rotate(options: { alg?: SigningAlgorithm; now?: boolean }): Promise<CliKey[]>
    /** Withdraws a key that no longer signs. */
    retire(kid: string): Promise<CliKey[]>
    /** Opens every key. Rejects when they were sealed under another secret. */
    load(): Promise<unknown>
  }
  migrations: {
    /** What opening the database has applied, in order. */
    applied: readonly string[]
    /** Every migration of the program and whether the database has it. */
    status(): Promise<{ name: string; applied: boolean }[]>
  }
  database: { ping(): Promise<void> }
  /** Where several processes count rate limits, when that is not the database. */
  redis: { ping(): Promise<void> } | undefined
  mail: {
    /** Where messages go, in words: “smtp://mail.example” or a folder. */
    destination: string
    /** Whether that is a real mail server. */
    smtp: boolean
    /** Rejects when a message could not be handed over now. */
    check(): Promise<void>
  }
  close(): Promise<void>
}
