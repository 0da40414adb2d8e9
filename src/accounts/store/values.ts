import { attributesText } from '../../shared/attribute-values.ts'
import type { ProfileValues } from '../../shared/profile/fields.ts'
import type { Account, Role } from '../account.ts'

export type Taken = 'username_taken' | 'email_taken'

/** What is kept of the claims of a person. */
export interface ProfileColumns extends ProfileValues {
  phoneVerified: boolean
  /** JSON. */
  address: string | null
}

/** A new account's values; times are the store's. */
export interface NewAccount extends Partial<ProfileColumns> {
  id: string
  username: string
  displayUsername: string
  email: string | null
  pendingEmail: string | null
  passwordHash: string | null
  role: Role
  disabledAt?: Date
  /** JSON. */
  attributes?: string | null
}

/** Values that a person or an administrator may change on an existing account. */
export type AccountChanges = Partial<
  Pick<NewAccount, 'pendingEmail' | 'role' | 'attributes'> &
    ProfileColumns & {
      invitedUntil: Date | null
      disabledAt: Date | null
      deletionAt: Date | null
      secondFactorRequired: boolean
      /** Also ends every sign-in, session and token of the account. */
      endsSignIns: true
    }
>

/** What a directory may change beside: it vouches for the address. */
export type ProvisionedChanges = AccountChanges & {
  username?: string
  displayUsername?: string
  email?: string
}

/** Those of the changes that would make a difference. A write without one would still move `updated_at`, which is a claim. */
export const differing = (before: Account, changes: AccountChanges): AccountChanges => {
  const is: Readonly<Record<string, unknown>> = {
    ...before,
    address: before.address && JSON.stringify(before.address),
    attributes: attributesText(before.attributes),
  }
  return Object.fromEntries(Object.entries(changes).filter(([field, value]) => is[field] !== value))
}
