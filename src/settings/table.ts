/**
 * What an owner may change while the server runs, once. From a row follow the type of its value, the environment variable that
 * pins it (its name in capitals), the console's form, REST, the command line, YAML and docs/settings.md.
 *
 * Some 500 lines, nearly all of them rows: one place where an owner's choice is looked up.
 */

import { z } from 'zod'
import { isAllowableScheme, isPrivateHost } from '../http/forms/allowed-redirects.ts'
import { domainOf } from '../shared/domain-name.ts'
import { ENGLISH, LOCALES } from '../shared/locales/locales.ts'
import { saying, t } from '../shared/locales/texts.ts'
import { isLoopbackHost } from '../shared/loopback.ts'
import { isScopeToken } from '../shared/scope-token.ts'
import { line } from '../shared/text.ts'
import { choice, every, type Input, type Kind, number, text, words } from './kinds.ts'
import { type LimitSetting, limitRows } from './limit-rows.ts'
import { smsRows } from './sms-rows.ts'

/** The parts of the page, in its order. */
export const SECTIONS = {
  accounts: 'Accounts',
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

const DAY = 86_400
const seconds = (fallback: number, low: number, high = 3650 * DAY) =>
  number(fallback, low, high, { unit: 'seconds' })

const isOrganizationRole = (word: string): boolean => /^[a-z][a-z\d_-]{0,49}$/.test(word)

const isHttpsOrigin = (word: string): boolean => {
  const url = URL.parse(word)
  return url?.protocol === 'https:' && url.origin === word
}

/** By plain http to this machine or one inside alone. */
function isRangeService(value: string): boolean {
  const url = URL.parse(value)
  if (url?.href !== value || !value.endsWith('/') || url.username || url.password || /[?#]/.test(value))
    return false
  return (
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && (isLoopbackHost(url.hostname) || isPrivateHost(url.hostname)))
  )
}

const ROWS = {
  registration: {
    section: 'accounts',
    label: 'Creating an account',
    sentence: '`open`: people create their own account. `closed`: only administrators create accounts.',
    ...choice(['open', 'closed'], 'open'),
  },
  email_domains: {
    section: 'accounts',
    label: 'Domains of email addresses',
    sentence:
      'Where the address of a new account must be, and a new address that people give. None: anywhere. A domain below one of them is another one. Administrators may give any address.',
    ...words({
      problem: every((word) => domainOf(word) !== undefined, 'admin.settings.must.email_domains'),
      normal: (word) => domainOf(word) ?? word,
    }),
  },
  password_min_length: {
    section: 'accounts',
    guards: true,
    label: 'Characters of a password, at least',
    sentence: 'Of passwords that are set from now on, and that sign in alone.',
    see: 'passwords.md#length',
    ...number(15, 8, 64),
  },
  password_min_length_with_second_factor: {
    section: 'accounts',
    guards: true,
    label: 'Characters of a password beside a second factor, at least',
    sentence: 'Of passwords that are set from now on by people of whom a second factor is required.',
    see: 'passwords.md#length',
    ...number(8, 8, 64),
  },
  password_words: {
    section: 'accounts',
    guards: true,
    label: 'Words that passwords may not consist of',
    sentence:
      'Names of your organization, its products and places: a password that is little else is refused, as one with the name of its owner is.',
    see: 'passwords.md#words-of-your-own',
    ...words({ problem: every((word) => word.length >= 3, 'admin.settings.must.password_words') }),
  },
  argon2_memory: {
    section: 'accounts',
    guards: true,
    label: 'Memory of a password hash, in MiB',
    sentence:
      'What argon2id fills for each password that is checked. More is dearer to guess at, and takes longer at each sign-in. A hash with other costs is replaced at the next sign-in.',
    see: 'passwords.md#what-a-hash-costs',
    ...number(19, 19, 1024),
  },
  argon2_passes: {
    section: 'accounts',
    guards: true,
    label: 'Passes of a password hash',
    sentence: 'How often argon2id goes over its memory.',
    see: 'passwords.md#what-a-hash-costs',
    ...number(2, 2, 16),
  },
  argon2_parallelism: {
    section: 'accounts',
    guards: true,
    label: 'Lanes of a password hash',
    sentence:
      'Into how many parts argon2id divides its memory, each on a thread of its own. More than 1 is for servers with cores to spare.',
    see: 'passwords.md#what-a-hash-costs',
    ...number(1, 1, 8),
  },
  second_factor: {
    section: 'accounts',
    guards: true,
    label: 'Who needs a second factor',
    sentence:
      '`optional`: people may set one up. `admins`: administrators and auditors have to, before they use the console. `everyone`: all people have to. `off`: nobody is asked to, and who has one already is still asked for it.',
    see: 'second-factors.md',
    ...choice(['off', 'optional', 'admins', 'everyone'], (issuer) =>
      issuer.startsWith('https:') ? 'admins' : 'optional',
    ),
  },
  breach_check: {
    section: 'accounts',
    guards: true,
    label: 'Stolen passwords',
    sentence:
      'Where new passwords are looked up among stolen ones, which are refused. `file`: in a list on this server, which `latchkey passwords import` creates. `api`: at a range service, which is told 5 characters of a hash.',
    see: 'passwords.md#stolen-passwords',
    ...choice(['off', 'file', 'api'], 'off'),
  },
  breach_api_url: {
    section: 'accounts',
    guards: true,
    label: 'Range service for stolen passwords',
    sentence: 'What `breach_check` `api` asks: its address, to which 5 characters are added.',
    see: 'passwords.md#stolen-passwords',
    ...text(
      z.string().refine(isRangeService, saying('admin.settings.must.breach_api_url')),
      () => 'https://api.pwnedpasswords.com/range/',
    ),
  },
  email_codes: {
    section: 'accounts',
    guards: true,
    label: 'Codes by email',
    sentence:
      '`on`: people who need a second factor and have none may verify a sign-in by a code that is mailed to them. It is the weakest one: a mailbox resets the password, too. People with a stronger one never use it.',
    see: 'second-factors.md',
    ...choice(['off', 'on'], 'off'),
  },
  phone_sign_in: {
    section: 'accounts',
    guards: true,
    label: 'Signing in by phone number',
    sentence:
      '`on`: people sign in by their phone number in the place of a username, once a code that was sent there came back. The first account that verifies a number has it.',
    see: 'second-factors.md#a-phone-number-to-sign-in',
    ...choice(['off', 'on'], 'off'),
  },
  lockout_failures: {
    section: 'accounts',
    guards: true,
    label: 'Wrong passwords that lock an account',
    sentence: 'So many wrong passwords in a row lock an account.',
    see: 'security-model.md#guessing-and-lock-out',
    ...number(5, 1, 100),
  },
  lockout_seconds: {
    section: 'accounts',
    guards: true,
    label: 'How long a lock lasts',
    sentence: 'How long an account stays locked. Who resets the password need not wait.',
    ...seconds(900, 1, 30 * DAY),
  },
  passkeys: {
    section: 'accounts',
    guards: true,
    label: 'Passkeys',
    sentence:
      '`on`: people add passkeys to their account, and sign in with one. `off`: nobody adds one or signs in with it alone; those there are still verify a second factor. Browsers make them for a host name, never for an IP address.',
    see: 'passkeys.md',
    ...choice(['on', 'off'], 'on'),
  },
  identifier_first: {
    section: 'accounts',
    label: 'Name and password on separate pages',
    sentence:
      '`on`: the first page asks for the email address or username alone. The second one says whose sign-in it is and asks for the password or a passkey, or leads to the provider of the organization that the address is of.',
    see: 'sign-in.md',
    ...choice(['off', 'on'], 'off'),
  },
  remembered_accounts: {
    section: 'accounts',
    label: 'Accounts to choose from',
    sentence:
      '`on`: the sign-in page names the accounts that have signed in in this browser in the last 90 days, five at most, and how they did. People take them off the list. `off`: for browsers that many people share.',
    see: 'sign-in.md',
    ...choice(['on', 'off'], 'on'),
  },
  passkey_origins: {
    section: 'accounts',
    guards: true,
    label: 'Other sites where passkeys of this host work',
    sentence:
      'Origins of sites of yours that may ask for the passkeys of this one (`/.well-known/webauthn`). None: these pages alone.',
    see: 'passkeys.md#other-sites',
    ...words({
      problem: every(isHttpsOrigin, 'admin.settings.must.passkey_origins'),
    }),
  },
  remembered_devices_days: {
    section: 'accounts',
    guards: true,
    label: 'How long a device is remembered',
    sentence:
      'For this long, a browser that a person had remembered is asked for no second factor. A shorter time counts for those that are there, too.',
    see: 'second-factors.md',
    ...number(30, 0, 365, { unit: 'days', zero: 'admin.settings.zero.second_factor' }),
  },
  recovery_delay_hours: {
    section: 'accounts',
    guards: true,
    label: 'Delay of a recovery',
    sentence:
      'How long a person who has lost every second factor waits until they can be removed. Their owner is told at once, and can stop it in this time.',
    see: 'second-factors.md#all-of-them-lost',
    ...number(24, 1, 720, { unit: 'hours' }),
  },
  new_device_mails: {
    section: 'accounts',
    guards: true,
    label: 'Messages about new devices',
    sentence:
      'Whether people get a message about a sign-in on a device that is new to their account, with a link for who did not sign in.',
    see: 'account.md#a-new-device',
    ...choice(['on', 'off'], 'on'),
  },
  impersonation: {
    section: 'accounts',
    guards: true,
    label: 'Sign in as another person',
    sentence:
      'Whether an administrator may sign in as a person to help them: for 30 minutes, with a reason that is logged, and never in secret: the person gets a message at once. Switched off, those that run end.',
    see: 'help-as-them.md',
    ...choice(['off', 'on'], 'off'),
  },
  verification_ttl: {
    section: 'accounts',
    guards: true,
    label: 'How long a verification is valid',
    sentence: 'The link and the code that verify an email address.',
    ...seconds(DAY, 300, 30 * DAY),
  },
  reset_ttl: {
    section: 'accounts',
    guards: true,
    label: 'How long a password reset is valid',
    sentence: 'The link that sets a new password.',
    ...seconds(3600, 300, 7 * DAY),
  },
  session_ttl: {
    section: 'sessions',
    guards: true,
    label: 'How long a sign-in lasts without use',
    sentence:
      'A sign-in that is not used for so long is over; each use begins anew, up to three times that in all.',
    ...seconds(30 * DAY, 300),
  },
  access_token_ttl: {
    section: 'sessions',
    label: 'How long an access token is valid',
    sentence: 'Of tokens issued from now on; an API may have a time of its own.',
    ...seconds(3600, 60, 7 * DAY),
  },
  refresh_token_ttl: {
    section: 'sessions',
    label: 'How long a refresh token lasts without use',
    sentence:
      'A refresh token that is not used for so long is over; a chain of refreshes ends at three times that.',
    ...seconds(30 * DAY, 300),
  },
  sign_out_confirmation: {
    section: 'sessions',
    label: 'Asking before a sign-out',
    sentence:
      '`auto`: an app that sends people to `/logout` with an ID Token of their session (`id_token_hint`) signs them out without a question. `always`: they are asked all the same.',
    ...choice(['auto', 'always'], 'auto'),
  },
  pkce_default: {
    section: 'applications',
    label: 'PKCE of new confidential clients',
    sentence:
      'What a confidential client has to do that an administrator registers without saying: PKCE or a nonce (`auto`), or PKCE (`required`).',
    see: 'register-a-client.md#pkce-or-a-nonce',
    ...choice(['auto', 'required'], 'auto'),
  },
  app_launcher: {
    section: 'applications',
    label: 'List of apps on the account page',
    sentence:
      '`on`: people see the apps that they may use, each as a link to where it begins: its “Address that begins a sign-in”, or its home page. Apps that nobody has checked are not shown.',
    see: 'account.md#your-apps',
    ...choice(['off', 'on'], 'off'),
  },
  access_contact: {
    section: 'applications',
    guards: true,
    label: 'Whom to ask for access to an app',
    sentence:
      'What the page says to people whom an app is not for: an email address, a web address (https), or a few words. Empty: an administrator.',
    see: 'groups-and-roles.md#access-to-an-app',
    ...text(line(200), () => ''),
  },
  redirect_hosts: {
    section: 'applications',
    label: 'Hosts for redirect URIs by plain http',
    sentence:
      'Names or addresses inside your network that redirect URIs of plain http may lead to. Exact names, any port.',
    see: 'register-a-client.md#redirect-uris',
    ...words({
      problem: every(isPrivateHost, 'admin.settings.must.redirect_hosts'),
    }),
  },
  redirect_schemes: {
    section: 'applications',
    label: 'Schemes for redirect URIs',
    sentence: 'Schemes without a dot that redirect URIs may have.',
    ...words({
      problem: every(isAllowableScheme, 'admin.settings.must.redirect_schemes'),
    }),
  },
  dynamic_registration: {
    section: 'applications',
    label: 'Clients that register themselves',
    sentence:
      '`off`: only administrators register clients. `token`: also programs with an initial access token. `open`: every program.',
    see: 'dynamic-registration.md',
    ...choice(['off', 'token', 'open'], 'off'),
  },
  client_metadata_documents: {
    section: 'applications',
    label: 'Client metadata documents',
    sentence: '`on`: the https address of a client metadata document is a client ID (MCP).',
    see: 'dynamic-registration.md',
    ...choice(['off', 'on'], 'off'),
  },
  unverified_client_scopes: {
    section: 'applications',
    label: 'Scopes of clients that nobody has checked',
    sentence: 'Scopes of your APIs that clients may have which nobody has checked.',
    ...words({
      separator: / /,
      problem: (list) =>
        !list.every(isScopeToken)
          ? t('admin.settings.must.unverified_client_scopes')
          : list.some((scope) => scope.startsWith('admin:'))
            ? t('admin.settings.must.unverified_client_scopes.admin')
            : undefined,
    }),
  },
  default_locale: {
    section: 'pages',
    label: 'Language where nobody says one',
    sentence:
      'Of pages and messages for people whose app, account and browser name no language that there is. Tags of BCP 47.',
    ...choice(LOCALES.map(({ tag }) => tag) as [string, ...string[]], ENGLISH),
  },
  mail_from: {
    section: 'mail',
    guards: true,
    label: 'Sender of messages',
    sentence:
      'Who messages come from: a name and an address, or an address, which gets the name of the brand.',
    ...text(
      // The mailer refuses control characters: no header may be broken by one.
      z
        .string()
        .regex(
          /^(?=.{3,300}$)([^\p{Cc}<>]*<[^\s\p{Cc}@<>]+@[^\s\p{Cc}@<>]+>|[^\s\p{Cc}@<>]+@[^\s\p{Cc}@<>]+)$/u,
          saying('admin.settings.must.mail_from', { example: 'Latchkey <no-reply@example.com>' }),
        ),
      (issuer) => `Latchkey <no-reply@${new URL(issuer).hostname}>`,
    ),
  },
  ...smsRows,
  organization_roles: {
    section: 'organizations',
    guards: true,
    label: 'Roles of members',
    sentence:
      'What members of every organization may be; apps are told in `org_roles`. A role that is taken out counts for nothing at once.',
    see: 'organizations.md#roles',
    ...words({ problem: every(isOrganizationRole, 'admin.settings.must.organization_roles') }),
    fallback: ['admin', 'member'],
  },
  organization_manager_roles: {
    section: 'organizations',
    guards: true,
    label: 'Roles that manage',
    sentence:
      'Which of them manage members and invitations, on a page of their account. None: administrators alone do.',
    see: 'organizations.md#managers',
    ...words({ problem: every(isOrganizationRole, 'admin.settings.must.organization_roles') }),
    fallback: ['admin'],
  },
  manager_providers: {
    section: 'organizations',
    guards: true,
    label: 'Managers set up their sign-in provider',
    sentence:
      '`verified_domain`: who manages an organization that has verified a domain sets up an OpenID Connect provider for its people. Its addresses are reached as those of strangers are: none inside, but for `PRIVATE_HOSTS`. `off`: administrators alone set up providers; those of managers go on.',
    see: 'organizations.md#set-up-by-managers',
    ...choice(['off', 'verified_domain'], 'verified_domain'),
  },
  audit_retention: {
    section: 'operation',
    guards: true,
    label: 'How long the audit log is kept',
    sentence: 'Days that entries of the audit log are kept.',
    see: 'audit.md',
    ...number(365, 0, 36_500, { unit: 'days', zero: 'admin.settings.zero.forever' }),
  },
  key_rotation_days: {
    section: 'operation',
    label: 'Age at which signing keys rotate',
    sentence: 'A signing key that is older gets a successor by itself.',
    see: 'rotate-keys.md',
    ...number(90, 0, 3650, { unit: 'days', zero: 'admin.settings.zero.never' }),
  },
  rate_limit: {
    section: 'limits',
    guards: true,
    label: 'Rate limits',
    sentence: '`off` for measurements only: it takes all of these limits away.',
    see: 'configuration.md#rate-limits',
    ...choice(['on', 'off'], 'on'),
  },
} as const satisfies Record<string, Setting>

type Rows = typeof ROWS

export type SettingName = keyof Rows | LimitSetting

const TABLE: ReadonlyMap<string, Setting> = new Map<string, Setting>(
  Object.entries({ ...ROWS, ...limitRows }),
)

/** Every setting, in the order of the table. */
export const NAMES = [...TABLE.keys()] as SettingName[]

/** The environment variable that pins a setting. */
export const variableOfSetting = (name: SettingName): string => name.toUpperCase()

export const isSettingName = (name: string): name is SettingName => TABLE.has(name)

export function settingOf(name: SettingName): Setting {
  const setting = TABLE.get(name)
  if (setting === undefined) throw new Error(`${name} is not in the table of settings`)
  return setting
}

/** A setting in words, for the pages, the REST API and the command line. */
export interface SettingDescription {
  name: SettingName
  /** The environment variable that would pin it. */
  variable: string
  /** The heading of the part of the page that it stands in. */
  section: string
  label: string
  sentence: string
  see: string | undefined
  /** Whether it holds a door to accounts. */
  guards: boolean
  input: Input
  /** Nothing is a good value of it, so no form insists on one. */
  mayBeEmpty: boolean
}

/** All of them, section by section. */
export const DESCRIPTIONS: readonly SettingDescription[] = Object.entries(SECTIONS).flatMap(([id, section]) =>
  NAMES.filter((name) => settingOf(name).section === id).map((name) => {
    const { label, sentence, see, guards = false, input, schema, fromText } = settingOf(name)
    const mayBeEmpty = schema.safeParse(fromText('')).success
    const words = { variable: variableOfSetting(name), section, label, sentence, see }
    return { name, ...words, guards, input, mayBeEmpty }
  }),
)

/** The value of each, by name. */
export type Values = { readonly [Name in keyof Rows]: z.output<Rows[Name]['schema']> } & {
  readonly [Name in LimitSetting]: number
}

export function defaultOf(name: SettingName, issuer: string): unknown {
  const { fallback } = settingOf(name)
  return typeof fallback === 'function' ? (fallback as (issuer: string) => unknown)(issuer) : fallback
}

/** Judges a value in JSON. `problem`: what it has to be, with an example, in the language of who reads it. */
export function readValue(name: SettingName, given: unknown): { value: unknown } | { problem: string } {
  const { data, error } = settingOf(name).schema.safeParse(given)
  return error === undefined
    ? { value: data }
    : { problem: error.issues[0]?.message ?? t('admin.settings.must.valid') }
}

/** Judges a value in text. */
export const readText = (name: SettingName, given: string): ReturnType<typeof readValue> =>
  readValue(name, settingOf(name).fromText(given))

/** A value as it is entered; `fromText` of its setting gives it back. */
export const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(' ') : String(value))
