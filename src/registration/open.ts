import type { PrivateHosts } from '../http/outgoing/private-hosts.ts'
import type { Clock } from '../shared/clock.ts'
import { isLoopbackHost } from '../shared/loopback.ts'
import type { Database } from '../storage/database.ts'
import type { DefaultsAmong } from './default-scopes.ts'
import type { DocumentRules } from './documents/document.ts'
import { createDocuments, type Documents } from './documents/documents.ts'
import { createDocumentFetcher } from './documents/fetch.ts'
import type { PolicyContext, RegistrationFields } from './policy.ts'
import {
  createRegistration,
  openPolicy,
  type Registration,
  type RegistrationDependencies,
} from './registration.ts'
import { REGISTRATION_PATH } from './routes.ts'
import { createTokenStore } from './store.ts'
import { createInitialAccessTokens, type RegistrationEvent } from './tokens.ts'

export interface OpenRegistration {
  registration: Registration
  documents: Documents
}

/** Registration and client metadata documents, from the settings and what they stand on. */
export function openRegistration(deps: {
  issuer: string
  /** Each is read when it is needed. */
  settings: {
    readonly dynamicRegistration: RegistrationDependencies['mode']
    readonly clientMetadataDocuments: 'off' | 'on'
    readonly unverifiedClientScopes: readonly string[]
    readonly redirects: { readonly hosts: readonly string[]; readonly schemes: readonly string[] }
  }
  fields: RegistrationFields
  identityScopes: readonly string[]
  privateHosts: PrivateHosts
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  events(event: RegistrationEvent): void
  clients: Omit<RegistrationDependencies['clients'], 'check'>
  /** @throws an error with `errors` by field */
  parse: DocumentRules['parse']
  defaultsAmong: DefaultsAmong
  log: { warn(fields: object, message: string): void }
}): OpenRegistration {
  const { clock, defaultsAmong, events, parse, log, settings } = deps
  const around: PolicyContext = {
    fields: deps.fields,
    identityScopes: deps.identityScopes,
    get httpHosts() {
      return settings.redirects.hosts
    },
    reach: {
      allowLoopback: isLoopbackHost(new URL(deps.issuer).hostname),
      privateHosts: deps.privateHosts,
    },
  }
  return {
    registration: createRegistration({
      get mode() {
        return settings.dynamicRegistration
      },
      endpoint: `${deps.issuer}${REGISTRATION_PATH}`,
      tokens: createInitialAccessTokens({ store: createTokenStore(deps.db), clock, events }),
      get openScopes() {
        return settings.unverifiedClientScopes
      },
      around,
      defaultsAmong,
      clients: { ...deps.clients, check: (input) => void parse(input) },
    }),
    documents: createDocuments({
      get enabled() {
        return settings.clientMetadataDocuments === 'on'
      },
      get rulesVersion() {
        return JSON.stringify([settings.unverifiedClientScopes, settings.redirects])
      },
      clock,
      log,
      around,
      defaultsAmong,
      parse,
      get policy() {
        return openPolicy(settings.unverifiedClientScopes)
      },
      fetch: createDocumentFetcher(around.reach),
    }),
  }
}
