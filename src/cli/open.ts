import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseConfig } from '../config.ts'
import { openServices } from '../services.ts'
import { checkRedis } from '../storage/counters/redis.ts'
import { migrationStatus } from '../storage/migrations.ts'
import type { Environment } from './context.ts'
import type { CliServices } from './services.ts'

const say = (level: string) => (fields: unknown, message?: unknown) => {
  process.stderr.write(`${level}: ${typeof message === 'string' ? message : String(fields)}\n`)
}

/** Standard output is for the answer alone; what the program has to say goes to standard error, in one line each. */
const logger = { info: () => {}, warn: say('warning'), error: say('error') }

/**
 * Opens what the server runs on, without HTTP. The database is migrated by that.
 * @throws ConfigError with every wrong variable · AppError when something cannot be opened
 */
export async function openCliServices(env: Environment): Promise<CliServices> {
  const config = parseConfig(env, (path) => readFileSync(path, 'utf8'))
  const services = await openServices(config, { logger })
  const { accounts, clients, resources, providers, keys, db, mailer } = services
  const { redisUrl } = config
  return {
    config: {
      issuer: config.issuer,
      secretKeyFile: config.secretKey === undefined ? join(config.dataDir, 'secret.key') : undefined,
    },
    audit: services.audit,
    clients,
    configuration: services.configuration,
    resources,
    reservedScopes: services.reservedScopes,
    providers,
    rejections: services.rejections,
    registration: services.registration,
    keptTokens: services.keptTokens,
    lostTokens: services.lostTokens,
    accounts,
    keys,
    migrations: { applied: db.appliedMigrations, status: () => migrationStatus(db) },
    database: { ping: () => db.ping() },
    redis: redisUrl === undefined ? undefined : { ping: () => checkRedis(redisUrl) },
    mail: {
      smtp: config.smtpUrl !== undefined,
      destination:
        config.smtpUrl === undefined ? join(config.dataDir, 'outbox') : new URL(config.smtpUrl).host,
      check: () => mailer.check(),
    },
    close: () => services.close(),
  }
}
