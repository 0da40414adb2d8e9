import { hashId } from '../../shared/id-hash.ts'
import type { Sql } from '../sql.ts'
import { type ArtifactRow, fromRest, fromRestWithoutId, grantOf } from './at-rest.ts'
import { createRelatedReads } from './related.ts'
import type { ArtifactStatements } from './statements.ts'
import type { ArtifactPayload, ArtifactStore } from './store.ts'

type FindRelated = ArtifactStore['findRelated']

/** The Grant that an artefact hangs on; that of a session is one of a client. */
const grantIdOf = (found: ArtifactPayload, clientId: string | undefined): string | undefined => {
  const id = clientId === undefined ? found.grantId : grantOf(found, clientId)
  return typeof id === 'string' ? id : undefined
}

/**
 * Looks an artefact up with what its request asks for next.
 * @param options.accounts reads rows of `accounts` on SQLite, where they are in another file @param options.accountColumns of such a row, `id` among them
 * @param options.now in seconds since the epoch @param options.seen what the library is to see of a row
 */
export function createFindRelated(
  sql: Sql,
  options: {
    statements: ArtifactStatements
    accounts: Pick<Sql, 'get'> | undefined
    accountColumns: string
    now(): number
    seen(row: ArtifactRow): ArtifactRow
  },
): FindRelated {
  const { statements, accounts, accountColumns, now, seen } = options
  if (sql.dialect === 'postgresql') {
    const findRows = createRelatedReads(sql, accountColumns, now)
    return async (model, id, clientId) => {
      const idHash = hashId(id)
      const rows = await findRows(model, idHash, clientId)
      if (rows === undefined) return undefined
      const { grant, session, account } = rows
      const found = fromRest(seen(rows.found), id, idHash)
      const grantId = grantIdOf(found, clientId)
      return {
        found,
        grant: grant && grantId !== undefined ? fromRest(grant, grantId, grant.id_hash) : undefined,
        session: session && fromRestWithoutId(session),
        account,
      }
    }
  }

  const account = `SELECT ${accountColumns} FROM accounts WHERE id = ?`
  return async (model, id, clientId) => {
    const idHash = hashId(id)
    const related = await sql.oneMoment((get) => {
      const at = now()
      const row = get<ArtifactRow>(statements.find, [model, idHash, at])
      if (row === undefined) return undefined
      const found = fromRest(seen(row), id, idHash)
      const grantId = grantIdOf(found, clientId)
      const grantHash = grantId === undefined ? '' : hashId(grantId)
      const grant =
        grantId === undefined ? undefined : get<ArtifactRow>(statements.find, ['Grant', grantHash, at])
      const session =
        found.expiresWithSession && typeof found.sessionUid === 'string'
          ? get<ArtifactRow>(statements.findByUid, [found.sessionUid, 'Session', at])
          : undefined
      return {
        found,
        grant: grant && fromRest(grant, String(grantId), grantHash),
        session: session && fromRestWithoutId(session),
        // Begun here: its statement is run at once.
        account:
          typeof found.accountId === 'string'
            ? accounts?.get<Record<string, unknown>>(account, [found.accountId])
            : undefined,
      }
    })
    return related && { ...related, account: await related.account }
  }
}
