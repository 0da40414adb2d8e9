/** What happened to the second factors of an account, for the audit log. Never a secret, code, password or hash. */
export interface FactorEvent {
  type:
    | 'factor.added'
    | 'factor.removed'
    | 'factor.renamed'
    /** The counter of a passkey went back, so there may be a copy of it: it is refused from now on. */
    | 'factor.refused'
    /** A code was checked and not right: the person has shown the password already. */
    | 'factor.code_wrong'
    /** So many were wrong that no more are checked for a while. */
    | 'factor.locked'
    | 'factor.recovery_codes_renewed'
    | 'factor.recovery_code_used'
    /** A code that was sent to a number came back: it is the verified one of the account. */
    | 'factor.phone_verified'
    | 'factor.app_password_added'
    | 'factor.app_password_removed'
    | 'factor.browser_remembered'
    | 'factor.browser_forgotten'
  accountId: string
  username?: string
  /** `totp`, `passkey`, … of a factor, or of a code. */
  kind?: string
  /** Recovery codes that can still be used. */
  left?: number
  /** Of a phone, hidden but for its last digits. */
  number?: string
  /** Whether people sign in to the account by the number. */
  signs_in?: boolean
  /** Of an app password, as its owner calls it. */
  app_password?: string
}
