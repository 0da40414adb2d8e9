/**
 * The registered OAuth clients: who they are, how they authenticate, when they are cut off. It does not know the
 * protocol library (src/oidc asks `findForProtocol`), HTTP or the command line.
 *
 *   create ──▶ enabled ◀──enable── disabled     rotateSecret: a new secret; the one before works a while longer
 *                 └──────disable──────▶┘        delete: from either state; ends everything that was issued
 */
import type { Clock } from '../shared/clock.ts'
import { contentVersion } from '../shared/content-version.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import type { PkceRule } from '../shared/pkce-rule.ts'
import type { Database } from '../storage/database.ts'
import {
  addTemporarySecret,
  mergeRegistration,
  registrationData,
  removeSecret,
  rotateSecret,
  storeEdit,
  usesSecret,
} from './edits.ts'
import { createPkceRatchet } from './evidence/pkce-ratchet.ts'
import type { ClientMetadata } from './fields/table.ts'
import { parseRegistration, type RegistrationInput, type RegistrationRules, USUAL_RULES } from './metadata.ts'
import { type Page, type PageRequest, parsePageRequest, toPage } from './page.ts'
import { rememberRecent } from './recent.ts'
import { createSecretUse } from './secret-use.ts'
import { hashSecret, matchingHash, newClientId, newClientSecret } from './secrets.ts'
import {
  type ClientOrigin,
  type ClientRow,
  createClientStore,
  type EnabledClient,
  type LockedClient,
} from './store.ts'
import {
  type ClientView,
  clientRecord,
  clientView,
  hasIdentityClaims,
  type IssuedSecret,
  storedMetadata,
  storedPkce,
  versionOf,
  withSecret,
} from './view.ts'

/** How long a replaced secret stays valid unless told otherwise, in seconds: time to redeploy. */
export const DEFAULT_OVERLAP = 86_400

/** How long the secret of a try-out is valid at most, in seconds. */
const TRY_SECONDS = 60

export interface ClientEvent {
  type: `client.${'created' | 'updated' | 'disabled' | 'enabled' | 'deleted' | 'secret_rotated' | 'secret_removed' | 'tried' | 'pkce_raised' | 'pkce_lowered' | 'verified' | 'unverified'}`
  client_id: string
  client_name?: string
  /** What was changed, as it was and as it is: all of it, or what matters. Never a secret. */
  before?: Readonly<Record<string, unknown>>
  after?: Readonly<Record<string, unknown>>
  /** How much longer the secret before stays valid. */
  overlap_seconds?: number
}

export interface ClientsDependencies {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** Told of every change after it is stored. Never gets a secret. */
  events(event: ClientEvent): void
  /** What ends the codes, tokens and grants of a client. */
  artifacts: { revokeByClient(clientId: string): Promise<void> }
  /** What the operator has decided for registrations. */
  rules?: RegistrationRules
  /** Told when something in the background did not work. */
  failed?(error: unknown): void
}

/** The version that an edit was made from; refused when it is not the client's any more. */
export interface IfVersion {
  ifVersion?: string | undefined
}

/** What the protocol needs of an enabled client. */
export interface ClientForProtocol {
  /** Another one after every change of what is here. */
  version: string
  metadata: ClientMetadata & { client_id: string }
  /** SHA-256, base64url, of the secrets that are valid now: none, one, or two while one replaces the other. */
  secretHashes: string[]
  pkce: PkceRule
  firstParty: boolean
  /** False: people are told, and asked every time. */
  verified: boolean
}

const BY_ADMINISTRATOR: ClientOrigin = { source: 'administrator', verified: true }

export type Clients = ReturnType<typeof createClients>

