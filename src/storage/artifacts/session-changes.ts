import { hashId } from '../../shared/id-hash.ts'
import type { SqlValue } from '../sql.ts'
import { objectAtRest, toRest } from './at-rest.ts'
import type { ArtifactPayload } from './store.ts'

/*
 * Several requests of one browser have its session in hand at once: tabs that start together, an app that renews its
 * tokens in the background while its person signs out. Each reads the whole session and saves the whole session. What
 * is written is therefore only what the request itself changed, so that nobody puts back what another took out.
 *
 * `exp` needs no such care: the column `expires_at` knows better (fromRest). Most requests change nothing else.
 */

interface Changes {
  /** `touchSession`: nothing but the expiry. The parameters of `changed` or `touched` in statements.ts. */
  by: 'changeSession' | 'touchSession'
  values: SqlValue[]
  uid: string
  /** Whose session it may be for the changes to count: the person's it was read as, or is made by them. '' is nobody. */
  accounts: [string, string]
}

/** @param expiresAt seconds since the epoch */
export const changesOf = (
  payload: ArtifactPayload,
  asRead: ArtifactPayload,
  id: string,
  expiresAt: number,
): Changes => {
  const { authorizations, ...fields } = payload
  const { authorizations: authorizationsAsRead, ...fieldsAsRead } = asRead
  const changed = difference(fields, fieldsAsRead)
  const { payload: text } = toRest('Session', id, hashId(id), changed.set)
  const clients = difference(objectOr(authorizations), objectOr(authorizationsAsRead))
  const account = (of: ArtifactPayload) => (typeof of.accountId === 'string' ? of.accountId : '')
  // One person's session never becomes another's: the first who signs in in it has it.
  const before = account(asRead)
  const after = account(payload) || before
  const touched = [after || null, Number(asRead.exp ?? 0), expiresAt, expiresAt]
  const same = clients.keys.length === 0 && changed.keys.every((key) => key === 'exp')
  return {
    by: same ? 'touchSession' : 'changeSession',
    values: same
      ? touched
      : [
          ...[JSON.stringify(changed.keys), text],
          ...[JSON.stringify(clients.keys), JSON.stringify(objectAtRest(clients.set))],
          ...touched,
        ],
    uid: String(payload.uid),
    accounts: [before === '' ? '' : after, after],
  }
}

/** The keys that were set, changed or taken out, and the values of those that are there. */
function difference(now: ArtifactPayload, before: ArtifactPayload) {
  const keys = [...new Set([...Object.keys(now), ...Object.keys(before)])].filter(
    (key) => key !== 'jti' && JSON.stringify(now[key]) !== JSON.stringify(before[key]),
  )
  const set = Object.fromEntries(keys.flatMap((key) => (now[key] === undefined ? [] : [[key, now[key]]])))
  return { keys, set }
}

const objectOr = (value: unknown): ArtifactPayload =>
  typeof value === 'object' && value !== null ? (value as ArtifactPayload) : {}
