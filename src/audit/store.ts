import type { RecordedThing } from '../shared/audit-problems.ts'
import type { Database } from '../storage/database.ts'
import { isUniqueViolation } from '../storage/driver-errors.ts'
import type { Prisma } from '../storage/generated/sqlite/client.ts'
import { type SqlValue, sqlTime, withNumbers } from '../storage/sql.ts'
import { asStorageError } from '../storage/unavailable.ts'
import type { Mark, MarkId, Place } from './chain.ts'
import type { Row } from './entry.ts'

/** A condition in SQL with its values. */
export interface Condition {
  text: string
  values: readonly SqlValue[]
  /** No index knows it: entries are looked at one by one (walk.ts). */
  walks?: boolean
  /** What it says about times, in milliseconds since the epoch. */
  times?: { from?: number; to?: number }
}

/** What is done to the chain in one transaction. */
export interface LockedAudit {
  /** Both marks, locked until the end of the transaction. */
  lockMarks(): Promise<Partial<Record<MarkId, Mark>>>
  /** Adds what is missing. */
  insertMarks(marks: Record<MarkId, Mark>): Promise<void>
  /** Moves a mark if it is still where it was. */
  moveMark(id: MarkId, from: Place, to: Mark): Promise<boolean>
  /** Puts a mark down, wherever it was. */
  putMark(id: MarkId, mark: Mark): Promise<void>
  newest(): Promise<Place | undefined>
  /** Whether there is no account, client, provider, API or key yet. */
  isNewInstallation(): Promise<boolean>
  insert(rows: readonly Row[]): Promise<void>
  deleteThrough(seq: number): Promise<void>
}

export { sqlTime }

const COLUMNS = `seq, at, action, actor_kind AS "actorKind", actor_id AS "actorId", actor_name AS "actorName",
  target_kind AS "targetKind", target_id AS "targetId", target_name AS "targetName", address,
  request_id AS "requestId", details, hash`

type StoredRow = Omit<Row, 'at'> & { at: string }
const toRow = (row: StoredRow): Row => ({ ...row, at: Date.parse(row.at) })

/** Waits for a connection and for other processes, in milliseconds. */
const PATIENCE = { maxWait: 10_000, timeout: 20_000 }

/** The tables of the log. */
export interface AuditStore {
  /**
   * Moves the head if it is still where it was, and adds the rows up to where it is then: all of it or nothing, and one wait for the disk.
   * @returns false: the head is at another place, or an entry is where a new one was to go
   */
  append(from: Place, head: Mark, rows: readonly Row[]): Promise<boolean>
  /** @returns `taken` when an entry is where a new one was to go: nothing was written */
  transaction<Result>(work: (locked: LockedAudit) => Promise<Result>): Promise<Result | 'taken'>
  marks(): Promise<Partial<Record<MarkId, Mark>>>
  /** The newest entry's. */
  newest(): Promise<Place | undefined>
  /** The number of the first entry since a time in milliseconds; undefined: there is none. */
  firstSince(time: number): Promise<number | undefined>
  /** 0: there is no entry. */
  newestSeq(): Promise<number>
  /** What was created last, and has an entry that says so, with the time in milliseconds. Undefined: there is nothing. */
  newestThing(): Promise<{ what: RecordedThing; at: number } | undefined>
  /** The newest entry of one action. */
  newestOf(action: string): Promise<Row | undefined>
  /** Oldest first, after one entry, up to another one. */
  range(after: number, through: number, limit: number): Promise<Row[]>
  find(seq: number): Promise<Row | undefined>
  /** Newest first, before one entry. The texts of the conditions are of a fixed set (filters.ts). */
  list(conditions: readonly Condition[], before: number, limit: number): Promise<Row[]>
}

export function createAuditStore({
  prisma,
  reads,
  writes,
}: Pick<Database, 'prisma' | 'reads' | 'writes'>): AuditStore {
  return {
    async append(from, head, rows) {
      const moved = [head.seq, head.hash, head.mac, 'head', from.seq, from.hash]
      try {
        if (writes.dialect === 'postgresql') {
          const inserted = await writes.run(APPEND, [...moved, JSON.stringify(rows.map(inColumns))])
          return inserted === rows.length
        }
        const [count] = await writes.together([
          { statement: MOVE, parameters: moved, decides: true },
          ...rows.map((row) => ({ statement: INSERT, parameters: Object.values(inColumns(row)) })),
        ])
        return count === 1
      } catch (error) {
        if (isUniqueViolation(error)) return false
        throw error
      }
    },

    newest: () => reads.get<Place>(NEWEST),

    async transaction(work) {
      try {
        return await prisma.$transaction((tx) => work(lockedIn(tx, reads.dialect)), PATIENCE)
      } catch (error) {
        if (isUniqueViolation(error)) return 'taken'
        throw asStorageError(error)
      }
    },

    async marks() {
      return byId(await reads.all<StoredMark>('SELECT id, seq, hash, mac FROM audit_marks'))
    },

    async firstSince(time) {
      const text = 'SELECT seq FROM audit_entries WHERE at >= ? ORDER BY at, seq LIMIT 1'
      return (await reads.get<{ seq: number }>(text, [sqlTime(time)]))?.seq
    },

    async newestSeq() {
      return (await reads.get<{ seq: number }>(NEWEST))?.seq ?? 0
    },

    async newestThing() {
      const things = await Promise.all(
        Object.entries(RECORDED).map(async ([table, what]) => {
          const text = `SELECT created_at AS "at" FROM ${table} ORDER BY created_at DESC LIMIT 1`
          const row = await reads.get<{ at: string }>(text)
          return row && { what, at: Date.parse(row.at) }
        }),
      )
      return things.filter((thing) => thing !== undefined).toSorted((a, b) => b.at - a.at)[0]
    },

    async newestOf(action) {
      const text = `SELECT ${COLUMNS} FROM audit_entries WHERE action = ? ORDER BY seq DESC LIMIT 1`
      const row = await reads.get<StoredRow>(text, [action])
      return row && toRow(row)
    },

    async range(after, through, limit) {
      const text = `SELECT ${COLUMNS} FROM audit_entries WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`
      return (await reads.all<StoredRow>(text, [after, through, limit])).map(toRow)
    },

    async find(seq) {
      const row = await reads.get<StoredRow>(`SELECT ${COLUMNS} FROM audit_entries WHERE seq = ?`, [seq])
      return row && toRow(row)
    },

    async list(conditions, before, limit) {
      const where = [{ text: 'seq < ?', values: [before] }, ...conditions]
      const text = `SELECT ${COLUMNS} FROM audit_entries WHERE ${where.map((each) => each.text).join(' AND ')}
        ORDER BY seq DESC LIMIT ?`
      const values = where.flatMap((each) => each.values)
      return (await reads.all<StoredRow>(text, [...values, limit])).map(toRow)
    },
  }
}

