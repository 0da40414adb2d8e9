/** A person, as administrators see them. Times are milliseconds since the epoch. */
export interface Account {
  id: string
  username: string
  displayUsername: string
  email: string | null
  pendingEmail: string | null
  givenName: string | null
  familyName: string | null
  role: 'user' | 'auditor' | 'admin'
  disabledAt: number | null
  lockedUntil: number | null
  createdAt: number
  updatedAt: number
  lastSignInAt: number | null
}
