/** How often something may be done: the numbers behind the rate limits, and the variables that set them. */
export interface Rule {
  /**
   * Counted by network address, or by the account that a form names. `failing`: by address and client, of clients that
   * fail to authenticate.
   */
  readonly per: 'address' | 'account' | 'failing'
  readonly max: number
  /** Seconds. */
  readonly window: number
}

const MINUTE = 60
const HOUR = 60 * MINUTE

/**
 * How often one address (an IPv6 /64), or one account, may do what. Offices and schools share an address, so those
 * numbers are generous; guessing at one account is what the second rule and the lock-out stop. Routes that name the
 * same limit share its counters.
 */
export const limits = {
  signIn: [
    { per: 'address', max: 30, window: MINUTE },
    { per: 'account', max: 10, window: MINUTE },
  ],
  register: [{ per: 'address', max: 60, window: HOUR }],
  /** Everything that makes us send a message. */
  mail: [
    { per: 'address', max: 30, window: HOUR },
    { per: 'account', max: 5, window: HOUR },
  ],
  /** Entering a one-time code, or opening a one-time link. */
  oneTimeToken: [{ per: 'address', max: 30, window: MINUTE }],
  /** Changing an account while signed in; each may cost a password hash. */
  account: [{ per: 'address', max: 60, window: MINUTE }],
  /** Passwords that are looked at while they are typed: a few for each that is chosen. */
  passwordStrength: [{ per: 'address', max: 60, window: MINUTE }],
  /** Names and addresses that a manager of a group tries: those that belong to nobody are counted. */
  groupMember: [{ per: 'account', max: 20, window: 10 * MINUTE }],
  /** The way to a provider and back. */
  federation: [{ per: 'address', max: 30, window: MINUTE }],
  authorization: [{ per: 'address', max: 300, window: MINUTE }],
  /** Devices that ask for a code, each of which is stored for a while. */
  deviceAuthorization: [{ per: 'address', max: 60, window: MINUTE }],
  /** Entering the code of a device; a right one counts for nothing. Guessing has 20⁸ to try, in minutes. */
  deviceCode: [
    { per: 'address', max: 30, window: 10 * MINUTE },
    { per: 'account', max: 10, window: 10 * MINUTE },
  ],
  /** A back end does this for all its users from one address: 200 a second. */
  token: [{ per: 'address', max: 6000, window: 30 }],
  /** Clients that show a wrong secret or assertion, or are none. */
  failingClient: [{ per: 'failing', max: 30, window: MINUTE }],
  /** Programs that register themselves or look after it. */
  clientRegistration: [{ per: 'address', max: 60, window: MINUTE }],
  /** Registering without being asked to. */
  openRegistration: [{ per: 'address', max: 10, window: HOUR }],
  /** Directories that provision people: a first run sends one request a person and more. */
  scim: [{ per: 'address', max: 1500, window: MINUTE }],
  admin: [{ per: 'address', max: 300, window: MINUTE }],
} as const satisfies Record<string, readonly Rule[]>

export type LimitName = keyof typeof limits
/** Every limit, with the variables that set it. */
export type Limits = Readonly<Record<LimitName, readonly (Rule & { readonly variable: string })[]>>

/** What a right password, code or sign-in does not count for: only what went wrong is left on the counter. */
export const RETURNED: ReadonlySet<LimitName> = new Set([
  'signIn',
  'oneTimeToken',
  'federation',
  'authorization',
  'deviceCode',
  'groupMember',
])

/** Counted once for all processes on one database, or Redis; the others are too frequent for that. */
export const SHARED: ReadonlySet<LimitName> = new Set([
  'signIn',
  'register',
  'mail',
  'oneTimeToken',
  'failingClient',
  'deviceAuthorization',
  'deviceCode',
  'groupMember',
  'clientRegistration',
  'openRegistration',
])

/** The variable that sets a rule's `max`: `RATE_LIMIT_SIGN_IN`, `RATE_LIMIT_SIGN_IN_PER_ACCOUNT`. */
export const variableOf = (name: LimitName, { per }: Rule): string =>
  `RATE_LIMIT_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}${
    per === 'account' ? '_PER_ACCOUNT' : ''
  }`

/** Every limit, each rule with the number that `maxOf` gives for it whenever it is read. */
export const limitsWith = (maxOf: (variable: string, rule: Rule) => number): Limits =>
  Object.fromEntries(
    (Object.entries(limits) as [LimitName, readonly Rule[]][]).map(([name, rules]) => [
      name,
      rules.map((rule) => {
        const variable = variableOf(name, rule)
        return {
          per: rule.per,
          window: rule.window,
          variable,
          get max() {
            return maxOf(variable, rule)
          },
        }
      }),
    ]),
  ) as unknown as Limits
