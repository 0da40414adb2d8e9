import { profileFields } from '../../shared/profile/fields.ts'
import type { Database } from '../../storage/database.ts'
import { amongTexts, sqlTime } from '../../storage/sql.ts'
import {
  type Account,
  type AccountRow,
  type StoredAccount,
  type StoredRow,
  toAccount,
  toStoredAccount,
  toTokenHolder,
} from '../account.ts'
import type { SecondFactorShares } from '../accounts.ts'
import type { Login } from '../login.ts'
import { countStates, type StateCounts } from '../search/store/filters.ts'
import { findSortedIds, type SortedIds, type SortedWanted } from '../search/store/sorted.ts'
import { findAccountIds } from '../search/store.ts'

/** Finding accounts. */
export interface AccountReads {
  /** On every token and userinfo request: about 10 µs. */
  byId(id: string): Promise<Account | undefined>
  withPassword(id: string): Promise<StoredAccount | undefined>
  byUsername(username: string): Promise<StoredAccount | undefined>
  /**
   * The account that a typed identifier means. A proven address is its owner's, even where another account has it for a username
   * (imported ones may look like addresses), and so is a number that codes have come back from; an unverified address comes last, since anyone can claim it.
   * One statement.
   */
  byLogin(login: Login): Promise<StoredAccount | undefined>
  /** The account that has proven the address. */
  byProvenEmail(email: string): Promise<Account | undefined>
  /** The account that has verified the address, else the newest that waits for it. One query. */
  byEmail(email: string): Promise<Account | undefined>
  /** The newest account that may sign in and waits to prove the address; an invitation proves it otherwise. */
  waitingFor(email: string): Promise<Account | undefined>
  /** The accounts that are invited by an address at a time, newest first. */
  invitedAt(email: string, at: Date): Promise<Account[]>
  /** As they were found: the ids first, then the accounts. */
  findMany(wanted: Parameters<typeof findAccountIds>[1]): Promise<Account[]>
  /** In an order (src/accounts/search/store/sorted.ts). */
  findSorted(wanted: SortedWanted): Promise<{ accounts: Account[] } & Pick<SortedIds, 'resume'>>
  /** Newest first. @param after id of the last account of the page before */
  list(page: { limit: number; after?: string | undefined }): Promise<Account[]>
  /** Administrators who can sign in. */
  countAdministrators(): Promise<number>
  /** One statement. */
  secondFactorShares(): Promise<SecondFactorShares>
  /** @param now milliseconds since the epoch */
  stateCounts(now: number): Promise<StateCounts>
}

/** Of an account without its password, as `toAccount` takes them. */
export const accountColumns = `id, username, display_username AS "displayUsername", email,
  pending_email AS "pendingEmail", ${profileFields.map(({ claim, property }) => `${claim} AS "${property}"`).join(', ')},
  phone_verified AS "phoneVerified", address, role, invited_until AS "invitedUntil", disabled_at AS "disabledAt",
  generation, locked_until AS "lockedUntil", created_at AS "createdAt",
  updated_at AS "updatedAt", last_sign_in_at AS "lastSignInAt", second_factors AS "secondFactors",
  second_factor_since AS "secondFactorSince", second_factor_required AS "secondFactorRequired",
  deletion_at AS "deletionAt", attributes, had_second_factor AS "hadSecondFactor"`

/** An account as the rest of the server sees it, for who reads it beside something else (src/storage/token-reads). */
export const accountView = { columns: accountColumns, from: toAccount }

/** A fifth of the columns: all of them, and what is made of them, take 6 % of an introspection. */
export const holderView = {
  columns: 'id, username, email, disabled_at AS "disabledAt", generation, attributes',
  from: toTokenHolder,
}

const byIdStatement = `SELECT ${accountColumns} FROM accounts WHERE id = ?`

/** Of an account that has proven no address. Not `email IS NULL`, by which SQLite would walk along all of them in the index of `email`. */
const unproven = (account: string) => `COALESCE(${account}.email, '') = ''`

/** Of `found`: it is the newest account that has proven no address and waits for one. The newest is looked up once, not compared with each. */
const NEWEST_WAITING = `found.id = (SELECT newer.id FROM accounts AS newer
  WHERE ${unproven('newer')} AND newer.pending_email = ? ORDER BY newer.created_at DESC, newer.id DESC LIMIT 1)`

/** Up to one account for each thing that a typed name may stand for, and its place among them. */
const loginStatement = (proven: string) => `SELECT ${accountColumns}, password_hash AS "passwordHash",
  password_changed_at AS "passwordChangedAt", CASE WHEN ${proven} THEN 0 WHEN username = ? THEN 1 ELSE 2 END AS place
  FROM accounts AS found WHERE ${proven} OR username = ? OR ${NEWEST_WAITING}`

