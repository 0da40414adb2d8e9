import { type Kind, number } from './kinds.ts'

/** The parts of the page, in its order. */
export const SECTIONS = {
  accounts: 'Accounts',
  passwords: 'Passwords',
  sign_in: 'Signing in',
  second_factors: 'Second factors',
  sessions: 'Sessions and tokens',
  applications: 'Applications',
  pages: 'Pages',
  mail: 'Mail',
  sms: 'Codes by SMS',
  organizations: 'Organizations',
  operation: 'Operation',
  limits: 'Rate limits',
} as const

export type SectionId = keyof typeof SECTIONS

export interface Setting<Value = unknown> extends Kind<Value> {
  section: SectionId
  /** Names it, on the page. */
  label: string
  /** What it does, for people. Markdown's `code` alone. */
  sentence: string
  /** Where docs/ say more. */
  see?: string
  /**
   * It holds a door to accounts: another value could weaken or reroute how people prove who they are, or hide from their owners that others
   * got in. People with the role may change it, a client that acts for itself may not (src/admin/rest/machine.ts).
   */
  guards?: true
}

export const DAY = 86_400

export const seconds = (fallback: number, low: number, high = 3650 * DAY): Kind<number> =>
  number(fallback, low, high, { unit: 'seconds' })
