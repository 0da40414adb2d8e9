/**
 * The registered OAuth clients: who they are, how they authenticate, when they are cut off. It does not know the
 * protocol library (src/oidc asks `findForProtocol`), HTTP or the command line.
 *
 *   create ──▶ enabled ◀──enable── disabled     rotateSecret: a new secret; the one before works a while longer
 *                 └──────disable──────▶┘        delete: from either state; ends everything that was issued
 */
import type { Clock } from '../shared/clock.ts'
import { type Page, parsePageRequest, toPage } from '../shared/paging.ts'
import type { Database } from '../storage/database.ts'
import {
  clientNotFound,
  createEditClient,
  type IfVersion,
  isClientId,
  launchUri,
  mergeRegistration,
  registrationData,
  storeEdit,
  usesSecret,
} from './edits.ts'
import type { ClientEvent } from './events.ts'
import { createPkceRatchet } from './evidence/pkce-ratchet.ts'
import type { ClientMetadata } from './fields/table.ts'
import { type ClientForProtocol, createProtocolReads } from './for-protocol/for-protocol.ts'
import { parseRegistration, type RegistrationInput, type RegistrationRules, USUAL_RULES } from './metadata.ts'
import { positionOf, type SearchRequest, searchText } from './page.ts'
import { createRevocations } from './revocation/revocation.ts'
import { createRevocationStore } from './revocation/store.ts'
import { createSecretCommands } from './secret-commands.ts'
import { hashSecret, newClientId, newClientSecret } from './secrets.ts'
import { createStateCommands } from './state-commands.ts'
import { type ClientOrigin, type ClientRow, createClientStore, type LockedClient } from './store.ts'
import { type ClientView, clientRecord, clientView, type IssuedSecret, withSecret } from './view.ts'

export interface ClientsDependencies {
  db: Pick<Database, 'prisma' | 'reads' | 'writes'>
  clock: Clock
  /** Told of every change after it is stored. Never gets a secret. */
  events(event: ClientEvent): void
  /** What ends the codes, tokens and grants of a client. */
  artifacts: { revokeByClient(clientId: string, limit: number): Promise<number> }
  /** What the operator has decided for registrations. */
  rules?: RegistrationRules
  /** Told when something in the background did not work. */
  failed?(error: unknown): void
}

/** Clients that are looked at for the groups and roles that they name. */
const MAX_RESTRICTED = 1000

/** Apps of one list, at most. */
const MAX_LAUNCHABLE = 1000

/** A client that says where people begin to use it. */
export interface LaunchableClient {
  id: string
  name: string
  logoUri: string | undefined
  uri: string
  /** Whether the address begins a sign-in (`initiate_login_uri`). */
  beginsSignIn: boolean
  /** For whom it is. */
  access: unknown
}

/** A client that is not for everyone. */
export interface ClientAccess {
  id: string
  name: string
  groups: readonly string[]
  roles: readonly string[]
}

