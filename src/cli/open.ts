import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Config, parseConfig } from '../config.ts'
import { openServices, type Services } from '../services.ts'
import { AppError } from '../shared/errors.ts'
import { loadSecretKeyFile, secretKeyFile } from '../shared/secrets.ts'
import { checkRedis } from '../storage/counters/redis.ts'
import { locationOf, placeOf, rememberedLocation } from '../storage/location.ts'
import { migrationStatus } from '../storage/migrations.ts'
import { CliError, type Environment, type Opening } from './context.ts'
import { PROGRAM } from './program.ts'
import type { CliServices } from './services.ts'

const say = (level: string) => (fields: unknown, message?: unknown) => {
  process.stderr.write(`${level}: ${typeof message === 'string' ? message : String(fields)}\n`)
}

/** Standard output is for the answer alone; what the program has to say goes to standard error, in one line each. */
const logger = { debug: () => {}, info: () => {}, warn: say('warning'), error: say('error') }

/**
 * Opens what the server runs on, without HTTP. A database that is there is migrated by that; a missing one is made only where
 * `opening` says so.
 * @throws ConfigError with every wrong variable · CliError when this is not the database or the key of the server · AppError
 *   when something cannot be opened
 */
export async function openCliServices(env: Environment, opening: Opening): Promise<CliServices> {
  const config = parseConfig(env, (path) => readFileSync(path, 'utf8'))
  if (!env.DATABASE_URL && !env.DATABASE_URL_FILE) requireOwnDatabase(config, opening)
  const services = await openExisting(config, opening)
  if (services !== undefined)
    return cliServices(services, config, env, placeOf(config.databaseUrl, config.dataDir))
  if (opening.create === undefined) throw noDatabase(config)
  const made = await openServices(config, { logger })
  return cliServices(made, config, env, `${placeOf(config.databaseUrl, config.dataDir)}, made just now`)
}

/** Without DATABASE_URL this is the file in DATA_DIR, which is nothing to a server that runs on PostgreSQL. */
function requireOwnDatabase({ dataDir, databaseUrl }: Config, { create }: Opening): void {
  const remembered = rememberedLocation(dataDir)
  const wayOut = 'Set DATABASE_URL, and SECRET_KEY if it has one, as the server has them, and run this again.'
  if (remembered !== undefined && remembered !== locationOf(databaseUrl))
    throw new CliError([
      `The server of ${dataDir} runs on ${remembered}, and DATABASE_URL is not set here. ${wayOut}`,
      `If it is to run on ${placeOf(databaseUrl, dataDir)}, start it on that once: npm start`,
    ])
  const used = existsSync(secretKeyFile(dataDir)) || existsSync(join(dataDir, 'outbox'))
  if (create === 'first' && used && remembered === undefined && !existsSync(join(dataDir, 'latchkey.db')))
    throw new CliError([
      `A server has run in ${dataDir}, and not on ${placeOf(databaseUrl, dataDir)}. ${wayOut}`,
      `If it is to run on that from now on, make it: ${PROGRAM} migrate`,
    ])
}

const noDatabase = ({ databaseUrl, dataDir }: Config): CliError =>
  new CliError([
    `There is no database at ${placeOf(databaseUrl, dataDir)}.`,
    `Start the server (npm start) or run: ${PROGRAM} migrate. If the server runs on another one, set DATABASE_URL and DATA_DIR as it has them.`,
  ])

/**
 * What is there already, with the key that it was made under. Undefined: there is no database.
 * @throws CliError without that key, unless the command says that any will do
 */
async function openExisting(config: Config, { anyKey }: Opening): Promise<Services | undefined> {
  const present = config.secretKey !== undefined || existsSync(secretKeyFile(config.dataDir))
  // A key of this moment opens nothing, and is enough to look.
  const secretKey = present ? config.secretKey : randomBytes(32).toString('hex')
  const services = await openThere({ ...config, secretKey })
  if (services === undefined || (present && (anyKey !== undefined || (await fits(services))))) return services
  if (anyKey === 'look') return services
  await services.close()
  if (anyKey === 'replace') return openThere({ ...config, secretKey: loadSecretKeyFile(config.dataDir) })
  throw new CliError([
    present
      ? 'SECRET_KEY (or DATA_DIR/secret.key) is not the one of this database.'
      : `SECRET_KEY is not set, and there is no ${secretKeyFile(config.dataDir)}: without it nothing here can be read or written safely.`,
    `Set SECRET_KEY and DATA_DIR as the server has them. If the key is lost for good, this says what to do: ${PROGRAM} doctor`,
  ])
}

async function openThere(config: Config): Promise<Services | undefined> {
  try {
    return await openServices(config, { logger, existing: true })
  } catch (error) {
    if (error instanceof AppError && error.code === 'database_missing') return undefined
    throw error
  }
}

/** Whether the signing keys were sealed under this SECRET_KEY. A database without any fits every key. */
async function fits({ keys }: Services): Promise<boolean> {
  try {
    await keys.load()
    return true
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    if (error.code === 'secret_key_mismatch') return false
    if (error.code === 'no_signing_keys') return true
    throw error
  }
}

function cliServices(services: Services, config: Config, env: Environment, database: string): CliServices {
  const { access } = services
  const {
    accounts,
    administratorRoles,
    audit,
    breaches,
    clients,
    clientScopes,
    configuration,
    db,
    keptTokens,
    keys,
  } = services
  const { lostTokens, mailer, providers, registration, rejections, reservedScopes, resourceCredentials } =
    services
  const {
    attributes,
    customClaims,
    hooks,
    factors,
    impersonations,
    resources,
    organizations,
    scimTokens,
    settings,
    texts,
    branding,
    unreachableAddresses,
    webhooks,
  } = services
  const { dataDir, issuer, redisUrl, smtpUrl } = config
  return {
    ...{
      access,
      accounts,
      administratorRoles,
      attributes,
      audit,
      breaches,
      clients,
      clientScopes,
      configuration,
      customClaims,
      hooks,
      keptTokens,
      keys,
      lostTokens,
      providers,
    },
    ...{
      registration,
      rejections,
      reservedScopes,
      resourceCredentials,
      resources,
      settings,
      texts,
      branding,
    },
    ...{
      factors,
      impersonations,
      organizations,
      scimTokens,
      testMail: services.testMail,
      unreachableAddresses,
      webhooks,
    },
    config: {
      issuer,
      database,
      secretKeyFile: config.secretKey === undefined ? secretKeyFile(dataDir) : undefined,
      namedSecretKeyFile: env.SECRET_KEY_FILE || undefined,
    },
    migrations: { applied: db.appliedMigrations, status: () => migrationStatus(db) },
    database: { ping: () => db.ping() },
    redis: redisUrl === undefined ? undefined : { ping: () => checkRedis(redisUrl) },
    mail: {
      smtp: smtpUrl !== undefined,
      destination: smtpUrl === undefined ? join(dataDir, 'outbox') : new URL(smtpUrl).host,
      check: () => mailer.check(),
    },
    close: () => services.close(),
  }
}
