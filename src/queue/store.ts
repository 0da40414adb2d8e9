import type { PastDelivery, Transaction } from '../shared/delivery.ts'
import { columnsOf } from '../storage/columns.ts'
import type { Database } from '../storage/database.ts'
import { type SqlValue, sqlTime, withNumbers } from '../storage/sql.ts'

/** A row that is to be added. Times are milliseconds since the epoch. */
export interface NewRow {
  id: string
  kind: string
  subject: string
  payload: string
  due: number
}

/** A row as it was taken. */
export interface TakenRow {
  id: string
  subject: string
  payload: string
  tries: number
  createdAt: number
}

/** The deliveries in the database. Every change of one that is taken is made by the token of its taking, or not at all. */
export interface QueueStore {
  insert(rows: readonly NewRow[], now: number): Promise<void>
  /** Within a transaction of the caller's: the row is there exactly if what caused it is. */
  insertIn(tx: Transaction, rows: readonly NewRow[], now: number): Promise<void>
  /** Whether something of a kind is due. Reads alone, and loads nothing. */
  isDue(kind: string, now: number): Promise<boolean>
  /**
   * Takes what is due, the oldest first: each row goes to one caller, whichever process it is in.
   * @param taking.until the end of the lease; then the row may be taken again
   * @param taking.except subjects that have enough under way
   */
  take(taking: {
    kind: string
    token: string
    now: number
    until: number
    limit: number
    except: readonly string[]
  }): Promise<TakenRow[]>
  /** False: another one has it by now. */
  extend(id: string, token: string, until: number): Promise<boolean>
  /** Gives a row back for a later try. @param change.uncounted as if it had not been taken */
  release(
    id: string,
    token: string,
    change: { due: number; payload?: string | undefined; result?: string | undefined; uncounted?: boolean },
  ): Promise<boolean>
  /** Ends a row, and forgets its payload unless that is kept. */
  end(
    id: string,
    token: string,
    end: { status: 'done' | 'failed'; now: number; result: string; keepPayload: boolean },
  ): Promise<boolean>
  remove(id: string, token: string): Promise<boolean>
  /** What waits for another try is due now, a batch of it. @param tries of those that had fewer */
  hurry(kind: string, tries: number, now: number): Promise<void>
  /** Of a subject, newest first, before an id. */
  history(kind: string, subject: string, limit: number, before: string | undefined): Promise<PastDelivery[]>
  /** Puts a row back to where it began, unless a process has it. */
  restart(kind: string, subject: string, id: string, now: number): Promise<'queued' | 'under_way' | undefined>
  /** Deletes a batch of a subject's rows. @returns how many */
  forget(kind: string, subject: string): Promise<number>
  /** How many of a kind have failed, counted up to `most`. */
  failed(kind: string, most: number): Promise<number>
  /** Deletes a batch of rows that ended before a moment. @returns how many */
  sweep(before: number): Promise<number>
}

const deliveryColumns = columnsOf<
  Omit<PastDelivery, 'createdAt' | 'due' | 'endedAt'> & { createdAt: Date; due: Date; endedAt: Date | null }
>({
  id: 'plain',
  status: 'plain',
  payload: 'plain',
  tries: 'plain',
  result: 'plain',
  createdAt: 'time',
  due: 'time',
  endedAt: 'time',
})

/** Rows that one statement deletes or moves: a request waits for it on SQLite. */
const SWEPT = 500

/** The statements, with `?` for values; times as each engine compares them. */
function statementsFor(dialect: 'sqlite' | 'postgresql') {
  const time = dialect === 'postgresql' ? 'CAST(? AS timestamp(3))' : '?'
  const lock = dialect === 'postgresql' ? ' FOR UPDATE SKIP LOCKED' : ''
  // As one JSON document, so that the statement is the same for any number of them.
  const except =
    dialect === 'postgresql'
      ? 'SELECT jsonb_array_elements_text(CAST(? AS jsonb))'
      : 'SELECT value FROM json_each(?)'
  /** The rows of a query that is run once. */
  const those = (query: string) =>
    dialect === 'postgresql' ? `id = ANY(ARRAY(${query}))` : `id IN (${query})`
  const held = "WHERE id = ? AND taken_by = ? AND status = 'waiting'"
  const statements = {
    // The rows come as one JSON document: so the statement is the same for any number of them.
    insert:
      dialect === 'postgresql'
        ? `INSERT INTO deliveries (id, kind, subject, payload, due, created_at)
           SELECT id, kind, subject, payload, CAST(due AS timestamp(3)), CAST(at AS timestamp(3))
           FROM jsonb_to_recordset(CAST(? AS jsonb)) AS rows(id text, kind text, subject text, payload text, due text, at text)`
        : `INSERT INTO deliveries (id, kind, subject, payload, due, created_at)
           SELECT value ->> 'id', value ->> 'kind', value ->> 'subject', value ->> 'payload', value ->> 'due', value ->> 'at'
           FROM json_each(?)`,
    take: `UPDATE deliveries SET taken_by = ?, due = ${time}, tries = tries + 1 WHERE ${those(
      `SELECT id FROM deliveries WHERE kind = ? AND status = 'waiting' AND due <= ${time} AND subject NOT IN (${except})
        ORDER BY due, id LIMIT ?${lock}`,
    )} RETURNING id, subject, payload, tries, created_at AS "createdAt"`,
    extend: `UPDATE deliveries SET due = ${time} ${held}`,
    release: `UPDATE deliveries SET due = ${time}, taken_by = '', tries = tries - ?, payload = COALESCE(?, payload),
        result = COALESCE(?, result) ${held}`,
    end: `UPDATE deliveries SET status = ?, ended_at = ${time}, taken_by = '', result = ?,
        payload = CASE WHEN ? = 1 THEN payload ELSE '' END ${held}`,
    remove: `DELETE FROM deliveries ${held}`,
    hurry: `UPDATE deliveries SET due = ${time} WHERE ${those(
      `SELECT id FROM deliveries WHERE kind = ? AND status = 'waiting' AND due > ${time} AND taken_by = ''
        AND tries < ? LIMIT ${SWEPT}`,
    )}`,
    forget: `DELETE FROM deliveries WHERE ${those(
      `SELECT id FROM deliveries WHERE kind = ? AND subject = ? LIMIT ${SWEPT}`,
    )}`,
    sweep: `DELETE FROM deliveries WHERE ${those(`SELECT id FROM deliveries WHERE ended_at < ${time} LIMIT ${SWEPT}`)}`,
  }
  return statements
}

