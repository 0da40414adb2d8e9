import { resolve } from 'node:path'
import { z } from 'zod'
import { databaseFileProblem, databaseUrlProblem } from './database-url.ts'
import { kinds } from './federation/connectors/kinds.ts'
import type { EnvironmentProvider } from './federation/providers/environment.ts'
import { readProviders, registrationVariables } from './federation/providers/environment-variables.ts'
import { NO_PRIVATE_HOSTS, type PrivateHosts, parsePrivateHosts } from './http/outgoing/private-hosts.ts'
import { type Pinned, readPinned } from './settings/pinned.ts'
import { isLoopbackHost } from './shared/loopback.ts'
import { leadsAstray } from './sms/secret-host.ts'

/** What a server is started with: parsed once, frozen. */
export interface Config {
  readonly host: string
  readonly port: number
  /** An origin without a trailing slash: the `iss` of every token and the base of every link. */
  readonly issuer: string
  readonly dataDir: string
  /** `file:` (relative to dataDir) or `postgresql://` */
  readonly databaseUrl: string
  readonly secretKey: string | undefined
  readonly smtpUrl: string | undefined
  /** What `{secret}` stands for in the requests to the gateway of SMS codes. */
  readonly smsSecret: string | undefined
  /** The only host that it may go to. */
  readonly smsHost: string | undefined
  readonly firstAdministrator: { readonly email: string; readonly password: string } | undefined
  /** Which peers may set X-Forwarded-For: addresses or networks, or a number of hops; false: none. */
  readonly trustProxy: false | number | readonly string[]
  readonly logLevel: string
  /** Processes that are asked for. One serves, whatever it says; `auto` leaves it to this version. */
  readonly workers: number | 'auto'
  /** Where rate limits are counted for all processes; else in the database. */
  readonly redisUrl: string | undefined
  /** Hosts inside that requests may go to from an https issuer. */
  readonly privateHosts: PrivateHosts
  /** An MMDB file that says where network addresses are. */
  readonly geoipFile: string | undefined
  /** Absolute. Views in the place of those that ship. */
  readonly viewsDir: string | undefined
  readonly providers: readonly EnvironmentProvider[]
  /** The settings that the environment pins; all others are changed while the server runs (src/settings). */
  readonly pinned: Pinned
  /** Undefined: there are none. Without a port they are beside the other routes; without a token everybody may read. */
  readonly metrics: { readonly port: number | undefined; readonly token: string | undefined } | undefined
}

/** Every wrong value of an environment, each with what it should look like. */
export class ConfigError extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.name = 'ConfigError'
    this.problems = problems
  }
}

const REGISTRATIONS = registrationVariables(kinds)
const SECRETS = [
  'SECRET_KEY',
  'DATABASE_URL',
  'SMTP_URL',
  'SMS_SECRET',
  'REDIS_URL',
  'ADMIN_PASSWORD',
  ...REGISTRATIONS.map(([, clientSecret]) => clientSecret),
  'METRICS_TOKEN',
]
/** Variables that mean nothing alone. */
const PAIRS = [['ADMIN_EMAIL', 'ADMIN_PASSWORD'] as const, ...REGISTRATIONS]

const wholeNumber = (example: number, low: number, high: number) =>
  z
    .string()
    .refine((text) => /^\d{1,10}$/.test(text) && Number(text) >= low && Number(text) <= high, {
      error: `must be a whole number from ${low} to ${high}, for example ${example}`,
    })
    .transform(Number)

const whole = (fallback: number, low: number, high: number) =>
  wholeNumber(fallback, low, high).prefault(String(fallback))

const choice = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` })

const url = (protocols: readonly string[], example: string) =>
  z.string().refine((text) => URL.canParse(text) && protocols.includes(new URL(text).protocol), {
    error: `must be a URL, for example ${example}`,
  })

const issuer = z.string().transform((text, context) => {
  const parsed = URL.parse(text)
  const bad = (why: string) => {
    context.addIssue({ code: 'custom', message: `${why}, for example https://id.example.com` })
    return z.NEVER
  }
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return bad('must be an https URL')
  if (parsed.username || parsed.password) return bad('must not contain a user name or password')
  if (parsed.pathname !== '/' || parsed.search || parsed.hash)
    return bad('must be an origin without path, query or fragment')
  if (parsed.protocol === 'http:' && !isLoopbackHost(parsed.hostname))
    return bad(`must use https (http is only for localhost, and this is ${parsed.hostname})`)
  return parsed.origin
})

