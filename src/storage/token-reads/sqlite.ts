import type BetterSqlite3 from 'better-sqlite3'
import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { hashId } from '../../shared/id-hash.ts'
import type { ArtifactRow } from '../artifacts/at-rest.ts'
import { ARTIFACT_COLUMNS } from '../artifacts/joined.ts'
import { isBusy, whenFree } from '../sqlite/busy.ts'
import { asStorageError } from '../unavailable.ts'
import {
  type AccountView,
  context,
  payloadOf,
  sessionOf,
  storedToken,
  type TokenReads,
} from './token-reads.ts'

const COLUMNS = ARTIFACT_COLUMNS.join(', ')
/** One parameter: now. */
const LIVE = 'destroyed_at IS NULL AND (expires_at IS NULL OR expires_at > ?)'
const BY_ID = `SELECT ${COLUMNS} FROM artifacts WHERE model = ? AND id_hash = ? AND ${LIVE}`
const BY_UID = `SELECT ${COLUMNS} FROM artifacts WHERE uid = ? AND model = 'Session' AND ${LIVE}`
const TOKEN = `SELECT ${COLUMNS} FROM artifacts
  WHERE model IN ('AccessToken', 'ClientCredentials') AND id_hash = ? AND ${LIVE}`

/**
 * Up to four prepared reads in one synchronous piece: a join costs three times as much. Those of the artefacts are of one transaction,
 * for its locks are what a small read costs most.
 */
export function createSqliteTokenReads<Account>(
  connections: { artifacts: BetterSqlite3.Database; accounts: BetterSqlite3.Database },
  view: AccountView<Account>,
  clock: Clock,
): TokenReads<Account> {
  const { artifacts, accounts } = connections
  const begin = artifacts.prepare('BEGIN')
  const commit = artifacts.prepare('COMMIT')
  const token = artifacts.prepare<[string, number], ArtifactRow>(TOKEN)
  const byId = artifacts.prepare<[string, string, number], ArtifactRow>(BY_ID)
  const byUid = artifacts.prepare<[string, number], ArtifactRow>(BY_UID)
  const account = accounts.prepare<[string], object>(`SELECT ${view.columns} FROM accounts WHERE id = ?`)

  function inTransaction<T>(read: () => T): T {
    begin.run()
    try {
      const found = read()
      commit.run()
      return found
    } catch (error) {
      if (artifacts.inTransaction) artifacts.exec('ROLLBACK')
      throw error
    }
  }

  const contextRows = (grantId: unknown, sessionUid: string | undefined, now: number) => ({
    grant: typeof grantId === 'string' ? (byId.get('Grant', hashId(grantId), now) ?? null) : null,
    session: sessionUid === undefined ? null : (byUid.get(sessionUid, now) ?? null),
  })
  const accountRow = (id: unknown) => (typeof id === 'string' ? (account.get(id) ?? null) : null)

  async function read<T>(work: () => T): Promise<T> {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error)) throw asStorageError(error)
    }
    return whenFree(work).catch((error: unknown) => {
      throw asStorageError(error)
    })
  }

  return {
    byValue: (value) =>
      read(() => {
        const now = epochSeconds(clock)
        const found = inTransaction(() => {
          const row = token.get(hashId(value), now)
          if (row === undefined) return undefined
          const payload = payloadOf(row, value)
          const { grant, session } = contextRows(payload.grantId, sessionOf(payload), now)
          return { model: row.model, token: payload, grant, session }
        })
        if (found === undefined) return undefined
        const { grant, session } = found
        return storedToken(found, { grant, session, account: accountRow(found.token.accountId) }, view)
      }),

    byReference: ({ denial, grantId, sessionUid, accountId }) =>
      read(() => {
        const now = epochSeconds(clock)
        const rows = inTransaction(() => ({
          denied: byId.get(denial.model, hashId(denial.id), now) !== undefined,
          ...contextRows(grantId, sessionUid, now),
        }))
        return { denied: rows.denied, ...context(grantId, { ...rows, account: accountRow(accountId) }, view) }
      }),
  }
}
