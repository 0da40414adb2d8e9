/** A person as the console shows them. Times are milliseconds since the epoch. */
export interface UserRecord {
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

/** What the area needs of accounts. No function takes or gives a password. */
export interface UsersDependencies {
  users: {
    byId(id: string): Promise<UserRecord | undefined>
    search(query: {
      search?: string | undefined
      role?: UserRecord['role'] | undefined
      cursor?: string | undefined
    }): Promise<{ items: UserRecord[]; next_cursor?: string }>
    createByAdmin(input: {
      username: string
      email: string
      givenName?: string
      familyName?: string
      role: UserRecord['role']
    }): Promise<UserRecord>
    updateByAdmin(
      id: string,
      changes: { givenName?: string; familyName?: string; email?: string; role?: UserRecord['role'] },
      given: { ifVersion?: number },
    ): Promise<UserRecord>
    disable(id: string): Promise<unknown>
    enable(id: string): Promise<unknown>
    unlock(id: string): Promise<unknown>
    sendReset(id: string): Promise<unknown>
    endSessions(id: string): Promise<unknown>
    delete(id: string): Promise<unknown>
    waysIn(id: string): Promise<{
      password: boolean
      identities: { provider: string; label: string | null; lastUsedAt: number }[]
    }>
    devices(id: string): Promise<{ device: string; detail: string }[]>
    apps(id: string): Promise<{ clientId: string; name: string; scopes: string[] }[]>
    /** What the audit log has of a person, newest first. */
    history(id: string): Promise<{ at: number; what: string; by: string; href: string }[]>
  }
}
