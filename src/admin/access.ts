/** Who may use the console and the administration API, beside people who only have an account. */
export type AdminRole = 'auditor' | 'admin'

/**
 * What a route asks of whoever calls it: `read` looks; `write` changes; `dangerous` changes what cannot be taken back or
 * opens a door, and asks a person to have signed in lately.
 */
export type Needs = 'read' | 'write' | 'dangerous'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Every route below /admin and /api/admin says what it needs; one that does not is refused at start. */
    admin?: Needs
  }
}

/** The table of roles: an auditor reads everything and changes nothing. */
export const allows = (role: string, needs: Needs): boolean =>
  role === 'admin' || (role === 'auditor' && needs === 'read')
