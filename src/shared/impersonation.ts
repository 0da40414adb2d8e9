/** An administrator signed in as another person, to help them. Kept in the session, and in every Grant that is made in it. */
export interface Impersonation {
  /** Of the impersonation, as the audit log and REST name it. */
  id: string
  /** The account of the administrator: `sub` of the claim `act` (RFC 8693 §4.1). */
  by: string
  /** Of the sign-ins of the administrator, and the `uid` of the one that it began in: it ends with them. */
  generation: number
  session: string
  /** When it ends at the latest, in seconds since the epoch. */
  until: number
}

/** How long an impersonation lasts at most, in seconds. */
export const IMPERSONATION_TTL = 30 * 60

/** @param stored a session or a Grant. Undefined: its person has signed in by themselves */
export const impersonationOf = (stored: object | undefined): Impersonation | undefined =>
  (stored as { impersonation?: Impersonation } | undefined)?.impersonation

/** The claim `act` of what is issued in it. */
export const actOf = (impersonation: Impersonation | undefined): { act?: { sub: string } } =>
  impersonation === undefined ? {} : { act: { sub: impersonation.by } }
