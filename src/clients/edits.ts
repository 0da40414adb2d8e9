import { listedKindOf } from '../shared/client-kind.ts'
import type { Clock } from '../shared/clock.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { deriveApplicationType } from './application-type.ts'
import { withoutContradictions } from './fapi-profile.ts'
import type { FieldValue } from './fields/table.ts'
import {
  parseRegistration,
  type Registration,
  type RegistrationInput,
  type RegistrationRules,
} from './metadata.ts'
import { hashSecret, newClientSecret } from './secrets.ts'
import type { ClientStore, LockedClient } from './store.ts'
import { storedMetadata, storedPkce, versionOf } from './view.ts'

const MAX_OVERLAP = 90 * 86_400

/** The version that an edit was made from; refused when it is not the client's any more. */
export interface IfVersion {
  ifVersion?: string | undefined
}

/**
 * Changes a client while it is locked against other edits.
 * @throws AppError client_not_found (404) · version_conflict (409)
 */
export type EditClient = <Result>(
  id: string,
  change: (client: LockedClient) => Promise<Result>,
  given?: IfVersion,
) => Promise<Result>

export const createEditClient =
  (store: Pick<ClientStore, 'edit'>, clock: Clock): EditClient =>
  async (id, change, { ifVersion } = {}) => {
    const guarded = (client: LockedClient) => {
      if (ifVersion !== undefined && ifVersion !== versionOf(client.row)) throw new VersionConflict('client')
      return change(client)
    }
    const result = isClientId(id) ? await store.edit(id, new Date(clock()), guarded) : undefined
    if (result === undefined) throw clientNotFound()
    return result
  }

/** RFC 6749 appendix A.1: client-id = *VSCHAR. What is not one is not worth a query, and PostgreSQL rejects NUL. */
export const isClientId = (id: string): boolean => /^[\x20-\x7e]{1,100}$/.test(id)

export const clientNotFound = (): AppError =>
  new AppError('client_not_found', 404, 'There is no client with this ID.')

/** Whether clients of this method have a secret of ours. */
export const usesSecret = (method: FieldValue<'token_endpoint_auth_method'>): boolean =>
  method === 'client_secret_basic' || method === 'client_secret_post'

/**
 * Lays changes over what is stored (null unsets a field) and parses the whole anew, so that an edit cannot make what
 * a registration could not. An application type that was derived is derived again.
 * @throws ValidationError (invalid_client_metadata)
 */
export function mergeRegistration(
  client: LockedClient,
  changes: RegistrationInput,
  rules: RegistrationRules,
): Registration {
  const {
    application_type: applicationType,
    response_types: _derived,
    ...stored
  } = storedMetadata(client.row)
  const chosen = applicationType !== deriveApplicationType(stored)
  const before = {
    ...stored,
    ...(chosen && { application_type: applicationType }),
    pkce: storedPkce(client.row),
    first_party: client.row.firstParty,
  }
  const kept = withoutContradictions(before, changes)
  return parseRegistration({ ...kept.stored, ...kept.changes }, rules)
}

/**
 * Stores an edit. A client that now needs a secret and has none gets one, which is returned; one that no longer
 * authenticates by secret loses what it had.
 */
export async function storeEdit(
  client: LockedClient,
  registration: Registration,
  now: number,
): Promise<string | undefined> {
  await client.write({ ...registrationData(registration), ...ratchetAfter(client.row, registration) })
  const { secrets } = client.row
  if (!usesSecret(registration.metadata.token_endpoint_auth_method)) {
    await client.removeSecrets(secrets.map(({ id }) => id))
    return undefined
  }
  if (secrets.some(({ expiresAt }) => expiresAt === null)) return undefined
  return addSecret(client, now)
}

/** What the server has raised and an administrator lowers is not raised again. */
const ratchetAfter = ({ pkceRatchet }: LockedClient['row'], { pkce }: Registration) =>
  pkceRatchet === 'raised' && pkce !== 'required' ? { pkceRatchet: 'held' } : {}

