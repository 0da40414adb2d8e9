import type { Clock } from '../clock.ts'
import { isLoopbackHost } from '../http/outgoing/addresses.ts'
import type { PrivateHosts } from '../http/outgoing/private-hosts.ts'
import type { Database } from '../storage/database.ts'
import type { DefaultsAmong } from './default-scopes.ts'
import type { DocumentRules } from './documents/document.ts'
import { createDocuments, type Documents } from './documents/documents.ts'
import { createDocumentFetcher } from './documents/fetch.ts'
import type { Surroundings } from './policy.ts'
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
  /** Undefined: documents are switched off. */
  documents: Documents | undefined
}

/** Registration and client metadata documents, from the settings and what they stand on. */
export function openRegistration(deps: {
  issuer: string
  mode: RegistrationDependencies['mode']
  documents: boolean
  unverifiedScopes: readonly string[]
  identityScopes: readonly string[]
  httpHosts: readonly string[]
  privateHosts: PrivateHosts
  db: Pick<Database, 'prisma'>
  clock: Clock
  events(event: RegistrationEvent): void
  clients: Omit<RegistrationDependencies['clients'], 'check'>
  /** @throws an error with `errors` by field */
  parse: DocumentRules['parse']
  defaultsAmong: DefaultsAmong
  log: { warn(fields: object, message: string): void }
}): OpenRegistration {
  const { clock, defaultsAmong, events, parse, log } = deps
  const around: Surroundings = {
    identityScopes: deps.identityScopes,
    httpHosts: deps.httpHosts,
    reach: {
      allowLoopback: isLoopbackHost(new URL(deps.issuer).hostname),
      privateHosts: deps.privateHosts,
    },
  }
  return {
    registration: createRegistration({
      mode: deps.mode,
      endpoint: `${deps.issuer}${REGISTRATION_PATH}`,
      tokens: createInitialAccessTokens({ store: createTokenStore(deps.db), clock, events }),
      openScopes: deps.unverifiedScopes,
      around,
      defaultsAmong,
      clients: { ...deps.clients, check: (input) => void parse(input) },
    }),
    documents: deps.documents
      ? createDocuments({
          clock,
          log,
          around,
          defaultsAmong,
          parse,
          policy: openPolicy(deps.unverifiedScopes),
          fetch: createDocumentFetcher(around.reach),
        })
      : undefined,
  }
}
