/** One thing that a check has looked at: of an installation (`latchkey doctor`) or of a provider. */
export interface Finding {
  name: string
  status: 'ok' | 'warn' | 'fail'
  message: string
  /** What to do about it. */
  remedy?: string
}