/** Whatever is in these tables has an entry of when it came there. */
const RECORDED: Readonly<Record<string, RecordedThing>> = {
  accounts: 'account',
  clients: 'client',
  identity_providers: 'provider',
  resources: 'api',
  signing_keys: 'key',
}

const ANYTHING = `SELECT 1 AS found WHERE ${Object.keys(RECORDED)
  .map((table) => `EXISTS (SELECT 1 FROM ${table})`)
  .join(' OR ')}`

const NEWEST = 'SELECT seq, hash FROM audit_entries ORDER BY seq DESC LIMIT 1'

type StoredMark = Mark & { id: string }

const byId = (rows: readonly StoredMark[]): Partial<Record<MarkId, Mark>> =>
  Object.fromEntries(rows.map(({ id, seq, hash, mac }) => [id, { seq, hash, mac }]))

/** A row by its columns, in the order of the statements. */
const inColumns = (row: Row): Record<string, SqlValue> => ({
  seq: row.seq,
  at: sqlTime(row.at),
  action: row.action,
  actor_kind: row.actorKind,
  actor_id: row.actorId,
  actor_name: row.actorName,
  target_kind: row.targetKind,
  target_id: row.targetId,
  target_name: row.targetName,
  address: row.address,
  request_id: row.requestId,
  details: row.details,
  hash: row.hash,
})

const INSERTED = `audit_entries (seq, at, action, actor_kind, actor_id, actor_name, target_kind, target_id,
  target_name, address, request_id, details, hash)`

const MOVE = 'UPDATE audit_marks SET seq = ?, hash = ?, mac = ? WHERE id = ? AND seq = ? AND hash = ?'

const INSERT = `INSERT INTO ${INSERTED} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

/** Rows of one JSON text, so that one statement is prepared for any number. */
const INSERT_JSON = `INSERT INTO ${INSERTED} SELECT added.* FROM json_to_recordset(CAST(? AS json)) AS added (seq integer,
  at timestamp(3), action text, actor_kind text, actor_id text, actor_name text, target_kind text, target_id text,
  target_name text, address text, request_id text, details text, hash text)`

const APPEND = `WITH moved AS (${MOVE} RETURNING 1) ${INSERT_JSON} WHERE EXISTS (SELECT 1 FROM moved)`

function lockedIn(tx: Prisma.TransactionClient, dialect: 'sqlite' | 'postgresql'): LockedAudit {
  // On SQLite a transaction has the whole database.
  const lock = dialect === 'postgresql' ? ' FOR UPDATE' : ''
  // The head first: a `moveMark` that found it at another place has locked it already.
  const marks = `SELECT id, seq, hash, mac FROM audit_marks ORDER BY id DESC${lock}`
  return {
    lockMarks: async () => byId(await tx.$queryRawUnsafe<StoredMark[]>(marks)),
    async insertMarks(added) {
      for (const [id, { seq, hash, mac }] of Object.entries(added))
        await tx.$executeRaw`INSERT INTO audit_marks (id, seq, hash, mac) VALUES (${id}, ${seq}, ${hash}, ${mac})
          ON CONFLICT (id) DO NOTHING`
    },
    async moveMark(id, { seq, hash }, to) {
      const moved =
        await tx.$executeRaw`UPDATE audit_marks SET seq = ${to.seq}, hash = ${to.hash}, mac = ${to.mac}
        WHERE id = ${id} AND seq = ${seq} AND hash = ${hash}`
      return moved === 1
    },
    async putMark(id, mark) {
      await tx.auditMark.upsert({ where: { id }, create: { id, ...mark }, update: mark })
    },
    isNewInstallation: async () => (await tx.$queryRawUnsafe<unknown[]>(ANYTHING)).length === 0,
    newest: async () => (await tx.$queryRawUnsafe<Place[]>(NEWEST))[0],
    async insert(rows) {
      if (dialect === 'postgresql')
        await tx.$executeRawUnsafe(withNumbers(INSERT_JSON), JSON.stringify(rows.map(inColumns)))
      else for (const row of rows) await tx.$executeRawUnsafe(INSERT, ...Object.values(inColumns(row)))
    },
    async deleteThrough(seq) {
      await tx.auditEntry.deleteMany({ where: { seq: { lte: seq } } })
    },
  }
}