/** Where people begin to use an app: what begins a sign-in there (OpenID Connect Core §4), else its home page. */
export const launchUri = (metadata: Registration['metadata']): string | undefined =>
  metadata.initiate_login_uri ?? metadata.client_uri

export const registrationData = ({ metadata, pkce, firstParty }: Registration) => ({
  name: metadata.client_name,
  metadata: JSON.stringify(metadata),
  pkce,
  firstParty,
  launchable: launchUri(metadata) !== undefined,
  kind: listedKindOf(metadata),
})

/**
 * Adds a secret. The newest of those before stays valid for `keepOldSeconds` more; older ones end now: never more
 * than two at once.
 * @throws AppError client_has_no_secret (409) · invalid_overlap (422)
 */
export async function rotateSecret(
  client: LockedClient,
  keepOldSeconds: number,
  now: number,
): Promise<{ secret: string; previousExpiresAt: Date | undefined }> {
  const method = storedMetadata(client.row).token_endpoint_auth_method
  if (!usesSecret(method)) {
    throw new AppError(
      'client_has_no_secret',
      409,
      `This client authenticates by ${method}: it has no secret.`,
    )
  }
  if (!Number.isInteger(keepOldSeconds) || keepOldSeconds < 0 || keepOldSeconds > MAX_OVERLAP) {
    throw new AppError(
      'invalid_overlap',
      422,
      `The overlap must be a whole number of seconds from 0 to ${MAX_OVERLAP}.`,
    )
  }
  const [newest, ...older] = client.row.secrets
  await client.removeSecrets(older.map(({ id }) => id))
  const previousExpiresAt = newest && (await endOf(client, newest.id, newest.expiresAt, now, keepOldSeconds))
  return { secret: await addSecret(client, now), previousExpiresAt }
}

async function endOf(
  client: LockedClient,
  id: string,
  expiresAt: Date | null,
  now: number,
  keepOldSeconds: number,
): Promise<Date | undefined> {
  const end = Math.min(now + keepOldSeconds * 1000, expiresAt?.getTime() ?? Number.POSITIVE_INFINITY)
  if (end <= now) {
    await client.removeSecrets([id])
    return undefined
  }
  await client.expireSecret(id, new Date(end))
  return new Date(end)
}

/** The newest secret is known by its time: within one millisecond, the later of two must carry the later time. */
async function addSecret(client: LockedClient, now: number): Promise<string> {
  const secret = newClientSecret()
  const newest = client.row.secrets[0]?.createdAt.getTime() ?? 0
  await client.addSecret(hashSecret(secret), new Date(Math.max(now, newest + 1)))
  return secret
}

/**
 * Ends one secret now. What was valid beside it stays so until its own end.
 * @throws AppError secret_not_found (404) · last_secret (409)
 */
export async function removeSecret(client: LockedClient, secretId: string, now: number): Promise<void> {
  const valid = client.row.secrets.filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > now)
  if (!valid.some(({ id }) => id === secretId))
    throw new AppError('secret_not_found', 404, 'This client has no such secret.')
  if (valid.length === 1) {
    throw new AppError(
      'last_secret',
      409,
      'This is the only secret. Make a new one that replaces it at once, or disable the client.',
    )
  }
  await client.removeSecrets([secretId])
}

/** A secret that ends by itself after `seconds`, beside those that are there. */
export async function addTemporarySecret(client: LockedClient, seconds: number, now: number) {
  const method = storedMetadata(client.row).token_endpoint_auth_method
  if (!usesSecret(method)) return undefined
  const secret = newClientSecret()
  // Older than every other one: what is “the newest” to a rotation is not this.
  const oldest = client.row.secrets.at(-1)?.createdAt.getTime() ?? now
  const createdAt = new Date(Math.min(now, oldest) - 1)
  const id = await client.addSecret(hashSecret(secret), createdAt, new Date(now + seconds * 1000))
  return { id, secret }
}
