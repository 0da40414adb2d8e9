/** Clients with their secrets, read by prepared statements: a list, a page or a command that shows some needs no Prisma. */
import type { Position } from '../shared/paging.ts'
import { momentOf, valuesOf, whereOf } from '../storage/keyset.ts'
import { amongTexts, type Sql, type SqlValue, sqlTime } from '../storage/sql.ts'
import { conditionsOfPage, mentioning } from './search-store.ts'
import type { ClientRow } from './store.ts'

/** A client with one of its secrets, as it comes from the database; without any, the columns of the secret are null. */
interface JoinedRow extends Omit<ClientRow, 'secrets' | Moments | 'pkceWithout' | 'firstParty' | 'verified'> {
  pkceWithout: number
  firstParty: number
  verified: number
  disabledAt: string | null
  createdAt: string
  updatedAt: string
  lastUsedDay: string
  secretId: string | null
  secretCreatedAt: string
  secretExpiresAt: string | null
  secretLastUsedAt: string | null
}
type Moments = 'disabledAt' | 'createdAt' | 'updatedAt'

const COLUMNS = `c.id, c.name, c.metadata, c.pkce, c.pkce_without AS "pkceWithout", c.pkce_ratchet AS "pkceRatchet",
  c.first_party AS "firstParty", c.disabled_at AS "disabledAt", c.created_at AS "createdAt", c.updated_at AS "updatedAt",
  c.source, c.verified, c.last_used_day AS "lastUsedDay",
  s.id AS "secretId", s.created_at AS "secretCreatedAt", s.expires_at AS "secretExpiresAt", s.last_used_at AS "secretLastUsedAt"`

/** @param which the rest of a SELECT of clients · order of them, in columns `c.…` */
const statement = (which: string, order?: string) => `SELECT ${COLUMNS} FROM (SELECT * FROM clients${which}) c
  LEFT JOIN client_secrets s ON s.client_id = c.id ORDER BY ${order === undefined ? '' : `${order}, `}s.created_at DESC`

const ONE = statement(' WHERE id = ?')

const dateOf = (time: string | null): Date | null => (time === null ? null : new Date(time))

/** A client of its rows, one a secret, the newest first. */
function clientOf([first, ...others]: [JoinedRow, ...JoinedRow[]]): ClientRow & { lastUsedDay: string } {
  const { secretId: _, secretCreatedAt: __, secretExpiresAt: ___, secretLastUsedAt: ____, ...client } = first
  return {
    ...client,
    pkceWithout: client.pkceWithout === 1,
    firstParty: client.firstParty === 1,
    verified: client.verified === 1,
    disabledAt: dateOf(client.disabledAt),
    createdAt: new Date(client.createdAt),
    updatedAt: new Date(client.updatedAt),
    secrets: [first, ...others].flatMap((row) =>
      row.secretId === null
        ? []
        : [
            {
              id: row.secretId,
              createdAt: new Date(row.secretCreatedAt),
              expiresAt: dateOf(row.secretExpiresAt),
              lastUsedAt: dateOf(row.secretLastUsedAt),
            },
          ],
    ),
  }
}

export function createClientReads(reads: Sql) {
  const several = statement(` WHERE id ${amongTexts[reads.dialect]}`)

  async function clientsOf(text: string, values: readonly SqlValue[]) {
    const rows = await reads.all<JoinedRow>(text, values)
    return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap(([first, ...others]) =>
      first ? [clientOf([first, ...others])] : [],
    )
  }

  return {
    /** In the order of their ids; those that are gone are left out. One statement. */
    async byIds(ids: readonly string[]) {
      if (ids.length === 0) return []
      const found = new Map(
        (await clientsOf(several, [JSON.stringify(ids)])).map((client) => [client.id, client]),
      )
      return ids.flatMap((id) => found.get(id) ?? [])
    },

    /** Null: no such client. */
    async find(id: string): Promise<ClientRow | null> {
      // PostgreSQL refuses a NUL instead of finding nothing.
      if (id.includes('\0')) return null
      const [client] = await clientsOf(ONE, [id])
      return client ?? null
    },

    /** See ClientStore. */
    async list(
      limit: number,
      after: Position | undefined,
      search: string | undefined,
      only?: readonly string[],
    ): Promise<ClientRow[]> {
      const conditions = conditionsOfPage(reads.dialect, search, only)
      if (after !== undefined) {
        const moment = momentOf(reads.dialect)
        conditions.push({
          text: `(created_at < ${moment} OR (created_at = ${moment} AND id < ?))`,
          values: [sqlTime(after.at), sqlTime(after.at), after.id],
        })
      }
      const page = `${whereOf(conditions)} ORDER BY created_at DESC, id DESC LIMIT ?`
      return clientsOf(statement(page, 'c.created_at DESC, c.id DESC'), [...valuesOf(conditions), limit])
    },

    /** Clients whose registration has a text in it, the oldest first. */
    async mentioning(text: string, most: number): Promise<ClientRow[]> {
      const { text: where, values } = mentioning(text)
      return clientsOf(statement(` WHERE ${where} ORDER BY created_at LIMIT ?`, 'c.created_at'), [
        ...values,
        most,
      ])
    },

    /** See ClientStore. */
    launchable: (most: number) =>
      reads.all<{ id: string; metadata: string }>(
        `SELECT id, metadata FROM clients WHERE launchable = true AND verified = true AND disabled_at IS NULL
         ORDER BY name, id LIMIT ?`,
        [most],
      ),
  }
}