const trustProxy = z.string().transform((text, context) => {
  if (/^\d{1,2}$/.test(text)) return Number(text) === 0 ? (false as const) : Number(text)
  const entries = text.split(',').map((entry) => entry.trim())
  if (entries.every((entry) => /^(loopback|linklocal|uniquelocal|[0-9a-f:.]+(\/\d{1,3})?)$/i.test(entry)))
    return entries
  context.addIssue({
    code: 'custom',
    message: 'must be a number of hops or addresses of your proxies, for example 1 or 10.0.0.0/8,127.0.0.1',
  })
  return z.NEVER
})

/** Separated by commas or spaces. */
const privateHosts = z.string().transform((text, context) => {
  const found = parsePrivateHosts(text.split(/[\s,]+/).filter(Boolean))
  if (found !== undefined) return found
  context.addIssue({
    code: 'custom',
    message:
      'must be host names, addresses or networks inside (at least /8, for IPv6 /7; no wildcard, scheme or port), for example grafana.internal, 10.20.0.0/16',
  })
  return z.NEVER
})

/** Where nothing is said. */
export const DEFAULTS = { HOST: 'localhost', DATA_DIR: './data' } as const

const environment = z.object({
  HOST: z.string().default(DEFAULTS.HOST),
  PORT: whole(3000, 0, 65_535),
  ISSUER: issuer.optional(),
  DATA_DIR: z.string().default(DEFAULTS.DATA_DIR),
  DATABASE_URL: url(['file:', 'postgresql:', 'postgres:'], 'postgresql://user:password@host:5432/latchkey')
    .superRefine((text, context) => {
      const message = databaseUrlProblem(text)
      if (message !== undefined) context.addIssue({ code: 'custom', message })
    })
    .or(z.literal(''))
    .default('file:latchkey.db'),
  SECRET_KEY: z
    .string()
    .refine((text) => Buffer.byteLength(text) >= 32, {
      error:
        'must be at least 32 characters of random text, for example the output of: openssl rand -base64 32',
    })
    .optional(),
  SMTP_URL: url(['smtp:', 'smtps:'], 'smtp://user:password@mail.example.com:587').optional(),
  SMS_SECRET: z
    .string()
    // What a header can carry.
    .regex(/^[\x21-\x7e]{1,1000}$/, {
      error: 'must be printable ASCII without spaces, as the gateway gives it, for example user:password',
    })
    .optional(),
  SMS_HOST: z
    .string()
    .refine((text) => URL.parse(`https://${text}/`)?.host === text, {
      error:
        'must be the host of the gateway in small letters, without scheme and port, for example api.twilio.com',
    })
    .optional(),
  ADMIN_EMAIL: z.email({ error: 'must be an email address, for example admin@example.com' }).optional(),
  // Whether it will do is asked where it is used (src/accounts/sign-up/setup.ts), and beside other problems (src/start-problems.ts).
  ADMIN_PASSWORD: z.string().optional(),
  TRUST_PROXY: trustProxy.optional(),
  LOG_LEVEL: choice(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  REDIS_URL: url(['redis:', 'rediss:'], 'redis://:password@redis.example.com:6379').optional(),
  PRIVATE_HOSTS: privateHosts.default(NO_PRIVATE_HOSTS),
  GEOIP_FILE: z.string().optional(),
  VIEWS_DIR: z.string().optional(),
  WORKERS: z
    .string()
    .regex(/^(auto|[1-9]|[1-5]\d|6[0-4])$/, {
      error: 'must be auto or a whole number from 1 to 64, for example 1',
    })
    .transform((text) => (text === 'auto' ? text : Number(text)))
    .default(1),
  METRICS: choice(['off', 'on']).default('off'),
  METRICS_PORT: wholeNumber(9464, 0, 65_535).optional(),
  METRICS_TOKEN: z
    .string()
    // RFC 6750 §2.1: what a header can carry.
    .regex(/^[\w.~+/-]{32,500}=*$/, {
      error: 'must be at least 32 letters and digits, for example the output of: openssl rand -hex 32',
    })
    .optional(),
})

export type Environment = Readonly<Record<string, string | undefined>>

/**
 * The variables that are set, with the contents of NAME_FILE in place of NAME for those that are secrets. An empty value counts as unset.
 * @returns `problems`: a line for each file that cannot be read
 */
export function readVariables(
  env: Environment,
  readFile: (path: string) => string,
): { given: Environment; problems: string[] } {
  const problems: string[] = []
  const merged: Record<string, string | undefined> = { ...env }
  for (const name of SECRETS) {
    const path = env[`${name}_FILE`]
    if (path === undefined || path === '') continue
    if (env[name]) {
      problems.push(`${name} and ${name}_FILE are both set: keep one of them`)
      continue
    }
    try {
      merged[name] = readFile(path).replace(/\r?\n$/, '')
    } catch {
      problems.push(`${name}_FILE names a file that cannot be read: ${path}`)
    }
  }
  const set = Object.entries(merged).filter(([, value]) => value !== undefined && value !== '')
  return { given: Object.fromEntries(set), problems }
}

/**
 * Reads the settings from an environment.
 * @throws ConfigError that lists every wrong variable at once
 */
export function parseConfig(env: Environment, readFile: (path: string) => string): Config {
  const { given, problems } = readVariables(env, readFile)
  const parsed = environment.safeParse(given)
  const settings = readPinned(given)
  const upstream = readProviders(kinds, given)
  for (const issue of parsed.error?.issues ?? []) problems.push(`${String(issue.path[0])} ${issue.message}`)
  problems.push(...upstream.problems, ...settings.problems)
  for (const [one, other] of PAIRS)
    if (!!given[one] !== !!given[other])
      problems.push(`${one} and ${other} belong together: set both or neither`)
  problems.push(...databaseFileProblem(given.DATABASE_URL, resolve(given.DATA_DIR ?? DEFAULTS.DATA_DIR)))
  problems.push(...metricsProblems(given), ...smsProblems(given, settings.pinned))
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems)

  const e = parsed.data
  const base = e.ISSUER ?? `http://localhost:${e.PORT}`
  return Object.freeze({
    host: e.HOST,
    port: e.PORT,
    issuer: base,
    dataDir: resolve(e.DATA_DIR),
    databaseUrl: e.DATABASE_URL || 'file:latchkey.db',
    secretKey: e.SECRET_KEY,
    smtpUrl: e.SMTP_URL,
    smsSecret: e.SMS_SECRET,
    smsHost: e.SMS_HOST,
    firstAdministrator:
      e.ADMIN_EMAIL && e.ADMIN_PASSWORD ? { email: e.ADMIN_EMAIL, password: e.ADMIN_PASSWORD } : undefined,
    trustProxy: e.TRUST_PROXY ?? false,
    logLevel: e.LOG_LEVEL,
    workers: e.WORKERS,
    redisUrl: e.REDIS_URL,
    privateHosts: e.PRIVATE_HOSTS,
    geoipFile: e.GEOIP_FILE,
    viewsDir: e.VIEWS_DIR === undefined ? undefined : resolve(e.VIEWS_DIR),
    providers: upstream.providers,
    pinned: Object.freeze(settings.pinned),
    metrics: e.METRICS === 'on' ? { port: e.METRICS_PORT, token: e.METRICS_TOKEN } : undefined,
  })
}