type StoredRow = Omit<TakenRow, 'createdAt'> & { createdAt: string }

const documentOf = (rows: readonly NewRow[], now: number): string =>
  JSON.stringify(rows.map((row) => ({ ...row, due: sqlTime(row.due), at: sqlTime(now) })))

export function createQueueStore({
  prisma,
  reads,
  writes,
}: Pick<Database, 'prisma' | 'reads' | 'writes'>): QueueStore {
  const { dialect } = reads
  const statements = statementsFor(dialect)
  const change = (text: string, ...values: SqlValue[]): Promise<number> => writes.run(text, values)
  return {
    async insert(rows, now) {
      await change(statements.insert, documentOf(rows, now))
    },

    async insertIn(tx, rows, now) {
      // Prisma hands the text to the driver as it is: that of PostgreSQL knows $1, not `?`.
      const { insert } = statements
      await tx.$executeRawUnsafe(dialect === 'sqlite' ? insert : withNumbers(insert), documentOf(rows, now))
    },

    async failed(kind, most) {
      const row = await reads.get<{ failed: number | bigint }>(
        `SELECT COUNT(*) AS failed FROM (SELECT 1 FROM deliveries WHERE kind = ? AND status = 'failed' LIMIT ?) AS counted`,
        [kind, most],
      )
      return Number(row?.failed ?? 0)
    },

    async history(kind, subject, limit, before) {
      const behind = before === undefined ? '' : ' AND id < ?'
      const rows = await deliveryColumns.all(
        reads,
        `FROM deliveries WHERE subject = ? AND kind = ?${behind} ORDER BY id DESC LIMIT ?`,
        [subject, kind, ...(before === undefined ? [] : [before]), limit],
      )
      return rows.map(({ createdAt, due, endedAt, ...row }) => ({
        ...row,
        createdAt: createdAt.getTime(),
        due: due.getTime(),
        endedAt: endedAt?.getTime(),
      }))
    },

    async restart(kind, subject, id, now) {
      const { count } = await prisma.delivery.updateMany({
        where: { id, kind, subject, takenBy: '' },
        data: { status: 'waiting', due: new Date(now), tries: 0, endedAt: null },
      })
      if (count === 1) return 'queued'
      return (await prisma.delivery.count({ where: { id, kind, subject } })) === 1 ? 'under_way' : undefined
    },

    forget: (kind, subject) => change(statements.forget, kind, subject),

    async isDue(kind, now) {
      const text = `SELECT id FROM deliveries WHERE kind = ? AND status = 'waiting' AND due <= ? ORDER BY due LIMIT 1`
      return (await reads.get(text, [kind, sqlTime(now)])) !== undefined
    },

    async take({ kind, token, now, until, limit, except }) {
      const values = [token, sqlTime(until), kind, sqlTime(now), JSON.stringify(except), limit]
      const rows = await writes.all<StoredRow>(statements.take, values)
      return rows
        .map((row) => ({ ...row, createdAt: Date.parse(row.createdAt) }))
        .toSorted((a, b) => (a.id < b.id ? -1 : 1))
    },

    extend: async (id, token, until) => (await change(statements.extend, sqlTime(until), id, token)) === 1,

    async release(id, token, { due, payload, result, uncounted }) {
      const values = [sqlTime(due), uncounted ? 1 : 0, payload ?? null, result ?? null]
      return (await change(statements.release, ...values, id, token)) === 1
    },

    async end(id, token, { status, now, result, keepPayload }) {
      return (
        (await change(statements.end, status, sqlTime(now), result, keepPayload ? 1 : 0, id, token)) === 1
      )
    },

    remove: async (id, token) => (await change(statements.remove, id, token)) === 1,
    async hurry(kind, tries, now) {
      await change(statements.hurry, sqlTime(now), kind, sqlTime(now), tries)
    },
    sweep: (before) => change(statements.sweep, sqlTime(before)),
  }
}
