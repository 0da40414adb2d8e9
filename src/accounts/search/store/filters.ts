/** What a list of accounts is narrowed by, as conditions on an account `a`, and how many there are of a kind. */
import { type Condition, momentOf, valuesOf } from '../../../storage/keyset.ts'
import { type Sql, sqlTime } from '../../../storage/sql.ts'
import type { Role } from '../../account.ts'

/** Each in the words of the index that holds just these accounts: by them an engine knows that it serves. */
const FACTORS = {
  sqlite: {
    any: "a.second_factors <> ''",
    none: "a.second_factors = ''",
    passkey: "instr(a.second_factors, 'passkey') > 0",
  },
  postgresql: {
    any: "a.second_factors <> ''",
    none: "a.second_factors = ''",
    passkey: "position('passkey' in a.second_factors) > 0",
  },
} as const
/** Those of a role are found by the index of all whose role is another than `user`. @param role a built-in one, or the ID of one */
const ofRole = (role: Role): Condition => ({
  text: role === 'user' ? "a.role = 'user'" : "a.role = CAST(? AS TEXT) AND a.role <> 'user'",
  values: role === 'user' ? [] : [role],
})

/** @param organization an ID */
const memberOf = (organization: string): Condition => ({
  text: 'a.id IN (SELECT m.account_id FROM organization_members m WHERE m.organization_id = CAST(? AS TEXT))',
  values: [organization],
})

/** Each in the words of its index, as FACTORS; `?` is now. A lock that has passed stays in the row until the next sign-in. */
const STATES = {
  disabled: 'a.disabled_at IS NOT NULL',
  locked: 'a.locked_until IS NOT NULL AND a.locked_until > ?',
  unverified: 'a.email IS NULL AND a.pending_email IS NOT NULL',
} as const

export type AccountState = keyof typeof STATES

export const stateIs = (reads: Sql, state: AccountState, now: number): Condition => ({
  text: STATES[state].replace('?', momentOf(reads.dialect)),
  values: state === 'locked' ? [sqlTime(now)] : [],
})

/** Accounts of a kind are counted up to so many, and one. */
const MOST_COUNTED = 1_000

/** How many accounts there are of a kind, up to a thousand and one each: by their indexes, in one statement. */
export interface StateCounts extends Record<AccountState, number> {
  admin: number
  auditor: number
  factor: number
}

/** @param now milliseconds since the epoch */
export async function countStates(reads: Sql, now: number): Promise<StateCounts> {
  const kinds: Readonly<Record<keyof StateCounts, Condition>> = {
    admin: ofRole('admin'),
    auditor: ofRole('auditor'),
    factor: { text: FACTORS[reads.dialect].any, values: [] },
    disabled: stateIs(reads, 'disabled', now),
    locked: stateIs(reads, 'locked', now),
    unverified: stateIs(reads, 'unverified', now),
  }
  const counted = Object.entries(kinds).map(
    ([name, { text }]) =>
      `(SELECT COUNT(*) FROM (SELECT 1 FROM accounts a WHERE ${text} LIMIT ${MOST_COUNTED + 1}) AS of_${name}) AS ${name}`,
  )
  const row = await reads.get<Record<keyof StateCounts, number | bigint>>(
    `SELECT ${counted.join(', ')}`,
    valuesOf(Object.values(kinds)),
  )
  const names = Object.keys(kinds) as (keyof StateCounts)[]
  return Object.fromEntries(names.map((name) => [name, Number(row?.[name] ?? 0)])) as unknown as StateCounts
}

export type SecondFactorFilter = keyof (typeof FACTORS)['sqlite']

/** What narrows a list of accounts. */
export interface AccountFilters {
  role?: Role | undefined
  organization?: string | undefined
  attribute?: { name: string; value: string } | undefined
  secondFactor?: SecondFactorFilter | undefined
  state?: AccountState | undefined
  /** Milliseconds since the epoch: what is locked is locked then. */
  now: number
}

/** What a value of an attribute is found by. */
export const valueAsIndexed = (dialect: Sql['dialect']): string =>
  `LOWER(${dialect === 'sqlite' ? 'substr(?, 1, 200)' : 'left(?, 200)'})`

/** The filters whose statements are few. */
export const plainFilters = (
  dialect: Sql['dialect'],
  { role, organization, secondFactor }: Pick<AccountFilters, 'role' | 'organization' | 'secondFactor'>,
): Condition[] => [
  ...(role === undefined ? [] : [ofRole(role)]),
  ...(organization === undefined ? [] : [memberOf(organization)]),
  ...(secondFactor === undefined ? [] : [{ text: FACTORS[dialect][secondFactor], values: [] }]),
]

/** All filters but the text, as conditions on an account. */
export function filtersOf(reads: Sql, wanted: AccountFilters): Condition[] {
  const { attribute, state, now } = wanted
  return [
    ...plainFilters(reads.dialect, wanted),
    ...(state === undefined ? [] : [stateIs(reads, state, now)]),
    ...(attribute === undefined
      ? []
      : [
          {
            text: `EXISTS (SELECT 1 FROM account_attributes v WHERE v.attribute = ? AND v.value = ${valueAsIndexed(reads.dialect)}
              AND v.created_at = a.created_at AND v.account_id = a.id)`,
            values: [attribute.name, attribute.value],
          },
        ]),
  ]
}
