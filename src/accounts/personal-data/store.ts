import type { Database } from '../../storage/database.ts'
import type { Account } from '../../storage/generated/sqlite/client.ts'
import { type Given, OWN, RELATED, type Relation } from './columns.ts'

/** Rows about an account as its owner gets them, by the names of the document. */
export interface PersonalRows {
  /** Undefined: there is no such account. */
  own(accountId: string): Promise<Record<string, unknown> | undefined>
  related(relation: Relation, accountId: string): Promise<Record<string, unknown>[]>
}

const snakeCase = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const given = (columns: Readonly<Record<string, Given>>): string[] =>
  Object.keys(columns).filter((column) => columns[column] === true)

/** Columns that hold JSON. */
const JSON_COLUMNS = new Set(['details', 'address'])

function shownOf(column: string, value: unknown): unknown {
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value !== 'string' || !JSON_COLUMNS.has(column) || !value.startsWith('{')) return value
  return JSON.parse(value) as unknown
}

const rowOf = (row: Readonly<Record<string, unknown>>, columns: readonly string[]) =>
  Object.fromEntries(columns.map((column) => [snakeCase(column), shownOf(column, row[column])]))

/** One query a table: what each gives is said in columns.ts. */
export function createPersonalRows({ prisma }: Pick<Database, 'prisma'>): PersonalRows {
  return {
    async own(accountId) {
      const row: Account | null = await prisma.account.findUnique({ where: { id: accountId } })
      return row ? rowOf({ ...row }, given(OWN)) : undefined
    },
    async related(relation, accountId) {
      const columns = given(RELATED[relation].columns)
      const select = Object.fromEntries(columns.map((column) => [column, true]))
      const found = await prisma.account.findUnique({
        where: { id: accountId },
        select: { [relation]: { select } },
      })
      const rows = (found as Record<string, unknown> | null)?.[relation] as
        | Record<string, unknown>[]
        | undefined
      return (rows ?? []).map((row) => rowOf(row, columns))
    },
  }
}
