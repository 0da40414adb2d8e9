import { type AttributeValues, storedAttributes } from '../shared/attribute-values.ts'
import { AppError } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import type { Address } from '../shared/profile/address.ts'
import { type ProfileValues, profileOf } from '../shared/profile/fields.ts'
import type { Role } from '../shared/roles.ts'
import { type SecondFactor, secondFactorsOf } from '../shared/second-factor.ts'

export type { Role }

/** A person who can sign in, as other features see them. Times are milliseconds since the epoch. */
export interface Account extends ProfileValues {
  /** The OpenID Connect subject. */
  id: string
  /** Canonical: NFKC, lower case, unique. */
  username: string
  /** As typed. */
  displayUsername: string
  /** An address whose owner has proven it; null: none yet. */
  email: string | null
  /** An address that waits for its proof. Claim nothing from it. */
  pendingEmail: string | null
  phoneVerified: boolean
  address: Address | null
  role: Role
  /** Until when an invitation can be accepted, also when that is over; null: there is none, or it was accepted. */
  invitedUntil: number | null
  disabledAt: number | null
  /**
   * Raised by whatever ends sign-ins, in the same transaction. Sessions, Grants and sign-ins under way carry the one that
   * they began with; those of another count for nothing.
   */
  generation: number
  lockedUntil: number | null
  createdAt: number
  updatedAt: number
  /** To the minute. */
  lastSignInAt: number | null
  /** What its sign-ins are verified by, beside the password. */
  secondFactors: readonly SecondFactor[]
  /** Since when it has had one. */
  secondFactorSince: number | null
  /** It has one, or had one before: the password alone sets none up again. */
  hadSecondFactor: boolean
  /** An administrator requires a second factor of this person. */
  secondFactorRequired: boolean
  /** When it is deleted for good, unless its owner changes their mind. */
  deletionAt: number | null
  /** What administrators have defined beside the claims, by its name. */
  attributes: AttributeValues
}

/** What decides about a token of an account, and what an introspection says of the account. */
export type TokenHolder = Pick<
  Account,
  'id' | 'username' | 'email' | 'disabledAt' | 'generation' | 'attributes'
>

/** An account with what only this feature may see. */
export interface StoredAccount extends Account {
  passwordHash: string | null
  passwordChangedAt: number | null
}

type Time = Date | string

/** A row as Prisma (dates, booleans) or a prepared statement (ISO 8601 text, 0 and 1) gives it. */
export type AccountRow = Omit<
  Account,
  | Moment
  | PossibleMoment
  | 'phoneVerified'
  | 'address'
  | 'role'
  | 'secondFactors'
  | 'secondFactorRequired'
  | 'attributes'
  | 'hadSecondFactor'
> &
  Record<Moment, Time> &
  Record<PossibleMoment, Time | null> & {
    phoneVerified: boolean | number
    /** JSON. */
    address: string | null
    /** JSON. */
    attributes: string | null
    role: string
    /** Space-separated. */
    secondFactors: string
    secondFactorRequired: boolean | number
    hadSecondFactor: boolean | number
  }

type Moment = 'createdAt' | 'updatedAt'
type PossibleMoment =
  | 'invitedUntil'
  | 'disabledAt'
  | 'lockedUntil'
  | 'lastSignInAt'
  | 'secondFactorSince'
  | 'deletionAt'

export function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    username: row.username,
    displayUsername: row.displayUsername,
    email: row.email,
    pendingEmail: row.pendingEmail,
    ...profileOf(row),
    phoneVerified: Boolean(row.phoneVerified),
    address: row.address === null ? null : (JSON.parse(row.address) as Address),
    role: row.role,
    invitedUntil: orNull(row.invitedUntil),
    disabledAt: orNull(row.disabledAt),
    generation: row.generation,
    lockedUntil: orNull(row.lockedUntil),
    createdAt: milliseconds(row.createdAt),
    updatedAt: milliseconds(row.updatedAt),
    lastSignInAt: orNull(row.lastSignInAt),
    secondFactors: secondFactorsOf(row.secondFactors),
    secondFactorSince: orNull(row.secondFactorSince),
    hadSecondFactor: Boolean(row.hadSecondFactor),
    secondFactorRequired: Boolean(row.secondFactorRequired),
    deletionAt: orNull(row.deletionAt),
    attributes: storedAttributes(row.attributes),
  }
}

export const toTokenHolder = (row: Pick<AccountRow, keyof TokenHolder>): TokenHolder => ({
  id: row.id,
  username: row.username,
  email: row.email,
  disabledAt: orNull(row.disabledAt),
  generation: row.generation,
  attributes: storedAttributes(row.attributes),
})

export type StoredRow = AccountRow & { passwordHash: string | null; passwordChangedAt: Time | null }

export const toStoredAccount = (row: StoredRow): StoredAccount => ({
  ...toAccount(row),
  passwordHash: row.passwordHash,
  passwordChangedAt: orNull(row.passwordChangedAt),
})

export function withoutPassword({
  passwordHash: _,
  passwordChangedAt: __,
  ...account
}: StoredAccount): Account {
  return account
}

/** In JSON of PostgreSQL the zone is left out: every time is stored in UTC. Most have the zone of `sqlTime`: no pattern is asked for them. */
const milliseconds = (time: Time): number => {
  if (typeof time !== 'string') return time.getTime()
  return Date.parse(time.endsWith('+00:00') || /(Z|[+-]\d\d:\d\d)$/.test(time) ? time : `${time}Z`)
}
const orNull = (time: Time | null): number | null => (time === null ? null : milliseconds(time))

export const notFound = (): AppError => new AppError('account_not_found', 404, message('error.noAccount'))