/** Each change takes effect with the next request of this process, and within a second in every other (for-protocol/recent.ts). */
export interface Clients {
  /**
   * Registers a client under an id of the server's choice (RFC 9700 §4.15).
   * @returns its metadata and, unless it authenticates without one, its secret: the only time it is shown
   * @throws ValidationError (invalid_client_metadata) with every problem at once
   */
  create(input: RegistrationInput, origin?: ClientOrigin): Promise<ClientView & IssuedSecret>
  /** Apps that say where people begin to use them, by name, for whomever they are; enabled and verified ones. One statement. */
  launchable(): Promise<LaunchableClient[]>
  /** @throws AppError client_not_found (404) */
  get(id: string): Promise<ClientView>
  /** Newest first; `search` looks in names, ids and redirect URIs. @throws AppError invalid_page (400) */
  list(request?: SearchRequest): Promise<Page<ClientView>>
  /**
   * Secrets that end within days and were used in the last seven, those that end first.
   * @param now milliseconds since the epoch, as the times that come back
   */
  endingSecrets(
    now: number,
    days: number,
    limit: number,
  ): Promise<{ clientId: string; name: string; endsAt: number }[]>
  /** The clients that may ask for a scope, the oldest first, a hundred at most. */
  listByScope(scope: string): Promise<ClientView[]>
  /** Those that are not for everyone, a thousand at most: which groups and roles they name. */
  restricted(): Promise<ClientAccess[]>
  /**
   * Changes the given fields; null unsets one.
   * @returns the client, with a new secret if it has just begun to need one
   * @throws AppError client_not_found (404) · version_conflict (409) · ValidationError (invalid_client_metadata)
   */
  update(id: string, changes: RegistrationInput, given?: IfVersion): Promise<ClientView & IssuedSecret>
  /**
   * Cuts a client off: it is unknown to the protocol, and nothing that it was issued works. Of a large client that is deleted by the job.
   * @throws AppError client_not_found (404)
   */
  disable(id: string): Promise<void>
  /**
   * Lets a disabled client in again; its people sign in anew.
   * @throws AppError client_not_found (404) · client_still_revoking (409): not all that it was issued is deleted yet
   */
  enable(id: string): Promise<void>
  /**
   * Says whether an administrator has looked at a client that registered itself. Its developer may change it at any time:
   * `ifVersion` is what was looked at.
   * @throws AppError client_not_found (404) · version_conflict (409)
   */
  setVerified(id: string, verified: boolean, given?: IfVersion): Promise<void>
  /** Removes a client with all that it was issued, at once or, of a large one, by the job. @throws AppError client_not_found (404) · version_conflict (409) */
  delete(id: string, given?: IfVersion): Promise<void>
  /**
   * Issues a new secret; the newest of those before stays valid for `keepOldSeconds` (0 to 7,776,000; 86,400 unless given), so that
   * a deployment can change over without downtime. Never more than two are valid.
   * @throws AppError client_not_found (404) · client_has_no_secret (409) · invalid_overlap (422)
   */
  rotateSecret(id: string, options?: { keepOldSeconds?: number }): Promise<RotatedSecret>
  /**
   * Ends one secret at once, for instance the old one once every deployment has changed over.
   * @throws AppError client_not_found (404) · secret_not_found (404) · last_secret (409)
   */
  removeSecret(id: string, secretId: string): Promise<void>
  /**
   * Lends a secret to a try-out: it is removed when `work` is done, and ends after a minute by itself. Undefined is lent
   * for a client that has no secrets.
   * @throws AppError client_not_found (404)
   */
  lendSecret<Result>(id: string, work: (secret: string | undefined) => Promise<Result>): Promise<Result>
  /** Whether one of a client's valid hashes is of the secret that was presented; its use is noted. */
  secretMatches(clientId: string, hashes: readonly string[], presented: string): boolean
  /** Whether a client that may do without has used PKCE: one that always does has to, from some time on. */
  notePkce(clientId: string, used: boolean): void
  /** The read of every protocol request, remembered for a second (for-protocol/recent.ts). Undefined: unknown or disabled. */
  findForProtocol(clientId: string): Promise<ClientForProtocol | undefined>
  /** Deletes a batch of what disabled and removed clients were issued. Returns how many; 0: nothing is left. */
  revokePending(): Promise<number>
  /** Resolves when what goes on in the background is done. */
  idle(): Promise<void>
}

export interface RotatedSecret {
  client_id: string
  client_secret: string
  /** 0: it does not expire. */
  client_secret_expires_at: 0
  /** Seconds since the epoch; 0: the old secret is no longer valid. */
  previous_secret_expires_at: number
}

const BY_ADMINISTRATOR: ClientOrigin = { source: 'administrator', verified: true }

const DAY = 86_400_000

