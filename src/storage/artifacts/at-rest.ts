import { hashId } from '../../shared/id-hash.ts'
import { isRecord, own } from '../../shared/own.ts'
import { seal, unseal } from './sealed.ts'
import type { ArtifactPayload } from './store.ts'
import { isUserCodePayload, restoreByUserCode, restoreUserCode, sealUserCode } from './user-code.ts'

/** An artefact as its row holds it. Nothing in it gives the id away. */
export interface RestingArtifact {
  payload: string
  authorizations: string | null
  grantId: string | null
  uid: string | null
  userCode: string | null
  accountId: string | null
  clientId: string | null
}

/** A row as the reading statements return it. */
export interface ArtifactRow {
  id_hash: string
  model: string
  payload: string
  authorizations: string | null
  consumed_at: number | null
  expires_at: number | null
}

/** IDs that are secrets look like this; a short or speaking one cannot be replaced in a text without harm. */
const tokenLike = /^[\w~.-]{16,}$/

/** The fields of a payload that are secrets of another artefact, by model: sealed under the id of the one that holds them. */
const SECRETS: Readonly<Record<string, readonly string[]>> = { Interaction: ['deviceCode', 'parJti'] }
/** The field that holds the sealed ones in the database. */
const SEALED = 'secrets'

function sealSecrets(model: string, payload: ArtifactPayload, id: string): ArtifactPayload {
  const names = (SECRETS[model] ?? []).filter((name) => payload[name] !== undefined)
  if (names.length === 0) return payload
  const secrets = Object.fromEntries(names.map((name) => [name, payload[name]]))
  const rest = Object.fromEntries(Object.entries(payload).filter(([name]) => !names.includes(name)))
  return { ...rest, [SEALED]: seal(id, JSON.stringify(secrets)) }
}

function restoreSecrets(model: string, payload: ArtifactPayload, id: string): ArtifactPayload {
  if (SECRETS[model] === undefined || typeof payload[SEALED] !== 'string') return payload
  const { [SEALED]: sealed, ...rest } = payload as ArtifactPayload & { [SEALED]: string }
  return { ...rest, ...JSON.parse(unseal(id, sealed)) }
}

const column = (value: unknown): string | null => (typeof value === 'string' ? value : null)

/**
 * Takes the id out of a payload: `jti` is dropped, and where else the id occurs its hash stands in. `consumed` is
 * dropped too: the column knows better.
 */
export const toRest = (
  model: string,
  id: string,
  idHash: string,
  payload: ArtifactPayload,
): RestingArtifact => {
  // JSON leaves out what is undefined, and a copy with two fields set costs half as much as one without them.
  const rest: ArtifactPayload = { ...payload, jti: undefined, consumed: undefined }
  const authorizations = model === 'Session' ? mergeable(rest.authorizations) : null
  if (authorizations !== null) delete rest.authorizations
  const userCode = isUserCodePayload(rest) ? hashId(rest.userCode) : null
  const stored = model === 'Session' ? objectAtRest(rest) : sealSecrets(model, rest, id)
  const text = JSON.stringify(isUserCodePayload(stored) ? sealUserCode(stored, id) : stored)
  return {
    payload: text.includes(id) && tokenLike.test(id) ? text.replaceAll(id, idHash) : text,
    authorizations,
    // Of a Grant its own: by it the tokens are found that hang on it, whose rows name it too.
    grantId: model === 'Grant' ? id : column(rest.grantId),
    uid: column(rest.uid),
    userCode,
    accountId: column(rest.accountId),
    clientId: column(rest.clientId),
  }
}

/** The inverse of `toRest`, for a request that holds the id. */
export const fromRest = (row: ArtifactRow, id: string, idHash: string): ArtifactPayload => {
  const text = row.payload.includes(idHash) ? row.payload.replaceAll(idHash, id) : row.payload
  const payload = restoreSecrets(row.model, withColumns(JSON.parse(text), row), id)
  payload.jti = id
  return 'sealed' in payload ? restoreUserCode(payload, id) : payload
}

/** As much of it as can be known without the id. */
export const fromRestWithoutId = (row: ArtifactRow): ArtifactPayload =>
  withColumns(JSON.parse(row.payload), row)

/** The whole of a device code again, for a request that holds its user code. */
export const fromRestByUserCode = (row: ArtifactRow, userCode: string): ArtifactPayload =>
  restoreByUserCode(fromRestWithoutId(row), userCode)

const withColumns = (parsed: ArtifactPayload, row: ArtifactRow): ArtifactPayload => {
  const payload = row.model === 'Session' ? objectFromRest(parsed) : parsed
  if (row.authorizations !== null) payload.authorizations = objectFromRest(JSON.parse(row.authorizations))
  if (row.consumed_at !== null) payload.consumed = row.consumed_at
  // The column has the lifetime of a session that several requests have set; a consumed artefact is remembered for longer than it is valid.
  if (row.model === 'Session' || row.consumed_at !== null)
    if (typeof payload.exp === 'number' && row.expires_at !== null) payload.exp = row.expires_at
  return payload
}

/** `authorizations` as both engines can merge it: an object of objects. Else it stays in the payload, as any field. */
const mergeable = (authorizations: unknown): string | null => {
  if (!isRecord(authorizations) || Object.keys(authorizations).some((key) => unfit(JSON.stringify(key))))
    return null
  const stored = objectAtRest(authorizations)
  return Object.values(stored).every(isRecord) ? JSON.stringify(stored) : null
}

/** What jsonb refuses: NUL, half a surrogate pair. */
const unfit = (text: string): boolean => /\\u(0000|d[89a-f])/i.test(text)

/** Holds a value as JSON text, in which both are only written about. */
const AS_TEXT = '~json'
const isAsText = (value: unknown): value is { [AS_TEXT]: string } =>
  isRecord(value) && typeof value[AS_TEXT] === 'string' && Object.keys(value).length === 1

/** An object as both engines can change it field by field. */
export const objectAtRest = (object: ArtifactPayload): ArtifactPayload =>
  mapValues(object, (value) => {
    const text = JSON.stringify(value) ?? ''
    return unfit(text) || isAsText(value) ? { [AS_TEXT]: text } : value
  })

/** Nearly every object is as it was written. */
const objectFromRest = (object: ArtifactPayload): ArtifactPayload =>
  Object.values(object).some(isAsText)
    ? mapValues(object, (value) => (isAsText(value) ? JSON.parse(value[AS_TEXT]) : value))
    : object

const mapValues = (object: ArtifactPayload, map: (value: unknown) => unknown): ArtifactPayload =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))

/** The grants that a session's `authorizations` name. */
export const grantsOf = (authorizations: string | null): string[] =>
  authorizations === null
    ? []
    : Object.values(objectFromRest(JSON.parse(authorizations))).flatMap((entry) => {
        const { grantId } = entry as { grantId?: unknown }
        return typeof grantId === 'string' ? [grantId] : []
      })

/** The Grant that a session has of a client; undefined: it has none. */
export function grantOf({ authorizations }: ArtifactPayload, clientId: string): unknown {
  const entry = isRecord(authorizations) && own(authorizations, clientId)
  return isRecord(entry) ? entry.grantId : undefined
}
