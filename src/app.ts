import fastify, { type FastifyInstance } from 'fastify'
import type { Config } from './config.ts'
import { startHousekeeping } from './housekeeping.ts'
import { registerHealth } from './http/health.ts'
import { registerHttp } from './http/http.ts'
import { instanceOptions } from './http/instance.ts'
import { createKeyRotation } from './oidc/key-rotation.ts'
import { forgetUsage } from './oidc/usage.ts'
import { openServices, type ServiceOverrides, type Services } from './services.ts'
import { asStorageError } from './storage/unavailable.ts'
import { wireApi } from './wiring/api.ts'
import { wireConsole } from './wiring/console.ts'
import { wireFederation } from './wiring/federation.ts'
import { wirePages } from './wiring/pages.ts'
import { wireProtocol } from './wiring/protocol.ts'
import { wireRegistration } from './wiring/registration.ts'

/** Rows that the clean-up deletes at once. */
const SWEEP_ROWS = 500

export interface AppOverrides extends Partial<ServiceOverrides> {
  /** Where log lines go; standard output unless given. */
  logStream?: { write(line: string): void }
  /** Compile each view once; true unless given. */
  cacheViews?: boolean
}

export interface App {
  app: FastifyInstance
  services: Services
}

/**
 * The composition root: the one place where features are wired together. The server, the tests and the demo all start
 * here. The returned instance is not listening yet; closing it closes everything it opened.
 */
export async function buildApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const app = fastify(
    instanceOptions({
      log: { level: config.logLevel, stream: overrides.logStream },
      trustProxy: config.trustProxy,
    }),
  )
  const services = await openServices(config, { logger: app.log, ...overrides })
  const http = await registerHttp(app, {
    issuer: new URL(config.issuer),
    cookieKey: services.secrets.key('cookies'),
    rateLimit: config.rateLimit,
    cacheViews: overrides.cacheViews ?? true,
    clock: services.clock,
    translateError: asStorageError,
  })

  const protocol = await wireProtocol(app, http, services)
  await wirePages(app, http, services, protocol)
  const federation = await wireFederation(app, http, services, protocol)
  await wireApi(app, http, services, protocol, federation)
  await wireRegistration(app, http, services)
  await wireConsole(app, http, services, protocol)
  registerHealth(app, {
    database: () => services.db.ping(),
    keys: async () => void (await services.keys.version()),
  })

  // Kept somewhere else, it proves later that nothing before it was replaced (src/audit/audit.ts).
  const logAuditHead = async () =>
    app.log.info({ audit_head: await services.audit.head() }, 'head of the audit log')
  const housekeeping = startHousekeeping(
    [
      { name: 'expired artefacts', every: 30_000, run: () => services.artifacts.sweep(SWEEP_ROWS) },
      { name: 'old refused requests', every: 60_000, run: () => services.rejections.prune() },
      { name: 'expired accounts and codes', every: 600_000, run: () => services.accounts.purge() },
      { name: 'unused open clients', every: 3_600_000, run: () => services.selfRegistered.purge() },
      { name: 'old entries of the audit log', every: 3_600_000, run: () => services.audit.prune() },
      {
        name: 'head of the audit log',
        every: 3_600_000,
        async run() {
          await logAuditHead()
          return 0
        },
      },
      { name: 'old usage', every: 3_600_000, run: forgetUsage(services.usage, services.clock) },
      {
        name: 'key rotation',
        every: 3_600_000,
        run: createKeyRotation({ ...services, days: config.keyRotationDays }),
      },
    ],
    (chore, err) => app.log.error({ err, chore }, 'housekeeping failed'),
  )
  app.addHook('onClose', async () => {
    await housekeeping.close()
    await protocol.close()
    await services.audit.idle()
    await logAuditHead().catch((err) => app.log.error({ err }, 'the head of the audit log could not be read'))
    await services.close()
  })
  return { app, services }
}
