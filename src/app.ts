import type { FastifyInstance } from 'fastify'
import { reservedScopesProblem, takenScopesWarnings } from './clients/scopes/reserved.ts'
import type { Config } from './config.ts'
import { startHousekeeping } from './housekeeping.ts'
import { drain } from './http/drain.ts'
import { keptForms } from './http/forms/kept-forms.ts'
import { registerHealth } from './http/health.ts'
import { registerHttp } from './http/http.ts'
import { createInstance } from './http/instance.ts'
import { ADMIN_SCOPES } from './oidc/tokens/admin-tokens.ts'
import { openServices, type ServiceOverrides, type Services } from './services.ts'
import { freshSettings, withFreshSettings } from './settings/fresh.ts'
import { AppError } from './shared/errors.ts'
import { asStorageError } from './storage/unavailable.ts'
import { wireApi } from './wiring/api.ts'
import { wireConsole } from './wiring/console.ts'
import { wireFederation } from './wiring/federation.ts'
import { jobsOf, logAuditHead, openMetrics, wireCounters, wireMetrics } from './wiring/operations.ts'
import { wirePages, wireRegistration } from './wiring/pages.ts'
import { wireProtocol } from './wiring/protocol.ts'
import { wireScim } from './wiring/scim.ts'

/** How often a process looks for deliveries that another one has added or left behind, in milliseconds. */
const LOOK = 2000

export interface AppOverrides extends Partial<ServiceOverrides> {
  /** Where log lines go; standard output unless given. */
  logStream?: { write(line: string): void }
  /** Compile each view once; true unless given. */
  cacheViews?: boolean
  /** How long connections that are idle when the server closes stay open for one request more, in milliseconds; not at all unless given. */
  drainFor?: number
  /** Whether requests take fast paths at this moment; always unless given, and only tests give it, that compare them with the library. */
  fastPaths?: () => boolean
  /** Milliseconds between two looks into the queue; only tests give it, that count statements. */
  lookEvery?: number
  /** Whether housekeeping and the look for new signing keys run; they do unless given, and only tests give it, that count statements. */
  background?: boolean
}

export interface App {
  app: FastifyInstance
  services: Services
}

/** @throws AppError reserved_scopes when an API from before has scopes of the administration API; the command line still works */
async function refuseReservedScopes(services: Services): Promise<void> {
  const { resources } = services
  // Clients are of interest only beside such an API.
  const found = await Promise.all(ADMIN_SCOPES.map((scope) => resources.listByScope(scope)))
  if (found.flat().length === 0) return
  const [problem, ...ways] = reservedScopesProblem(await services.reservedScopes()) ?? []
  if (problem === undefined) return
  await services.close()
  throw new AppError('reserved_scopes', 500, `${problem}. ${ways.join(' ')}`)
}

/** Says at the start which APIs from before have scopes that are of this server now. */
async function warnOfTakenScopes({ resources }: Services, log: FastifyInstance['log']): Promise<void> {
  for (const { problem, remedy } of await takenScopesWarnings(resources.listByScope))
    log.warn(`${problem}. ${remedy}`)
}

/**
 * The composition root: the one place where features are wired together. The server, the tests and the demo all start
 * here. The returned instance is not listening yet; closing it closes everything it opened.
 */
export async function buildApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const { app, addressOf } = createInstance({
    log: { level: config.logLevel, stream: overrides.logStream },
    trustProxy: config.trustProxy,
  })
  const metrics = await openMetrics(config)
  const services = await openServices(config, {
    logger: app.log,
    observers: metrics?.observers,
    ...overrides,
  })
  await refuseReservedScopes(services)
  await warnOfTakenScopes(services, app.log)
  const { values } = services.settings
  const counts = await wireCounters(services)
  const http = await registerHttp(app, {
    issuer: new URL(config.issuer),
    cookieKey: services.secrets.key('cookies'),
    get rateLimit() {
      return values.rateLimit === 'on'
    },
    limits: values.limits,
    addressOf,
    answered: metrics?.observers.answered,
    counters: counts.beside,
    cacheViews: overrides.cacheViews ?? true,
    readView: services.readView,
    clock: services.clock,
    defaultLocale: () => values.defaultLocale,
    overrides: services.texts.override,
    brand: services.branding.shown,
    refreshed: () => services.settings.refresh(),
    translateError: asStorageError,
    kept: keptForms(services.artifacts),
    icons: Object.fromEntries(
      Object.entries(services.providers.kinds).map(([kind, { icon }]) => [kind, icon]),
    ),
  })

  freshSettings(app, services.settings)
  const protocol = await wireProtocol(app, http, services, overrides)
  await wirePages(app, http, services, protocol)
  const federation = await wireFederation(app, http, services, protocol)
  await wireApi(app, http, services, protocol, federation)
  await wireRegistration(app, http, services)
  await wireScim(app, http, services)
  await wireConsole(app, http, services, protocol)
  registerHealth(app, {
    database: () => services.db.ping(),
    keys: async () => void (await services.keys.version()),
  })

  const housekeeping = startHousekeeping(
    overrides.background === false
      ? []
      : withFreshSettings([...jobsOf(services), ...counts.jobs], services.settings),
    (job, err) => app.log.error({ err, chore: job }, 'housekeeping failed'),
    services.clock,
  )
  services.queue.start(overrides.lookEvery ?? LOOK, services.webhooks.dispatch.look)
  await wireMetrics(app, metrics, services, housekeeping)
  const { drainFor } = overrides
  if (drainFor !== undefined) app.addHook('preClose', () => drain(app.server, drainFor))
  app.addHook('onClose', async () => {
    await housekeeping.close()
    await protocol.close()
    await services.audit.idle()
    await logAuditHead(services).catch((err) =>
      app.log.error({ err }, 'the head of the audit log could not be read'),
    )
    await counts.close()
    await services.close()
  })
  return { app, services }
}
