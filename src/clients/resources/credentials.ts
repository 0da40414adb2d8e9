import { randomBytes } from 'node:crypto'
import { isApiCredential } from '../../shared/api-credential-id.ts'
import { type Clock, toSeconds } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { Database } from '../../storage/database.ts'
import { rememberRecent } from '../for-protocol/recent.ts'
import { createSecretUse } from '../secret-use.ts'
import { hashSecret, matchingHash, newClientSecret } from '../secrets.ts'
import { type CredentialRow, createResourceCredentialStore } from './credential-store.ts'

/** A credential of an API, without its secret. Times are seconds since the epoch. */
export interface ResourceCredential {
  client_id: string
  created_at: number
  /** To the hour; absent: never. */
  last_used_at?: number
}

/** What introspection needs of one. */
export interface CredentialForProtocol {
  /** The API that it is of: its resource indicator. */
  resource: string
  name: string
  secretHash: string
}

export interface ResourceCredentialEvent {
  type: 'resource.credential_added' | 'resource.credential_removed'
  identifier: string
  /** Of the credential; absent: of all that the API had. */
  credential?: string
}

/** Enough to change over from one to the next without downtime. */
const MAX_CREDENTIALS = 2
/**
 * What an API authenticates with when it asks whether a token is good (RFC 7662 §2.1). It is no client: it gets no tokens, starts no
 * flow, and revokes nothing.
 */
export interface ResourceCredentials {
  /** Newest first. @throws AppError resource_not_found (404) */
  list(identifier: string): Promise<ResourceCredential[]>
  /**
   * Makes one. Its secret is shown once; a hash of it is stored.
   * @throws AppError resource_not_found (404) · too_many_credentials (409): there are two
   */
  add(identifier: string): Promise<ResourceCredential & { client_secret: string }>
  /**
   * Ends one at once, or all of an API.
   * @throws AppError resource_not_found (404) · credential_not_found (404)
   */
  remove(identifier: string, clientId?: string): Promise<void>
  /** For an API that this process removed, once that is stored: its credentials went with it. */
  apiRemoved(): void
  /** The API that a credential is of. */
  resourceOf(clientId: string): Promise<string | undefined>
  /** What another process changed is seen within a second. */
  findForProtocol(clientId: string): Promise<CredentialForProtocol | undefined>
  /** Whether its secret is the one that was presented; its use is noted. */
  secretMatches(clientId: string, hashes: readonly string[], presented: string): boolean
  /** Resolves when what goes on in the background is done. */
  idle(): Promise<void>
}

export function createResourceCredentials(deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  resources: { findForProtocol(identifier: string): Promise<unknown> }
  /** Told of every change after it is stored. */
  events(event: ResourceCredentialEvent): void
  failed(error: unknown): void
}): ResourceCredentials {
  const { clock, events } = deps
  const store = createResourceCredentialStore(deps.db)
  const use = createSecretUse({ store, clock, failed: deps.failed })
  const recent = rememberRecent(async (id) => {
    const found = await store.find(id)
    return found && { resource: found.resource, name: found.name, secretHash: found.hash }
  }, clock)

  async function existing(identifier: string): Promise<void> {
    if ((await deps.resources.findForProtocol(identifier)) === undefined) throw resourceNotFound()
  }

  return {
    async list(identifier) {
      await existing(identifier)
      return (await store.list(identifier)).map(credentialView)
    },
    async add(identifier) {
      await existing(identifier)
      const secret = newClientSecret()
      const row = { id: `api_${randomBytes(16).toString('hex')}`, createdAt: new Date(clock()) }
      const added = await store.insert(
        { ...row, resourceId: identifier, hash: hashSecret(secret) },
        MAX_CREDENTIALS,
      )
      if (added === undefined) throw resourceNotFound()
      if (!added) throw new AppError('too_many_credentials', 409, message('admin.resources.error.too_many'))
      events({ type: 'resource.credential_added', identifier, credential: row.id })
      return { ...credentialView({ ...row, lastUsedAt: null }), client_secret: secret }
    },
    async remove(identifier, clientId) {
      await existing(identifier)
      const before = await store.list(identifier)
      // Of another form it is none, and PostgreSQL refuses NUL.
      const one = clientId === undefined || isApiCredential(clientId)
      const removed = one ? await store.remove(identifier, clientId) : 0
      for (const { id } of before) if (clientId === undefined || clientId === id) recent.forget(id)
      if (removed === 0)
        throw new AppError('credential_not_found', 404, message('admin.resources.error.no_credential'))
      events({
        type: 'resource.credential_removed',
        identifier,
        ...(clientId !== undefined && { credential: clientId }),
      })
    },
    apiRemoved: recent.forgetAll,
    resourceOf: async (clientId) => (isApiCredential(clientId) ? store.resourceOf(clientId) : undefined),
    findForProtocol: async (clientId) => (isApiCredential(clientId) ? recent.find(clientId) : undefined),
    secretMatches(clientId, hashes, presented) {
      const hash = matchingHash(hashes, presented)
      if (hash !== undefined) use.note(clientId, hash)
      return hash !== undefined
    },
    idle: () => use.idle(),
  }
}

const resourceNotFound = (): AppError =>
  new AppError('resource_not_found', 404, message('admin.resources.error.not_found'))

const credentialView = ({ id, createdAt, lastUsedAt }: CredentialRow): ResourceCredential => ({
  client_id: id,
  created_at: toSeconds(createdAt),
  ...(lastUsedAt && { last_used_at: toSeconds(lastUsedAt) }),
})
