import { resolve } from 'node:path'
import type { Config } from './config.ts'
import type { Services } from './services.ts'

/**
 * Sees to it that there is a first administrator: from ADMIN_EMAIL and ADMIN_PASSWORD, or by a one-time link.
 * @returns the link, when there is no administrator yet
 */
export async function openSetup({ config, accounts }: Services): Promise<string | undefined> {
  if (config.firstAdministrator) await accounts.setup.ensureFromEnvironment(config.firstAdministrator)
  const token = await accounts.setup.open()
  return token && `${config.issuer}/setup?token=${token}`
}

const NAMES = { github: 'GitHub', google: 'Google' }

/** What is said at start: what runs where, and what to do next. */
export function welcome(config: Config, setupUrl: string | undefined): string {
  const lines = [
    '',
    `  Latchkey is running at ${config.issuer}`,
    '',
    `  Discovery   ${config.issuer}/.well-known/openid-configuration`,
    `  Database    ${config.databaseUrl.startsWith('file:') ? `${config.dataDir} (SQLite)` : 'PostgreSQL'}`,
    `  Mail        ${config.smtpUrl ? 'by SMTP' : `written to ${config.dataDir}/outbox`}`,
    ...config.providers.map(
      ({ id }) => `  Sign-in     ${NAMES[id]}: enter there ${config.issuer}/api/auth/oauth/${id}/callback`,
    ),
    '',
    ...(setupUrl
      ? [
          '  There is no administrator yet. Create the first one here (works once, for 24 hours):',
          `  ${setupUrl}`,
          '',
        ]
      : []),
    '  Register an app:',
    `  ${commandLine(config)} clients create --name "My app" --redirect-uri http://localhost:4000/callback`,
    '',
  ]
  return `${lines.join('\n')}\n`
}

/** How to call the command line so that it works on this very server's data. */
function commandLine({ dataDir }: Config): string {
  const command = 'npm run -s latchkey --'
  if (dataDir === resolve('data')) return command
  const quoted = /^[\w./-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", "'\\''")}'`
  return `DATA_DIR=${quoted} ${command}`
}
