/** The roles that are always there: a user has an account, an auditor sees the console, an admin changes things there. */
export const BUILT_IN_ROLES = ['user', 'auditor', 'admin'] as const

/** What an account may do beside signing in: a built-in role, or the ID of an administrator role that was defined. */
export type Role = string

export const isBuiltIn = (role: string): role is (typeof BUILT_IN_ROLES)[number] =>
  (BUILT_IN_ROLES as readonly string[]).includes(role)