export function createClients(deps: ClientsDependencies) {
  const { db, clock, artifacts, rules = USUAL_RULES, failed = () => {} } = deps
  const store = createClientStore(db)
  const recent = rememberRecent(
    async (id) => {
      const found = await store.findEnabled(id, clock())
      return found && { client: forProtocol(id, found), end: found.nextExpiry }
    },
    clock,
    ({ end }) => end,
  )
  const events = (event: ClientEvent): void => {
    recent.forget(event.client_id)
    deps.events(event)
  }
  const use = createSecretUse({ store, clock, failed })
  const ratchet = createPkceRatchet({ store, clock, events, failed })

  const edit = async <Result>(
    id: string,
    change: (client: LockedClient) => Promise<Result>,
    { ifVersion }: IfVersion = {},
  ): Promise<Result> => {
    const guarded = (client: LockedClient) => {
      if (ifVersion !== undefined && ifVersion !== versionOf(client.row)) throw new VersionConflict('client')
      return change(client)
    }
    const result = printable(id) ? await store.edit(id, new Date(clock()), guarded) : undefined
    if (result === undefined) throw notFound()
    return result
  }

  const get = async (id: string): Promise<ClientView> => {
    const row = printable(id) ? await store.find(id) : null
    if (row === null) throw notFound()
    return clientView(row, clock())
  }

  /** @returns the client as it was */
  const setDisabled = (id: string, disabledAt: Date | null, given?: IfVersion): Promise<ClientView> =>
    edit(
      id,
      async (client) => {
        await client.write({ disabledAt })
        return clientView(client.row, clock())
      },
      given,
    )

  return {
    /**
     * Registers a client under an id of the server's choice (RFC 9700 §4.15).
     * @returns its metadata and, unless it authenticates without one, its secret: the only time it is shown
     * @throws ValidationError (invalid_client_metadata) with every problem at once
     */
    async create(
      input: RegistrationInput,
      origin: ClientOrigin = BY_ADMINISTRATOR,
    ): Promise<ClientView & IssuedSecret> {
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

    /** @throws AppError client_not_found (404) */
    get,

    /** Newest first; `search` looks in names, ids and redirect URIs. @throws AppError invalid_page (400) */
    async list(request: PageRequest = {}): Promise<Page<ClientView>> {
      const { limit, after, search } = parsePageRequest(request)
      return toPage(await store.list(limit + 1, after, search), limit, (row) => clientView(row, clock()))
    },

    /** The clients that may ask for a scope, the oldest first, a hundred at most. */
    async listByScope(scope: string): Promise<ClientView[]> {
      const views = (await store.findMentioning(scope)).map((row) => clientView(row, clock()))
      return views.filter((view) => view.scope?.split(' ').includes(scope))
    },

    /**
     * Changes the given fields; null unsets one. Takes effect with the next request, on every process.
     * @returns the client, with a new secret if it has just begun to need one
     * @throws AppError client_not_found (404) · version_conflict (409) · ValidationError (invalid_client_metadata)
     */
    async update(
      id: string,
      changes: RegistrationInput,
      given: IfVersion = {},
    ): Promise<ClientView & IssuedSecret> {
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

    /** Cuts a client off: it is unknown to the protocol, and what it was issued ends. @throws AppError client_not_found */
    async disable(id: string): Promise<void> {
      const { client_name, disabled } = await setDisabled(id, new Date(clock()))
      await artifacts.revokeByClient(id)
      const change = { before: { disabled }, after: { disabled: true } }
      events({ type: 'client.disabled', client_id: id, client_name, ...change })
    },

    /** Lets a disabled client in again; its people sign in anew. @throws AppError client_not_found (404) */
    async enable(id: string): Promise<void> {
      await get(id)
      // What another process issued in the second in which it still remembered the client (recent.ts).
      await artifacts.revokeByClient(id)
      const { client_name, disabled } = await setDisabled(id, null)
      const change = { before: { disabled }, after: { disabled: false } }
      events({ type: 'client.enabled', client_id: id, client_name, ...change })
    },

    /**
     * Says whether somebody who runs this server has looked at a client that registered itself. Its developer may change
     * it at any time: `ifVersion` is what was looked at.
     * @throws AppError client_not_found (404) · version_conflict (409)
     */
    async setVerified(id: string, verified: boolean, given: IfVersion = {}): Promise<void> {
      const change = async (client: LockedClient) => {
        await client.write({ verified })
        return true
      }
      await edit(id, change, given)
      events({ type: verified ? 'client.verified' : 'client.unverified', client_id: id })
    },

    /**
     * Removes a client with all that it was issued. Disabled first: if ending its tokens fails, it stays cut off and
     * the call can be repeated.
     * @throws AppError client_not_found (404) · version_conflict (409)
     */
    async delete(id: string, given: IfVersion = {}): Promise<void> {
      const view = await setDisabled(id, new Date(clock()), given)
      await artifacts.revokeByClient(id)
      await store.remove(id)
      const { client_name } = view
      events({ type: 'client.deleted', client_id: id, client_name, before: clientRecord(view) })
    },

    /**
     * Issues a new secret; the newest of those before stays valid for `keepOldSeconds` (0 to 7,776,000), so that
     * a deployment can change over without downtime. Never more than two are valid.
     * @throws AppError client_not_found (404) · client_has_no_secret (409) · invalid_overlap (422)
     */
    async rotateSecret(id: string, options: { keepOldSeconds?: number } = {}) {
      const { keepOldSeconds = DEFAULT_OVERLAP } = options
      const { secret, previousExpiresAt } = await edit(id, (client) =>
        rotateSecret(client, keepOldSeconds, clock()),
      )
      events({ type: 'client.secret_rotated', client_id: id, overlap_seconds: keepOldSeconds })
      return {
        client_id: id,
        client_secret: secret,
        client_secret_expires_at: 0,
        /** Seconds since the epoch; 0: the old secret is no longer valid. */
        previous_secret_expires_at: previousExpiresAt ? Math.floor(previousExpiresAt.getTime() / 1000) : 0,
      }
    },

    /**
     * Ends one secret at once, for instance the old one after everybody has changed over.
     * @throws AppError client_not_found (404) · secret_not_found (404) · last_secret (409)
     */
    async removeSecret(id: string, secretId: string): Promise<void> {
      await edit(id, async (client) => {
        await removeSecret(client, secretId, clock())
        return true
      })
      events({ type: 'client.secret_removed', client_id: id })
    },

    /**
     * Lends a secret to a try-out: it is removed when `work` is done, and ends after a minute by itself. Undefined is lent
     * for a client that has no secrets.
     * @throws AppError client_not_found (404)
     */
    async lendSecret<Result>(
      id: string,
      work: (secret: string | undefined) => Promise<Result>,
    ): Promise<Result> {
      const { lent } = await edit(id, async (client) => ({
        lent: await addTemporarySecret(client, TRY_SECONDS, clock()),
      }))
      events({ type: 'client.tried', client_id: id })
      try {
        return await ratchet.leaveOut(id, () => work(lent?.secret))
      } finally {
        if (lent) await store.removeSecret(lent.id)
        recent.forget(id)
      }
    },

    /** Whether one of a client's valid hashes is of the secret that was presented; its use is noted. */
    secretMatches(clientId: string, hashes: readonly string[], presented: string): boolean {
      const hash = matchingHash(hashes, presented)
      if (hash !== undefined) use.note(clientId, hash)
      return hash !== undefined
    },

    /** Resolves when what goes on in the background is done. */
    async idle() {
      await Promise.all([use.idle(), ratchet.idle()])
    },

    /** Whether a client that may do without has used PKCE: who always does has to, from some time on. */
    notePkce: ratchet.note,

    /**
     * The read of every protocol request, remembered for a second (recent.ts). Undefined: unknown or disabled.
     * A change that this process makes counts at once, one of another process within a second.
     */
    findForProtocol: async (clientId: string): Promise<ClientForProtocol | undefined> =>
      printable(clientId) ? (await recent.find(clientId))?.client : undefined,
  }
}

function forProtocol(clientId: string, found: EnabledClient): ClientForProtocol {
  const metadata = storedMetadata(found)
  const id_token_identity_claims = hasIdentityClaims(metadata, found.source)
  return {
    version: contentVersion(found),
    metadata: { client_id: clientId, ...metadata, id_token_identity_claims },
    secretHashes: found.secretHashes,
    pkce: storedPkce(found),
    firstParty: found.firstParty,
    verified: found.verified,
  }
}

/**
 * A client that registers itself has to use PKCE unless an administrator says another rule: whether it checks the nonce that it
 * sends, nobody here has looked at, and what is written today can do PKCE. Unsetting the rule says none.
 */
const rulesFor = ({ source }: { source: string }, rules: RegistrationRules): RegistrationRules =>
  source === 'dynamic' || source === 'open' ? { ...rules, pkceDefault: 'required' } : rules

/** RFC 6749 appendix A.1: client-id = *VSCHAR. What is not one is not worth a query, and PostgreSQL rejects NUL. */
const printable = (id: string): boolean => /^[\x20-\x7e]{1,100}$/.test(id)

const notFound = (): AppError => new AppError('client_not_found', 404, 'There is no client with this id.')
