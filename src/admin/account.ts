import type { Address, ProfileValues } from '../profile-fields.ts'

/** A person, as administrators see them. Times are milliseconds since the epoch. */
export interface Account extends ProfileValues {
  id: string
  username: string
  displayUsername: string
  email: string | null
  pendingEmail: string | null
  phoneVerified: boolean
  address: Address | null
  role: 'user' | 'auditor' | 'admin'
  /** Until when an invitation can be accepted, also when that is over; null: there is none, or it was accepted. */
  invitedUntil: number | null
  disabledAt: number | null
  lockedUntil: number | null
  createdAt: number
  updatedAt: number
  lastSignInAt: number | null
}
