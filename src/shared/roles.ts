/** What an account may do beside signing in, from the least to the most: an auditor sees the console, an admin changes things there. */
export const ROLES = ['user', 'auditor', 'admin'] as const

export type Role = (typeof ROLES)[number]
