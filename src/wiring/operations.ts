import type { FastifyInstance } from 'fastify'
import manifest from '../../package.json' with { type: 'json' }
import type { Config } from '../config.ts'
import type { Housekeeping, Job } from '../housekeeping.ts'
import { type Counters, createSharedCounters } from '../http/rate-limits/counters.ts'
import type { Metrics } from '../metrics/metrics.ts'
import { createKeyRotation } from '../oidc/keys/rotation.ts'
import { forgetUsage } from '../oidc/usage/usage.ts'
import type { Services } from '../services.ts'
import { openSharedCounters } from '../storage/counters/open.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE

/** Rows that the clean-up deletes at once. */
const SWEEP_ROWS = 500

/** What the server does beside the requests. */
export function jobsOf(services: Services): Job[] {
  const { access, accounts, artifacts, audit, clients, clock, factors, keys, lastUses } = services
  const { organizations, queue, rejections, selfRegistered, settings, sms, usage } = services
  return [
    { name: 'expired artefacts', every: MINUTE / 2, run: () => artifacts.sweep(SWEEP_ROWS) },
    {
      name: 'artefacts of clients that were disabled or removed',
      every: MINUTE / 2,
      run: () => clients.revokePending(),
    },
    {
      name: 'members of groups and roles that were removed',
      every: MINUTE / 2,
      run: async () => (await access.groups.purge()) + (await access.roles.purge()),
    },
    {
      name: 'members of organizations that were removed, and invitations that are over',
      every: MINUTE / 2,
      run: () => organizations.purge(),
    },
    {
      name: 'records of verified domains of organizations',
      every: 10 * MINUTE,
      run: () => organizations.domains.recheck(),
    },
    {
      name: 'values of attributes that were deleted',
      every: MINUTE / 2,
      run: () => services.attributes.purge(),
    },
    { name: 'old refused requests', every: MINUTE, run: () => rejections.prune() },
    { name: 'expired accounts and codes', every: 10 * MINUTE, run: () => accounts.purge() },
    {
      name: 'older accounts for the search',
      every: MINUTE,
      run: () => accounts.backfillSearch(),
    },
    { name: 'recoveries of accounts', every: MINUTE, run: () => factors.recovery.advance() },
    { name: 'impersonations that are over', every: MINUTE / 2, run: () => services.impersonations.settle() },
    { name: 'expired second factors', every: 10 * MINUTE, run: () => factors.purge() },
    { name: 'expired counts of messages', every: 10 * MINUTE, run: () => sms.purge() },
    {
      name: 'accounts whose owners want them deleted',
      every: 10 * MINUTE,
      run: () => accounts.deletion.purge(),
    },
    { name: 'old deliveries', every: 10 * MINUTE, run: () => queue.sweep() },
    {
      name: 'brands of what is gone, and pictures that no brand has',
      every: 10 * MINUTE,
      run: () => services.branding.purge(),
    },
    { name: 'unused open clients', every: HOUR, run: () => selfRegistered.purge() },
    { name: 'old entries of the audit log', every: HOUR, run: () => audit.prune() },
    { name: 'old usage', every: HOUR, run: forgetUsage(usage, clock) },
    { name: 'old uses of sign-ins and apps', every: HOUR, run: () => lastUses.forget() },
    {
      name: 'key rotation',
      every: HOUR,
      run: createKeyRotation({ ...services, days: () => settings.values.keyRotationDays }),
    },
    {
      name: 'private halves of keys that were retired',
      every: HOUR,
      run: () => keys.forgetPrivateHalves(),
    },
    {
      name: 'head of the audit log',
      every: HOUR,
      async run() {
        await logAuditHead(services)
        return 0
      },
    },
  ]
}

/** Logs the end of the audit log: kept apart from the database, it proves later that nothing before it was replaced. */
export async function logAuditHead({ audit, logger }: Pick<Services, 'audit' | 'logger'>): Promise<void> {
  logger.info({ audit_head: await audit.head() }, 'head of the audit log')
}

/** The counts of rate limits that all processes share, if there can be several on this database. */
export interface SharedCounts {
  /** Beside the counts of this process. */
  beside(local: Counters): Counters
  jobs: Job[]
  close(): Promise<void>
}

export async function wireCounters({ config, db, logger, settings }: Services): Promise<SharedCounts> {
  // What the environment switches off stays off.
  const shared =
    settings.pinned.rate_limit === 'off' ? undefined : await openSharedCounters(config.redisUrl, db.artifacts)
  if (shared === undefined) return { beside: (local) => local, jobs: [], close: async () => {} }
  return {
    beside: (local) => createSharedCounters(local, shared, logger),
    jobs: [{ name: 'old counts of rate limits', every: MINUTE, run: () => shared.sweep(SWEEP_ROWS) }],
    close: () => shared.close(),
  }
}

/** Loads the metrics; undefined when METRICS is off: then nothing of them is even loaded. */
export async function openMetrics(config: Config): Promise<Metrics | undefined> {
  if (config.metrics === undefined) return undefined
  const { openMetrics: open } = await import('../metrics/metrics.ts')
  return open()
}

/** Says what is asked at each reading of the metrics, and lets them be read. */
export async function wireMetrics(
  app: FastifyInstance,
  metrics: Metrics | undefined,
  services: Services,
  housekeeping: Housekeeping,
): Promise<void> {
  const { accounts, clock, config, db, keys, mailer, queue } = services
  if (metrics === undefined || config.metrics === undefined) return
  metrics.ask({
    now: clock,
    info: { version: manifest.version, node: process.version, database: db.artifacts.dialect },
    hashes: accounts.hashing,
    pool: () => db.pool?.(),
    mailQueue: mailer.load,
    deliveries: queue.load,
    jobs: housekeeping.report,
    keys: keys.list,
  })
  const { serveMetrics } = await import('../metrics/serve.ts')
  await serveMetrics(app, metrics, {
    ...config.metrics,
    host: config.host,
    secure: config.issuer.startsWith('https:'),
  })
}
