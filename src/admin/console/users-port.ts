import type { Account } from '../account.ts'

/** What the area needs of accounts. No function takes or gives a password. */
export interface UsersDependencies {
  users: {
    byId(id: string): Promise<Account | undefined>
    search(query: {
      search?: string | undefined
      role?: Account['role'] | undefined
      cursor?: string | undefined
    }): Promise<{ items: Account[]; next_cursor?: string }>
    /** The claims come by the properties of src/profile-fields.ts. */
    createByAdmin(input: { username: string; email: string; role: Account['role'] }): Promise<Account>
    updateByAdmin(
      id: string,
      changes: { email?: string; role?: Account['role'] },
      given: { ifVersion?: number },
    ): Promise<Account>
    disable(id: string): Promise<unknown>
    enable(id: string): Promise<unknown>
    unlock(id: string): Promise<unknown>
    sendReset(id: string): Promise<unknown>
    sendInvitation(id: string): Promise<unknown>
    /** Undefined: the account went with it. */
    withdrawInvitation(id: string): Promise<Account | undefined>
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
