import { type LimitName, limits, type Rule, variableOf } from '../../shared/limits.ts'
import { type Kind, number } from '../kinds.ts'

/** What each limit counts: by address, and by account where it counts that too. */
const WHAT: { readonly [Name in LimitName]: readonly string[] } = {
  signIn: ['sign-ins by one address', 'sign-ins to one account, from anywhere'],
  register: ['accounts created by one address'],
  mail: ['messages that one address has us send', 'messages to one person, from all addresses'],
  oneTimeToken: ['codes typed and links opened'],
  account: ['changes of one’s own account'],
  passwordStrength: ['passwords looked at while they are typed'],
  groupMember: ['names of nobody that one manager of a group tries to add'],
  federation: ['sign-ins at providers'],
  authorization: ['authorization requests'],
  deviceAuthorization: ['devices of one address that ask for a code'],
  deviceCode: [
    'codes of devices entered by one address',
    'codes of devices entered by one person who is signed in',
  ],
  token: ['token, userinfo, introspection, revocation, pushed requests'],
  failingClient: [
    'failed authentications of one client from one address; malformed ones, and of unknown clients, together',
  ],
  clientRegistration: ['calls of programs that register themselves'],
  openRegistration: ['clients registered without being asked to'],
  scim: ['requests of directories that provision people'],
  admin: ['the console and its REST interface'],
}

/** The limits that stand against guessing of passwords, codes, links and secrets; the others hold load. */
const AGAINST_GUESSING: ReadonlySet<LimitName> = new Set([
  'signIn',
  'oneTimeToken',
  'account',
  'groupMember',
  'federation',
  'deviceCode',
  'failingClient',
])

/** `rate_limit_sign_in`, `rate_limit_sign_in_per_account`: the variable of a rule in lower case. */
export type LimitSetting = `rate_limit_${string}`

export const limitSetting = (variable: string): LimitSetting => variable.toLowerCase() as LimitSetting

const within = (seconds: number): string =>
  seconds === 3600 ? 'an hour' : seconds === 60 ? 'a minute' : `${seconds} seconds`

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** A row for the number of each rule. */
export const limitRows: Readonly<
  Record<LimitSetting, Kind<number> & { section: 'limits'; guards?: true; label: string; sentence: string }>
> = Object.fromEntries(
  (Object.entries(limits) as [LimitName, readonly Rule[]][]).flatMap(([name, rules]) =>
    rules.map((rule, at) => [
      limitSetting(variableOf(name, rule)),
      {
        section: 'limits',
        ...(AGAINST_GUESSING.has(name) && { guards: true }),
        label: capital(WHAT[name][at] ?? name),
        sentence: `At most so many within ${within(rule.window)}.`,
        ...number(rule.max, 1, 1_000_000),
      },
    ]),
  ),
)