const smsVariables = environment.pick({ SMS_SECRET: true, SMS_HOST: true })

/** The secret of the gateway goes to the host that the environment names: settings, which say the address, are changed by more people. */
function smsProblems(given: Environment, pinned: Pinned): string[] {
  const { data: e } = smsVariables.safeParse(given)
  if (e?.SMS_SECRET === undefined) return []
  if (e.SMS_HOST === undefined)
    return [
      'SMS_HOST must be set beside SMS_SECRET: the only host that it is sent to, for example api.twilio.com',
    ]
  const text = (name: keyof Pinned) => String(pinned[name] ?? '')
  const request = { smsUrl: text('sms_url'), smsHeaders: text('sms_headers'), smsBody: text('sms_body') }
  return leadsAstray(request, e.SMS_HOST)
    ? [
        `SMS_URL must lead to SMS_HOST, the only host that SMS_SECRET is sent to, for example https://${e.SMS_HOST}/send`,
      ]
    : []
}

/** What decides who may read the metrics. Where one of these is wrong, that is said of it alone. */
const metricsVariables = environment.pick({
  ...{ HOST: true, PORT: true, ISSUER: true, TRUST_PROXY: true },
  ...{ METRICS: true, METRICS_PORT: true, METRICS_TOKEN: true },
})

/** A host that only this machine reaches, as one listens on it. */
const listensLocally = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\])$/i.test(host)

/**
 * Metrics stand open to nobody by mistake: not where others reach this server, be it through a proxy on the same machine,
 * which a public issuer or TRUST_PROXY gives away.
 */
function metricsProblems(given: Environment): string[] {
  const { data: e } = metricsVariables.safeParse(given)
  if (e === undefined || e.METRICS === 'off') return []
  if (e.METRICS_PORT !== undefined && e.METRICS_PORT === e.PORT && e.PORT !== 0)
    return ['METRICS_PORT must be another port than PORT, for example 9464']
  const local =
    listensLocally(e.HOST) &&
    (e.ISSUER === undefined || isLoopbackHost(new URL(e.ISSUER).hostname)) &&
    (e.TRUST_PROXY ?? false) === false
  if (e.METRICS_PORT !== undefined || e.METRICS_TOKEN !== undefined || local) return []
  return [
    'METRICS would be open to whoever reaches this server: set METRICS_PORT to a port of its own, for example 9464, or METRICS_TOKEN to a secret, for example the output of: openssl rand -hex 32',
  ]
}
