import type { Services } from '../services.ts'

/** The services of the server that commands call, as they are. */
type Shared =
  | 'access'
  | 'accounts'
  | 'administratorRoles'
  | 'attributes'
  | 'audit'
  | 'branding'
  | 'breaches'
  | 'clients'
  | 'clientScopes'
  | 'configuration'
  | 'customClaims'
  | 'factors'
  | 'hooks'
  | 'impersonations'
  | 'keptTokens'
  | 'keys'
  | 'lostTokens'
  | 'organizations'
  | 'providers'
  | 'registration'
  | 'rejections'
  | 'reservedScopes'
  | 'resourceCredentials'
  | 'resources'
  | 'scimTokens'
  | 'settings'
  | 'testMail'
  | 'texts'
  | 'unreachableAddresses'
  | 'webhooks'

/** What the command line needs of the program: a part of what the server runs on, opened without HTTP. */
export interface CliServices extends Pick<Services, Shared> {
  config: {
    issuer: string
    /** Which database this is, for people. */
    database: string
    /** The file in DATA_DIR that holds the secret of the installation; undefined: it is not there that it comes from. */
    secretKeyFile: string | undefined
    /** SECRET_KEY_FILE, when that holds it. */
    namedSecretKeyFile?: string | undefined
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
