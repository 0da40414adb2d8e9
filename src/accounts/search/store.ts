import type { Position } from '../../shared/paging.ts'
import { identifyingFields } from '../../shared/profile/fields.ts'
import { type Sql, type SqlValue, sqlTime } from '../../storage/sql.ts'
import type { Role } from '../account.ts'

/** A moment as the column holds it. */
const moments = { sqlite: 'CAST(? AS TEXT)', postgresql: 'CAST(? AS TIMESTAMP)' } as const

const WITH_FACTOR = {
  any: "second_factors <> ''",
  none: "second_factors = ''",
  passkey: "second_factors LIKE '%passkey%'",
} as const

export type SecondFactorFilter = keyof typeof WITH_FACTOR

const SEARCHED = [
  'username',
  'email',
  'pending_email',
  ...identifyingFields.map(({ claim }) => `LOWER(${claim})`),
]

/**
 * The ids of accounts, newest first: one walk along the index of the list, which ends when the page is full.
 * @param wanted.search part of the username, of an address or of a name, or the id; case as far as ASCII goes is the same
 */
export async function findAccountIds(
  reads: Sql,
  wanted: {
    search?: string | undefined
    role?: Role | undefined
    secondFactor?: SecondFactorFilter | undefined
    after?: Position | undefined
    limit: number
  },
): Promise<string[]> {
  const { search, role, secondFactor, after, limit } = wanted
  const conditions: string[] = []
  const values: SqlValue[] = []
  if (search !== undefined) {
    const typed = search.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
    const pattern = `%${typed.replace(/[%_!]/g, '!$&')}%`
    conditions.push(`(id = ? OR ${SEARCHED.map((column) => `${column} LIKE ? ESCAPE '!'`).join(' OR ')})`)
    values.push(typed, ...SEARCHED.map(() => pattern))
  }
  if (role !== undefined) {
    conditions.push('role = ?')
    values.push(role)
  }
  if (secondFactor !== undefined) conditions.push(WITH_FACTOR[secondFactor])
  if (after !== undefined) {
    const moment = moments[reads.dialect]
    const at = sqlTime(after.at)
    conditions.push(`(created_at < ${moment} OR (created_at = ${moment} AND id < ?))`)
    values.push(at, at, after.id)
  }
  const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''
  const rows = await reads.all<{ id: string }>(
    `SELECT id FROM accounts ${where} ORDER BY created_at DESC, id DESC LIMIT ?`,
    [...values, limit],
  )
  return rows.map(({ id }) => id)
}
