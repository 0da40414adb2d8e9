// Over 300 lines: a table of checks, one beside the other.
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { reservedScopesProblem, takenScopesWarnings } from '../../clients/scopes/reserved.ts'
import type { Finding } from '../../shared/finding.ts'
import { PROGRAM } from '../program.ts'
import type { CliServices } from '../services.ts'

/** Looks at one thing. What it throws is a failure of that thing. */
export interface Check {
  name: string
  remedy: string
  run(): Promise<Omit<Finding, 'name'>>
}

const TIMEOUT = 5000
const discovery = z.object({ issuer: z.string() })

/** The checks of a program that could be opened. */
export const checksOf = (services: CliServices, fetchUrl: typeof fetch): Check[] => [
  databaseCheck(services),
  migrationsCheck(services),
  ...(services.redis === undefined ? [] : [redisCheck(services.redis)]),
  signingKeysCheck(services),
  secretKeyCheck(services),
  mailCheck(services),
  providersCheck(services),
  reservedScopesCheck(services),
  takenScopesCheck(services),
  appsInsideCheck(services),
  keptTokensCheck(services),
  authenticatorAppsCheck(services),
  searchCheck(services),
  settingsCheck(services),
  stolenPasswordsCheck(services),
  passkeysCheck(services),
  auditCheck(services),
  publicUrlCheck(services.config.issuer, fetchUrl),
]

const databaseCheck = ({ database }: CliServices): Check => ({
  name: 'database',
  remedy: 'see whether the database runs and DATABASE_URL is right',
  async run() {
    await database.ping()
    return { status: 'ok', message: 'answers' }
  },
})

const redisCheck = ({ ping }: NonNullable<CliServices['redis']>): Check => ({
  name: 'Redis',
  remedy:
    'see whether Redis runs and REDIS_URL is right; until then each process counts rate limits for itself',
  async run() {
    await ping()
    return { status: 'ok', message: 'answers' }
  },
})

const migrationsCheck = ({ migrations }: CliServices): Check => ({
  name: 'migrations',
  remedy: `run: ${PROGRAM} migrate`,
  async run() {
    const missing = (await migrations.status()).filter(({ applied }) => !applied).map(({ name }) => name)
    if (missing.length === 0) return { status: 'ok', message: 'all applied' }
    return {
      status: 'fail',
      message: `not applied: ${missing.join(', ')}`,
      remedy: `run: ${PROGRAM} migrate`,
    }
  },
})

const signingKeysCheck = ({ keys }: CliServices): Check => ({
  name: 'signing keys',
  remedy: `start with the SECRET_KEY (or DATA_DIR/secret.key) that the keys were made under; if it is lost, run: ${PROGRAM} keys rotate --now`,
  async run() {
    await keys.load()
    const signing = (await keys.list()).filter(({ state }) => state === 'signing').map(({ alg }) => alg)
    if (signing.includes('RS256')) return { status: 'ok', message: `${signing.join(', ')} sign` }
    return {
      status: 'fail',
      message: 'no RS256 key signs',
      remedy: `run: ${PROGRAM} keys rotate --alg RS256 --now`,
    }
  },
})

export const secretKeyCheck = ({
  config: { secretKeyFile, namedSecretKeyFile },
}: Pick<CliServices, 'config'>): Check => ({
  name: 'secret key',
  remedy: 'see whether DATA_DIR is the right folder and readable',
  async run() {
    // Whatever mounts that file decides who reads it: secrets of containers are readable inside by everyone.
    if (namedSecretKeyFile !== undefined)
      return { status: 'ok', message: `${namedSecretKeyFile}, named by SECRET_KEY_FILE` }
    if (secretKeyFile === undefined) return { status: 'ok', message: 'from SECRET_KEY' }
    const { mode } = await stat(secretKeyFile)
    if ((mode & 0o077) === 0) return { status: 'ok', message: `${secretKeyFile}, for its owner only` }
    return {
      status: 'fail',
      message: `${secretKeyFile} can be read by others (mode ${(mode & 0o777).toString(8)})`,
      remedy: `run: chmod 600 ${secretKeyFile}`,
    }
  },
})

const mailCheck = ({ mail }: CliServices): Check => ({
  name: 'mail',
  remedy: mail.smtp
    ? 'see whether SMTP_URL is right and the mail server can be reached'
    : 'make the folder writable',
  async run() {
    await mail.check()
    if (mail.smtp) return { status: 'ok', message: `${mail.destination} accepts messages` }
    return {
      status: 'warn',
      message: `messages go to ${mail.destination}`,
      remedy: 'set SMTP_URL to send them',
    }
  },
})