const byLoginStatement = loginStatement('email = ?')
const byPhoneStatement = loginStatement('(email = ? OR phone_login = ?)')

const byEmailStatement = `SELECT ${accountColumns} FROM accounts AS found WHERE email = ? OR ${NEWEST_WAITING}`

/** Also of accounts that have proven an address and change it. */
const waitingStatement = (conditions: string) => `SELECT ${accountColumns} FROM accounts AS found
  WHERE pending_email = ? AND disabled_at IS NULL AND ${conditions} ORDER BY created_at DESC, id DESC`

const waitingForStatement = `${waitingStatement('invited_until IS NULL')} LIMIT 1`
const invitedAtStatement = waitingStatement(`${unproven('found')} AND invited_until > ?`)

/** What is asked on hot paths, or where many wait, is a prepared statement. */
export function createAccountReads({ prisma, reads }: Pick<Database, 'prisma' | 'reads'>): AccountReads {
  async function inOrder(ids: readonly string[]): Promise<Account[]> {
    if (ids.length === 0) return []
    const rows = await reads.all<AccountRow>(
      `SELECT ${accountColumns} FROM accounts WHERE id ${amongTexts[reads.dialect]}`,
      [JSON.stringify(ids)],
    )
    const byId = new Map(rows.map((row) => [row.id, toAccount(row)]))
    return ids.flatMap((id) => byId.get(id) ?? [])
  }

  return {
    async byId(id) {
      const row = await reads.get<AccountRow>(byIdStatement, [id])
      return row && toAccount(row)
    },

    async withPassword(id) {
      const row = await prisma.account.findUnique({ where: { id } })
      return row ? toStoredAccount(row) : undefined
    },

    async byUsername(username) {
      // PostgreSQL refuses a NUL instead of finding nothing.
      if (username.includes('\0')) return undefined
      const row = await prisma.account.findUnique({ where: { username } })
      return row ? toStoredAccount(row) : undefined
    },

    async byLogin(login) {
      const { username, email = null, phone } = login
      // PostgreSQL refuses a NUL instead of finding nothing.
      if (username.includes('\0')) return undefined
      const proven = phone === undefined ? [email] : [email, phone]
      const rows = await reads.all<StoredRow & { place: number }>(
        phone === undefined ? byLoginStatement : byPhoneStatement,
        [...proven, username, ...proven, username, email],
      )
      const [row] = rows.toSorted((one, other) => one.place - other.place)
      return row && toStoredAccount(row)
    },

    async byProvenEmail(email) {
      const row = await prisma.account.findUnique({ where: { email } })
      return row ? toAccount(row) : undefined
    },

    async byEmail(email) {
      const rows = await reads.all<AccountRow>(byEmailStatement, [email, email])
      const row = rows.find((each) => each.email === email) ?? rows[0]
      return row && toAccount(row)
    },

    async waitingFor(email) {
      const row = await reads.get<AccountRow>(waitingForStatement, [email])
      return row && toAccount(row)
    },

    async invitedAt(email, at) {
      const rows = await reads.all<AccountRow>(invitedAtStatement, [email, sqlTime(at)])
      return rows.map(toAccount)
    },

    findMany: async (wanted) => inOrder(await findAccountIds(reads, wanted)),

    async findSorted(wanted) {
      const { ids, resume } = await findSortedIds(reads, wanted)
      return { accounts: await inOrder(ids), resume }
    },

    async list({ limit, after }) {
      const behind = after
        ? 'WHERE (created_at, id) < (SELECT created_at, id FROM accounts WHERE id = ?)'
        : ''
      const rows = await reads.all<AccountRow>(
        `SELECT ${accountColumns} FROM accounts ${behind} ORDER BY created_at DESC, id DESC LIMIT ?`,
        [...(after ? [after] : []), limit],
      )
      return rows.map(toAccount)
    },

    async countAdministrators() {
      // By the index of those whose role is another than `user`.
      const text = `SELECT COUNT(*) AS count FROM accounts
        WHERE role = 'admin' AND role <> 'user' AND disabled_at IS NULL`
      return (await reads.get<{ count: number }>(text))?.count ?? 0
    },

    stateCounts: (now) => countStates(reads, now),

    async secondFactorShares() {
      const row = await reads.get<Record<'people' | 'with_factor' | 'with_passkey', number | string>>(
        // Written by triggers (prisma/…/growth_of_accounts).
        `SELECT SUM(people) AS people, SUM(with_factor) AS with_factor, SUM(with_passkey) AS with_passkey
        FROM account_tallies`,
      )
      const count = (name: 'people' | 'with_factor' | 'with_passkey') => Number(row?.[name] ?? 0)
      return {
        people: count('people'),
        withSecondFactor: count('with_factor'),
        withPasskey: count('with_passkey'),
      }
    },
  }
}
