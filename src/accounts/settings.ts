/** Lifetimes in seconds. Each is read when it is needed: it may change while the server runs. */
export interface AccountSettings {
  /** Characters of a password that is alone, and of one whose owner needs a second factor beside it. */
  readonly passwordMinLength: number
  readonly passwordMinLengthWithSecondFactor: number
  /** Words of the organization that count as known to an attacker. */
  readonly passwordWords: readonly string[]
  readonly lockoutFailures: number
  readonly lockoutSeconds: number
  readonly verificationTtl: number
  readonly resetTtl: number
  /** Whether people are told of a sign-in on a new device; default `on`. */
  readonly newDeviceMails?: 'on' | 'off'
  /** Whether a verified phone number is a name to sign in by; default `off`. */
  readonly phoneSignIn?: 'off' | 'on'
  /** Default `open`. */
  readonly registration?: 'open' | 'closed'
  /** Where the addresses of people must be, lower case and ASCII; default anywhere. Administrators may say others. */
  readonly emailDomains?: readonly string[]
}