/** Whether each is set up right is asked by `providers test`, which talks to it. */
const providersCheck = ({ providers }: CliServices): Check => ({
  name: 'sign-in providers',
  remedy: `run: ${PROGRAM} providers list`,
  async run() {
    const lost = (await providers.list()).filter(({ secret_lost }) => secret_lost).map(({ id }) => id)
    if (lost.length > 0)
      return {
        status: 'fail',
        message: `the client secret of ${lost.join(', ')} was sealed under another SECRET_KEY`,
        remedy: `enter it again: ${lost.map((id) => `${PROGRAM} providers reset-secret ${id} --secret-stdin`).join('; ')}`,
      }
    const on = (await providers.enabled.list()).map(({ id, name }) => `${name} (${id})`)
    return { status: 'ok', message: on.length > 0 ? on.join(', ') : 'none; people sign in with passwords' }
  },
})

/** Who may administer this server by a token, and whether that was meant. */
const reservedScopesCheck = ({ reservedScopes }: CliServices): Check => ({
  name: 'administration scopes',
  remedy: `run: ${PROGRAM} resources list`,
  async run() {
    const found = await reservedScopes()
    const [message, ...ways] = reservedScopesProblem(found) ?? []
    if (message !== undefined) return { status: 'fail', message, remedy: ways.join(' ') }
    const names = found.clients.map(({ client_id, client_name }) => `${client_name} (${client_id})`)
    return { status: 'ok', message: names.length > 0 ? `of ${names.join(', ')}` : 'of no client' }
  },
})

/** APIs from before `groups` and `roles` were scopes of this server. */
const takenScopesCheck = ({ resources }: CliServices): Check => ({
  name: 'scopes of APIs',
  remedy: `run: ${PROGRAM} resources list`,
  async run() {
    const found = await takenScopesWarnings(resources.listByScope)
    if (found.length === 0) return { status: 'ok', message: 'none is one of this server' }
    return {
      status: 'warn',
      message: found.map(({ problem }) => problem).join('; '),
      remedy: found.map(({ remedy }) => remedy).join('. '),
    }
  },
})

/** Apps that are not told of sign-outs, or not asked for their keys, because where they are is inside. */
const appsInsideCheck = ({ unreachableAddresses }: CliServices): Check => ({
  name: 'apps inside',
  remedy: 'see whether names can be looked up (DNS)',
  async run() {
    const found = await unreachableAddresses()
    if (found.length === 0) return { status: 'ok', message: 'no client has an address that is refused' }
    const hosts = [...new Set(found.map(({ host }) => host.replace(/^\[|\]$/g, '')))]
    return {
      status: 'warn',
      message: `not connected to, as it is inside: ${found.map(({ host, client_name, client_id }) => `${host} of ${client_name} (${client_id})`).join(', ')}`,
      remedy: `if these are meant, add to PRIVATE_HOSTS: ${hosts.join(',')}`,
    }
  },
})

/** Tokens of providers that are kept for people: what is lost comes back by itself. */
const keptTokensCheck = ({ lostTokens }: CliServices): Check => ({
  name: 'kept tokens',
  remedy: 'see whether the database answers',
  async run() {
    if ((await lostTokens()) === 0) return { status: 'ok', message: 'can be read' }
    return {
      status: 'warn',
      message: 'tokens that providers gave out for people were sealed under another SECRET_KEY',
      remedy: 'nothing: they are kept anew when these people sign in the next time',
    }
  },
})

/** PostgreSQL finds parts of names by an extension that a role may not be allowed to create. */
const searchCheck = ({ accounts }: CliServices): Check => ({
  name: 'search of accounts',
  remedy: 'see whether the database answers',
  async run() {
    if (await accounts.isSearchIndexed()) return { status: 'ok', message: 'finds parts of names' }
    return {
      status: 'warn',
      message:
        'the database lacks the extension pg_trgm: parts of names are found among the newest 20,000 accounts alone',
      remedy:
        'let a role that may run, in this database: CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX CONCURRENTLY account_search_trigrams ON account_search USING gin (text gin_trgm_ops)',
    }
  },
})

