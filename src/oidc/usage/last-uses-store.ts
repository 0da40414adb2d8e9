import type { Database } from '../../storage/database.ts'
import { momentOf } from '../../storage/keyset.ts'
import { type Sql, sqlTime, withNumbers } from '../../storage/sql.ts'
import type { LastUse } from './last-uses.ts'

/** A browser's session, a sign-in by the JSON API, or a client that got tokens. */
export type UseKind = 'session' | 'api' | 'app'

export interface Use {
  accountId: string
  kind: UseKind
  /** The uid of the session, the hash of the Grant's id, the client_id. */
  subject: string
  /** The network address of the request; left out for an app. */
  address?: string | undefined
}

export interface LastUsesStore {
  /** One statement. Of an account that is gone nothing is written. */
  write(uses: readonly (Use & { at: number })[]): Promise<void>
  of(accountId: string, kind: UseKind): Promise<Map<string, LastUse>>
  /** A batch. Returns how many. */
  forget(kind: UseKind, before: Date): Promise<number>
}

/** The uses come as one JSON document: so the statement is the same for any number of them. */
const INSERT = {
  sqlite: `INSERT INTO last_uses (account_id, kind, subject, last_used_at, address)
    SELECT accounts.id, uses.value ->> 'kind', uses.value ->> 'subject', uses.value ->> 'at', uses.value ->> 'address'
    FROM json_each(?) AS uses JOIN accounts ON accounts.id = uses.value ->> 'accountId' WHERE true`,
  postgresql: `INSERT INTO last_uses (account_id, kind, subject, last_used_at, address)
    SELECT accounts.id, uses.kind, uses.subject, CAST(uses.at AS timestamp(3)), uses.address
    FROM jsonb_to_recordset(CAST($1 AS jsonb)) AS uses("accountId" text, kind text, subject text, at text, address text)
    JOIN accounts ON accounts.id = uses."accountId"`,
}
const NEWER = ` ON CONFLICT (account_id, kind, subject) DO UPDATE
  SET last_used_at = excluded.last_used_at, address = excluded.address
  WHERE excluded.last_used_at > last_uses.last_used_at`

/** Rows that one statement deletes: a request waits for it on SQLite. */
const BATCH = 500
const forgetBefore = (dialect: Sql['dialect']): string =>
  `DELETE FROM last_uses WHERE (account_id, kind, subject) IN
    (SELECT account_id, kind, subject FROM last_uses WHERE kind = ? AND last_used_at < ${momentOf(dialect)} LIMIT ${BATCH})`
const FORGET = {
  sqlite: forgetBefore('sqlite'),
  postgresql: withNumbers(forgetBefore('postgresql')),
}

export function createLastUsesStore({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): LastUsesStore {
  const statement = INSERT[reads.dialect] + NEWER
  const old = FORGET[reads.dialect]
  return {
    async write(uses) {
      const rows = uses.map(({ at, ...use }) => ({ ...use, at: sqlTime(at) }))
      await prisma.$executeRawUnsafe(statement, JSON.stringify(rows))
    },

    async of(accountId, kind) {
      const rows = await prisma.lastUse.findMany({ where: { accountId, kind } })
      return new Map(
        rows.map(({ subject, lastUsedAt, address }) => [
          subject,
          { at: lastUsedAt.getTime(), address: address ?? undefined },
        ]),
      )
    },

    async forget(kind, before) {
      return prisma.$executeRawUnsafe(old, kind, sqlTime(before))
    },
  }
}
