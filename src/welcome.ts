import { resolve } from 'node:path'
import type { Config } from './config.ts'
import { kinds } from './federation/connectors/kinds.ts'
import type { Services } from './services.ts'
import { NO_ADMINISTRATOR } from './shared/no-administrator.ts'

/**
 * Sees to it that there is a first administrator: from ADMIN_EMAIL and ADMIN_PASSWORD, or by a one-time link.
 * @returns the link, when there is no administrator yet
 */
export async function openSetup({ config, accounts }: Services): Promise<string | undefined> {
  if (config.firstAdministrator) await accounts.setup.ensureFromEnvironment(config.firstAdministrator)
  const token = await accounts.setup.open()
  return token && `${config.issuer}/setup?token=${token}`
}

interface Circumstances {
  /** Where the first administrator is made, when there is none. */
  setupUrl: string | undefined
  /** Which database this is, for people. */
  database: string
  /** What the server was started with. */
  env: Environment
}

/** What is said at start: what runs where, and what to do next. */
export function welcome(config: Config, { setupUrl, database, env }: Circumstances): string {
  const withheld = ['DATABASE_URL', 'SECRET_KEY'].filter((name) => env[name] && !isShown(name, env))
  const lines = [
    '',
    `  Latchkey is running at ${config.issuer}`,
    '',
    `  Discovery   ${config.issuer}/.well-known/openid-configuration`,
    `  Database    ${database}`,
    `  Mail        ${config.smtpUrl ? 'by SMTP' : `written to ${config.dataDir}/outbox`}`,
    ...config.providers.map(
      ({ id, kind }) =>
        `  Sign-in     ${kinds[kind]?.about.name}: enter there ${config.issuer}/api/auth/oauth/${id}/callback`,
    ),
    '',
    ...(setupUrl
      ? [`  ${NO_ADMINISTRATOR}. Create the first one here (works once, for 24 hours):`, `  ${setupUrl}`, '']
      : []),
    withheld.length === 0
      ? '  Register an app:'
      : `  Register an app, in a shell that has the ${withheld.join(' and ')} of this server:`,
    `  ${commandLine(config, env)} clients create --name "My app" --redirect-uri http://localhost:4000/callback`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

type Environment = Readonly<Record<string, string | undefined>>

/** A DATABASE_URL may be shown when there is no password in it; a SECRET_KEY never. */
const isShown = (name: string, env: Environment): boolean =>
  name === 'DATABASE_URL' &&
  !URL.parse(env.DATABASE_URL ?? '')?.password &&
  !/password=/i.test(env.DATABASE_URL ?? '')

/** How to call the command line so that it works on this very server's data. Secrets are left out. */
function commandLine({ dataDir, issuer }: Config, env: Environment): string {
  const variables = {
    ...(issuer !== 'http://localhost:3000' && { ISSUER: issuer }),
    ...(dataDir !== resolve('data') && { DATA_DIR: dataDir }),
    ...(isShown('DATABASE_URL', env) && { DATABASE_URL: env.DATABASE_URL }),
    DATABASE_URL_FILE: env.DATABASE_URL_FILE,
    SECRET_KEY_FILE: env.SECRET_KEY_FILE,
  }
  const given = Object.entries(variables).flatMap(([name, value]) =>
    value ? [`${name}=${quoted(value)}`] : [],
  )
  return [...given, 'npm run -s latchkey --'].join(' ')
}

/** For a shell. */
const quoted = (text: string): string =>
  /^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