/** Secrets of authenticator apps: what is lost, its owners set up anew. */
const authenticatorAppsCheck = ({ factors }: CliServices): Check => ({
  name: 'authenticator apps',
  remedy: 'see whether the database answers',
  async run() {
    if ((await factors.totp.lost()) === 0) return { status: 'ok', message: 'can be read' }
    return {
      status: 'warn',
      message: 'keys of authenticator apps were sealed under another SECRET_KEY',
      remedy: 'nothing: these people sign in with a recovery code or a passkey, and set their app up anew',
    }
  },
})

/** Settings that another version has stored, and whose value this one refuses: the default counts. */
const settingsCheck = ({ settings }: CliServices): Check => ({
  name: 'settings',
  remedy: 'see whether the database answers',
  async run() {
    const refused = (await settings.list()).settings.filter((each) => each.refused !== undefined)
    if (refused.length === 0) return { status: 'ok', message: 'what is stored counts' }
    return {
      status: 'warn',
      message: `stored and not counted: ${refused.map(({ name, refused: why }) => `${name} (${why})`).join(', ')}`,
      remedy: `run: ${PROGRAM} settings reset ${refused.map(({ name }) => name).join(' ')}`,
    }
  },
})

/** Whether new passwords are looked up where the setting says. */
const stolenPasswordsCheck = ({ breaches, settings }: CliServices): Check => ({
  name: 'stolen passwords',
  remedy:
    settings.values.breachCheck === 'file'
      ? `run: ${PROGRAM} passwords import FILE; until then new passwords are not looked up`
      : 'see whether breach_api_url is right and can be reached; until then new passwords are not looked up',
  run: () => breaches.examine(),
})

/** Whether browsers make passkeys for this issuer: no page would say why none are offered. */
const passkeysCheck = ({ factors, config }: CliServices): Check => ({
  name: 'passkeys',
  remedy: 'see whether ISSUER is an address',
  async run() {
    const found = factors.passkeys.availability()
    if (found === 'off') return { status: 'ok', message: 'switched off' }
    if (found === 'on') return { status: 'ok', message: `of ${new URL(config.issuer).hostname}` }
    return {
      status: 'warn',
      message: 'do not work: a passkey belongs to a host name, and the issuer is an IP address',
      remedy: `set ISSUER to an https URL with a host name, or run: ${PROGRAM} settings set passkeys off`,
    }
  },
})

/** Both ends only: what is between them is asked by `audit verify`, which reads all of it. */
const auditCheck = ({ audit }: CliServices): Check => ({
  name: 'audit log',
  remedy: `run: ${PROGRAM} audit verify`,
  async run() {
    if (await audit.endsFit()) return { status: 'ok', message: 'begins and ends as it was written' }
    return {
      status: 'fail',
      message: 'does not begin or end as it was written, or was written under another SECRET_KEY',
      remedy: `run: ${PROGRAM} audit verify; if SECRET_KEY was lost: ${PROGRAM} audit re-anchor`,
    }
  },
})

/** Asks for the discovery document as a client would, through whatever stands in front of the server. */
const publicUrlCheck = (issuer: string, fetchUrl: typeof fetch): Check => {
  const url = `${issuer}/.well-known/openid-configuration`
  const local = issuer.startsWith('http:')
  return {
    name: 'public URL',
    remedy: 'see whether the server runs, and whether DNS, certificate and proxy lead to it',
    async run() {
      let response: Response
      try {
        response = await fetchUrl(url, { signal: AbortSignal.timeout(TIMEOUT), redirect: 'manual' })
      } catch (error) {
        const message = `${url} cannot be reached: ${reasonOf(error)}`
        if (!local) throw new Error(message)
        return { status: 'warn', message, remedy: 'start the server: npm start' }
      }
      if (response.status !== 200)
        throw new Error(`${url} answers with status ${response.status} instead of 200`)
      const document = discovery.safeParse(await response.json().catch(() => undefined))
      if (!document.success) throw new Error(`${url} answers with something that is no discovery document`)
      if (document.data.issuer !== issuer) {
        const message = `${url} is of another issuer, ${document.data.issuer}`
        return {
          status: 'fail',
          message,
          remedy: 'set ISSUER to the URL that people use, the same for server and command line',
        }
      }
      if (!local) return { status: 'ok', message: `${issuer} answers as itself` }
      return {
        status: 'warn',
        message: `${issuer} answers, but is for this machine only`,
        remedy: 'set ISSUER to a public https URL',
      }
    },
  }
}

const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT / 1000} s`
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}
