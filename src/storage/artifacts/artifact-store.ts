import { type Clock, epochSeconds } from '../../shared/clock.ts'
import { hashId } from '../../shared/id-hash.ts'
import type { Sql, SqlValue } from '../sql.ts'
import {
  type ArtifactRow,
  fromRest,
  fromRestByUserCode,
  fromRestWithoutId,
  grantOf,
  grantsOf,
  toRest,
} from './at-rest.ts'
import { createRelatedReads } from './related.ts'
import { changesOf } from './session-changes.ts'
import { createStatements } from './statements.ts'
import type { ArtifactPayload, ArtifactStore, SessionAsRead } from './store.ts'
import { createUnits } from './unit.ts'

export interface ArtifactStoreOptions {
  clock: Clock
  /**
   * Seconds in which a rotated refresh token may be used again, counted from its first use: a client whose request
   * was answered but whose answer was lost retries. 0: never.
   */
  refreshGraceSeconds?: number
  /** Columns of a row of `accounts`, `id` among them, for `findRelated`. */
  accountColumns?: string
}

/** Seconds that an expired row stays, so that nothing that is being read is swept away under the reader. */
const sweepDelay = 60

/** Equals the uid of no session. */
const noSession = ' '

/** The artefact store on SQLite and PostgreSQL: every method of the hot paths is one statement. */
export const createArtifactStore = (sql: Sql, options: ArtifactStoreOptions): ArtifactStore => {
  const { clock, refreshGraceSeconds = 10, accountColumns = 'id' } = options
  const statements = createStatements(sql.dialect)
  const commit = createUnits(sql, statements)
  const now = (): number => epochSeconds(clock)

  const parameters = (model: string, id: string, payload: ArtifactPayload, ttl: number | undefined) => {
    const idHash = hashId(id)
    const rest = toRest(model, id, idHash, payload)
    const values: SqlValue[] = [
      ...[model, idHash, rest.payload, rest.grantId, rest.uid, rest.userCode, rest.accountId, rest.clientId],
      ttl === undefined ? null : now() + ttl,
      clock(),
    ]
    return { values, rest }
  }

  /** The parameters of `replace`. */
  const replacement = (
    model: string,
    id: string,
    payload: ArtifactPayload,
    ttl: number | undefined,
  ): SqlValue[] => {
    const [, idHash, ...columns] = parameters(model, id, payload, ttl).values
    return [...columns.slice(0, -1), model, idHash, now()] as SqlValue[]
  }

  /** A refresh token inside its grace window looks unused to the library. */
  const inGrace = (row: ArtifactRow): boolean =>
    row.model === 'RefreshToken' && row.consumed_at !== null && row.consumed_at > now() - refreshGraceSeconds
  const seen = (row: ArtifactRow): ArtifactRow => (inGrace(row) ? { ...row, consumed_at: null } : row)

  /** The parameters of `consume`, with the name of its statement. */
  const consumption = (model: string, id: string, remember: number) => {
    const parameters = [now(), Math.ceil(now() + remember), model, hashId(id), now()]
    return model === 'RefreshToken'
      ? { by: 'consumeInGrace' as const, parameters: [...parameters, now() - refreshGraceSeconds] }
      : { by: 'consume' as const, parameters }
  }

  /** The statement by which a session is saved where it is, and its parameters. */
  const sessionChange = (id: string, payload: ArtifactPayload, ttl: number, asRead: SessionAsRead) => {
    const { by, values, uid, accounts } = changesOf(payload, asRead.payload, id, now() + ttl)
    return { by, values, accounts, parameters: [...values, uid, now(), ...accounts] }
  }

  const revokeGrants = async (grants: readonly string[]): Promise<void> => {
    if (grants.length === 0) return
    await sql.run(statements.deleteGrants, [JSON.stringify(grants.map(hashId))])
    await sql.run(statements.deleteByGrants, [JSON.stringify(grants)])
  }

  const findRelated = createRelatedReads(sql, accountColumns, now)

  return {
    ...(sql.dialect === 'postgresql' &&
      ({
        async findRelated(model, id, clientId) {
          const idHash = hashId(id)
          const rows = await findRelated(model, idHash, clientId)
          if (rows === undefined) return undefined
          const found = fromRest(seen(rows.found), id, idHash)
          const grantId = clientId === undefined ? found.grantId : grantOf(found, clientId)
          const { grant, session, account } = rows
          return {
            found,
            grant: grant && typeof grantId === 'string' ? fromRest(grant, grantId, grant.id_hash) : undefined,
            session: session && fromRestWithoutId(session),
            account,
          }
        },
      } satisfies Pick<ArtifactStore, 'findRelated'>)),

    async upsert(model, id, payload, ttl) {
      const { values, rest } = parameters(model, id, payload, ttl)
      if (model === 'Session') values.push(rest.authorizations, rest.uid)
      await sql.run(model === 'Session' ? statements.upsertSession : statements.upsert, values)
    },

    async saveSession(id, payload, ttl, asRead) {
      const { by, values, accounts, parameters } = sessionChange(id, payload, ttl, asRead)
      const mine = hashId(id)
      if (id !== asRead.id) {
        const old = hashId(asRead.id)
        const move = by === 'touchSession' ? statements.moveTouchedSession : statements.moveSession
        if (await sql.get(move, [...values, mine, old, now(), ...accounts])) return true
      }
      const rows = await sql.all<{ id_hash: string }>(statements[by], parameters)
      return rows.some((row) => row.id_hash === mine)
    },

    async commit({ consume, store, session }) {
      const change = session && sessionChange(session.id, session.payload, session.ttl, session.asRead)
      return commit({
        consume: consume && consumption(consume.model, consume.id, consume.remember),
        store: store.map(({ model, id, payload, ttl }) => parameters(model, id, payload, ttl).values),
        session: change && { by: change.by, parameters: change.parameters, idHash: hashId(session.id) },
      })
    },

    async replace(model, id, payload, ttl) {
      return (await sql.run(statements.replace, replacement(model, id, payload, ttl))) === 1
    },

    async change(model, id, ttl, change) {
      const idHash = hashId(id)
      // Another round means that another request's write has succeeded: one of them always gets on.
      for (;;) {
        const row = await sql.get<ArtifactRow>(statements.find, [model, idHash, now()])
        const payload = change(row && fromRest(row, id, idHash))
        if (payload === undefined) return
        const written = row
          ? await sql.run(statements.replaceUnchanged, [...replacement(model, id, payload, ttl), row.payload])
          : await sql.run(statements.insert, [...parameters(model, id, payload, ttl).values, now()])
        if (written === 1) return
      }
    },

    async insert(model, id, payload, ttl) {
      const { values } = parameters(model, id, payload, ttl)
      return (await sql.run(statements.insert, [...values, now()])) === 1
    },

    async find(model, id) {
      const idHash = hashId(id)
      const row = await sql.get<ArtifactRow>(statements.find, [model, idHash, now()])
      return row && fromRest(seen(row), id, idHash)
    },

    async findByUid(model, uid) {
      const row = await sql.get<ArtifactRow>(statements.findByUid, [uid, model, now()])
      return row && fromRestWithoutId(seen(row))
    },

    async findByUserCode(model, userCode) {
      const row = await sql.get<ArtifactRow>(statements.findByUserCode, [hashId(userCode), model, now()])
      return row && fromRestByUserCode(row, userCode)
    },

    async consume(model, id, remember = 0) {
      const { by, parameters } = consumption(model, id, remember)
      return (await sql.run(statements[by], parameters)) === 1
    },

    async destroy(model, id) {
      const changed =
        model === 'Session'
          ? await sql.run(statements.destroySession, [now(), hashId(id)])
          : await sql.run(statements.destroy, [model, hashId(id)])
      return changed > 0
    },

    async endSession(uid) {
      await sql.run(statements.endSession, [now(), uid])
    },

    async revokeByGrantId(model, grantId) {
      await sql.run(statements.revokeByGrantId, [grantId, model])
    },

    async listByAccount(model, accountId) {
      const rows = await sql.all<ArtifactRow>(statements.listByAccount, [accountId, model, now()])
      return rows.map((row) => ({
        id: row.id_hash,
        model: row.model,
        payload: fromRestWithoutId(row),
        expiresAt: row.expires_at,
      }))
    },

    async revokeByAccount(accountId, { clientId, exceptSessionUid } = {}) {
      const kept = exceptSessionUid === undefined ? [] : await keptGrants(accountId, exceptSessionUid)
      if (clientId === undefined) {
        await sql.run(statements.buryAccountSessions, [now(), accountId, exceptSessionUid ?? noSession])
      }
      const values = [accountId, JSON.stringify(kept), JSON.stringify(kept.map(hashId))]
      if (clientId === undefined) await sql.run(statements.deleteByAccount, values)
      else await sql.run(statements.deleteByAccountAndClient, [...values, clientId])
    },

    async carryOver(accountId, uid, generation) {
      const grants = JSON.stringify((await keptGrants(accountId, uid)).map(hashId))
      await sql.run(statements.carryOver, [generation, accountId, uid, grants])
    },

    async forgetConsents(accountId, { clientId } = {}) {
      if (clientId === undefined) await sql.run(statements.deleteConsents, [accountId])
      else await sql.run(statements.deleteConsentsOf, [accountId, clientId])
    },

    async clientsInUse(clientIds) {
      const rows = await sql.all<{ client_id: string }>(statements.clientsInUse, [
        JSON.stringify(clientIds),
        now(),
      ])
      return rows.map((each) => each.client_id)
    },

    async countByClient(clientId, model, most) {
      const row = await sql.get<{ count: number; accounts: number }>(statements.countByClient, [
        ...[clientId, model, now(), most],
      ])
      return row ?? { count: 0, accounts: 0 }
    },

    async revokeByClient(clientId, limit) {
      const found = await sql.all<{ model: string; id_hash: string; grant_id: string | null }>(
        statements.ofClient,
        [clientId, limit],
      )
      const grants = found.flatMap(({ grant_id }) => grant_id ?? [])
      const under =
        grants.length === 0 ? 0 : await sql.run(statements.deleteUnderGrants, [JSON.stringify(grants), limit])
      // The Grants last: by them the tokens are found.
      if (under === limit) return under
      for (const [model, rows] of Map.groupBy(found, (row) => row.model))
        await sql.run(statements.deleteOfModel, [model, JSON.stringify(rows.map((row) => row.id_hash))])
      return under + found.length
    },

    async revokeSession(accountId, uid) {
      const buried = await sql.all<{ authorizations: string | null }>(statements.burySession, [
        now(),
        uid,
        accountId,
      ])
      await revokeGrants(buried.flatMap(({ authorizations }) => grantsOf(authorizations)))
    },

    sweep: (limit) => sql.run(statements.sweep, [now() - sweepDelay, limit]),
    close: () => sql.close(),
  }

  async function keptGrants(accountId: string, uid: string): Promise<string[]> {
    const rows = await sql.all<{ authorizations: string | null }>(statements.sessionAuthorizations, [
      uid,
      accountId,
    ])
    return rows.flatMap(({ authorizations }) => grantsOf(authorizations))
  }
}
