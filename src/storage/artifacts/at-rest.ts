import { hash } from 'node:crypto'
import type { ArtifactPayload } from './store.ts'
import { isUserCodePayload, restoreByUserCode, restoreUserCode, sealUserCode } from './user-code.ts'

/** What identifies an artefact in the database in place of its id. */
export const hashId = (id: string): string => hash('sha256', id, 'base64url')

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

/** Ids that are secrets look like this; a short or speaking one cannot be replaced in a text without harm. */
const tokenLike = /^[\w~.-]{16,}$/

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
  const { jti: _jti, consumed: _consumed, ...rest } = payload
  const authorizations = model === 'Session' ? mergeable(rest.authorizations) : null
  if (authorizations !== null) delete rest.authorizations
  const userCode = isUserCodePayload(rest) ? hashId(rest.userCode) : null
  const text = JSON.stringify(isUserCodePayload(rest) ? sealUserCode(rest, id) : rest)
  return {
    payload: text.includes(id) && tokenLike.test(id) ? text.replaceAll(id, idHash) : text,
    authorizations,
    grantId: column(rest.grantId),
    uid: column(rest.uid),
    userCode,
    accountId: column(rest.accountId),
    clientId: column(rest.clientId),
  }
}

/** The inverse of `toRest` for whoever has the id. */
export const fromRest = (row: ArtifactRow, id: string, idHash: string): ArtifactPayload => {
  const text = row.payload.includes(idHash) ? row.payload.replaceAll(idHash, id) : row.payload
  const payload = withColumns(JSON.parse(text), row)
  payload.jti = id
  return 'sealed' in payload ? restoreUserCode(payload, id) : payload
}

/** As much of it as can be known without the id. */
export const fromRestWithoutId = (row: ArtifactRow): ArtifactPayload =>
  withColumns(JSON.parse(row.payload), row)

/** The whole of a device code again, for whoever typed its user code. */
export const fromRestByUserCode = (row: ArtifactRow, userCode: string): ArtifactPayload =>
  restoreByUserCode(fromRestWithoutId(row), userCode)

const withColumns = (payload: ArtifactPayload, row: ArtifactRow): ArtifactPayload => {
  if (row.authorizations !== null) payload.authorizations = JSON.parse(row.authorizations)
  if (row.consumed_at !== null) payload.consumed = row.consumed_at
  return payload
}

/** `authorizations` as both engines can merge it: an object of objects, without what jsonb refuses
 * (NUL, half a surrogate pair). Else it stays in the payload, where the last save wins. */
const mergeable = (authorizations: unknown): string | null => {
  if (!isObject(authorizations) || !Object.values(authorizations).every(isObject)) return null
  const text = JSON.stringify(authorizations)
  return /\\u(0000|d[89a-f])/i.test(text) ? null : text
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The grants that a session's `authorizations` name. */
export const grantsOf = (authorizations: string | null): string[] =>
  authorizations === null
    ? []
    : Object.values(JSON.parse(authorizations) as Record<string, { grantId?: unknown }>).flatMap(
        ({ grantId }) => (typeof grantId === 'string' ? [grantId] : []),
      )