export function createClients(deps: ClientsDependencies): Clients {
  const { db, clock, artifacts, rules = USUAL_RULES, failed = () => {} } = deps
  const store = createClientStore(db)
  const recent = createProtocolReads(db.reads, clock)
  const events = (event: ClientEvent): void => {
    recent.forget(event.client_id)
    deps.events(event)
  }
  const ratchet = createPkceRatchet({ store, clock, events, failed })
  const edit = createEditClient(store, clock)
  const revocations = createRevocations({ store: createRevocationStore(db), artifacts, clock })

  const get = async (id: string): Promise<ClientView> => {
    const row = isClientId(id) ? await store.find(id) : null
    if (row === null) throw clientNotFound()
    return clientView(row, clock())
  }

  const { forget } = recent
  const secrets = createSecretCommands({
    store,
    edit,
    clock,
    events,
    forget,
    uncounted: ratchet.leaveOut,
    failed,
  })
  const {
    disable,
    enable,
    setVerified,
    delete: remove,
  } = createStateCommands({ edit, clock, events, revocations, failed, get })

  return {
    async create(input, origin = BY_ADMINISTRATOR) {
      const registration = parseRegistration(input, rulesFor(origin, rules))
      const id = newClientId()
      const secret = usesSecret(registration.metadata.token_endpoint_auth_method)
        ? newClientSecret()
        : undefined
      const hash = secret === undefined ? undefined : hashSecret(secret)
      const now = clock()
      const row = await store.insert(id, registrationData(registration), new Date(now), hash, origin)
      const view = clientView(row, now)
      const { client_name } = view
      events({ type: 'client.created', client_id: id, client_name, after: clientRecord(view) })
      return withSecret(view, secret)
    },

    get,

    async launchable() {
      return (await store.launchable(MAX_LAUNCHABLE)).flatMap(({ id, metadata: stored }) => {
        const metadata = JSON.parse(stored) as ClientMetadata
        const uri = launchUri(metadata)
        if (uri === undefined) return []
        const { client_name: name, logo_uri: logoUri, initiate_login_uri: begins, access } = metadata
        return [{ id, name, logoUri, uri, beginsSignIn: begins !== undefined, access }]
      })
    },

    endingSecrets: (now, days, limit) =>
      store.endingSecrets(new Date(now), new Date(now + days * DAY), new Date(now - 7 * DAY), limit),

    async list(request = {}) {
      const { limit, after } = parsePageRequest(request)
      const rows = await store.list(limit + 1, after, searchText(request.search), request.only)
      return toPage(rows, limit, positionOf, (row) => clientView(row, clock()))
    },

    async restricted() {
      const rows = await store.findMentioning('"access":{', MAX_RESTRICTED)
      return rows
        .map((row) => clientView(row, clock()))
        .flatMap(({ client_id: id, client_name: name, access }) =>
          typeof access === 'object'
            ? [{ id, name, groups: access.groups ?? [], roles: access.roles ?? [] }]
            : [],
        )
    },

    async listByScope(scope) {
      const views = (await store.findMentioning(scope)).map((row) => clientView(row, clock()))
      return views.filter((view) => view.scope?.split(' ').includes(scope))
    },

    async update(id, changes, given) {
      const recordOf = (row: ClientRow) => clientRecord(clientView(row, clock()))
      const change = async (client: LockedClient) => {
        const registration = mergeRegistration(client, changes, rulesFor(client.row, rules))
        return {
          before: recordOf(client.row),
          after: recordOf({ ...client.row, ...registrationData(registration) }),
          client_name: registration.metadata.client_name,
          secret: await storeEdit(client, registration, clock()),
        }
      }
      const { secret, ...what } = await edit(id, change, given)
      events({ type: 'client.updated', client_id: id, ...what })
      return withSecret(await get(id), secret)
    },

    disable,
    enable,
    setVerified,
    delete: remove,
    rotateSecret: secrets.rotateSecret,
    removeSecret: secrets.removeSecret,
    lendSecret: secrets.lendSecret,
    secretMatches: secrets.secretMatches,
    notePkce: ratchet.note,

    findForProtocol: recent.find,
    revokePending: revocations.run,

    async idle() {
      await Promise.all([secrets.idle(), ratchet.idle()])
    },
  }
}

/**
 * A client that registers itself has to use PKCE unless an administrator says another rule: no administrator has looked whether it
 * checks the nonce that it sends, and what is written today can do PKCE. Unsetting the rule says none.
 */
const rulesFor = ({ source }: { source: string }, rules: RegistrationRules): RegistrationRules =>
  source === 'dynamic' || source === 'open' ? { ...rules, pkceDefault: 'required' } : rules
