import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { accountColumns } from './accounts/store/reads.ts'
import { namedActor } from './audit/actor-name.ts'
import { type Audit, createAudit } from './audit/audit.ts'
import { type AuditEvent, createRecorder } from './audit/recorder.ts'
import { type Branding, createBranding } from './branding/branding.ts'
import type { BrandOwner } from './branding/document.ts'
import { createBrandImages } from './branding/images.ts'
import { followOwners } from './branding/owners.ts'
import { createBrandImageStore } from './branding/store.ts'
import { createSheets } from './branding/theme.ts'
import { type Config, ConfigError } from './config.ts'
import { overriddenViews, type ReadView, viewReader } from './http/pages/overridden-views.ts'
import { createMailer, type Mailer } from './mail/mailer.ts'
import type { Observers } from './metrics/metrics.ts'
import { createSigningKeys, type SigningKeys } from './oidc/keys/keys.ts'
import { keyLifetimes } from './oidc/keys/lifetimes.ts'
import { createKeyStore } from './oidc/keys/store.ts'
import { createQueue, type Queue } from './queue/queue.ts'
import { createQueueStore } from './queue/store.ts'
import { openSettings, type Settings } from './settings/settings.ts'
import { createStoredDocuments, type DocumentId, type StoredDocument } from './settings/store.ts'
import { createTexts, type Texts } from './settings/texts.ts'
import type { Clock } from './shared/clock.ts'
import { t } from './shared/locales/texts.ts'
import { createSecrets, loadSecretKeyFile, type Secrets } from './shared/secrets.ts'
import { leadsAstray } from './sms/secret-host.ts'
import { createArtifactStore } from './storage/artifacts/artifact-store.ts'
import type { ArtifactStore } from './storage/artifacts/store.ts'
import type { Database } from './storage/database.ts'
import { openDatabase } from './storage/open.ts'

export interface FoundationOptions {
  clock: Clock
  /** Only what is there already: no database, no key and no log is made. */
  existing: boolean
  logger: Pick<FastifyBaseLogger, 'debug' | 'info' | 'warn' | 'error'>
  /** Counts what happens, when metrics are on. */
  observers: Observers | undefined
}

/** What every other service stands on. */
export interface Foundation extends Pick<FoundationOptions, 'clock' | 'logger' | 'observers'> {
  config: Config
  secrets: Secrets
  db: Database
  /** Codes, tokens, sessions and grants. */
  artifacts: ArtifactStore
  settings: Settings
  /** What else counts a second later in every process. */
  documents: Record<DocumentId, StoredDocument>
  /** What pages and messages say otherwise than they ship. */
  texts: Texts
  /** Name, logo, colours and links of pages and messages. */
  branding: Branding
  audit: Audit
  /** Audits, logs and counts an event. Never throws. */
  event<Event extends AuditEvent>(event: Event): void
  /** What is to leave this server: stored before the answer, and tried until it is over. */
  queue: Queue
  mailer: Mailer
  /** The signing keys of the protocol. */
  keys: SigningKeys
  /** Reads a view, the owner's in the place of one that ships. */
  readView: ReadView
}

/** What the foundation asks of services that stand on it. */
export interface NamesAndLifetimes {
  findAccount(id: string): Promise<{ displayUsername: string } | undefined>
  /** The id of the account with this username or address. */
  accountId(login: string): Promise<string | undefined>
  /** What language the account with this username or address speaks, as its profile says it. */
  accountLocale(login: string): Promise<string | null | undefined>
  clientName(id: string): Promise<string | undefined>
  /** The longest lifetime of access tokens that an API is registered with, in seconds. */
  longestTtl(): Promise<number>
  /** A client or an organization that may have a brand. @throws AppError (404) */
  brandOwner(owner: BrandOwner & { id: string }): Promise<{ name: string; slug?: string }>
  /** Entries of the audit log are on disk. */
  written(): void
}

/**
 * Opens the database, migrates it, and begins the audit log and makes the keys that are missing.
 * @throws AppError when the database or the secret key is not as it should be
 */
export async function openFoundation(
  config: Config,
  { clock, existing, logger, observers }: FoundationOptions,
  names: NamesAndLifetimes,
): Promise<Foundation> {
  const { dataDir, databaseUrl, issuer, pinned, smtpUrl } = config
  const readView = openViews(config.viewsDir, logger)
  const secrets = createSecrets(config.secretKey ?? loadSecretKeyFile(dataDir))
  const waited = observers?.databaseWaited
  const db = await openDatabase({ databaseUrl, dataDir, clock, logger, existing, waited })
  const documents = createStoredDocuments(db)
  const settings = await openSettings({
    store: documents.settings,
    pinned,
    issuer,
    clock,
    logger,
    events: (change) => event(change),
    actor: namedActor(names.findAccount),
    together: {
      names: ['sms_url', 'sms_headers', 'sms_body'],
      problem: (planned) =>
        config.smsSecret !== undefined && leadsAstray(planned, config.smsHost)
          ? {
              field: 'sms_url',
              message: t('admin.settings.must.sms_host', {
                host: String(config.smsHost),
                secret: '{secret}',
              }),
            }
          : undefined,
    },
  })
  const { values } = settings
  const audit = createAudit({
    db,
    key: secrets.key('audit'),
    clock,
    logger,
    get retention() {
      return values.auditRetention
    },
    written: names.written,
    identify: async (name) => [await names.accountId(name)].filter((id) => id !== undefined),
  })
  const record = createRecorder({
    audit,
    logger,
    async nameOf(kind, id) {
      if (kind === 'client') return names.clientName(id)
      return kind === 'account' ? (await names.findAccount(id))?.displayUsername : undefined
    },
  })
  const event: Foundation['event'] = (audited) => {
    observers?.event(audited)
    record(audited)
    void followOwners(branding, audited)?.catch((err: unknown) =>
      logger.warn({ err }, 'the brand of what is gone stays until the next clean-up'),
    )
  }
  const queue = createQueue({
    store: createQueueStore(db),
    secrets,
    clock,
    logger,
    tried: observers?.delivery,
  })
  const branding = createBranding({
    document: documents.branding,
    images: createBrandImages({ store: createBrandImageStore(db), clock }),
    sheets: createSheets(secrets.key('themes')),
    describe: names.brandOwner,
    events: event,
  })
  const texts = createTexts({ document: documents.texts, events: event })
  const mailer = createMailer({
    queue,
    smtpUrl,
    get from() {
      return values.mailFrom
    },
    outboxDir: join(dataDir, 'outbox'),
    language: {
      ofAccount: names.accountLocale,
      fallback: () => values.defaultLocale,
      overrides: texts.override,
    },
    look: branding.mail,
    readView,
    issuer,
    logger,
    clock,
    ended: observers?.mail,
  })
  const keys = createSigningKeys({
    store: createKeyStore(db),
    events: event,
    secrets,
    clock,
    lifetimes: keyLifetimes(values, names),
  })
  // The log is there before anything that belongs into it.
  if (!existing) {
    await audit.begin()
    await keys.ensure()
  }
  const artifacts = createArtifactStore(db.artifacts, { clock, accountColumns })
  return {
    ...{ config, clock, logger, observers },
    ...{
      secrets,
      db,
      artifacts,
      settings,
      documents,
      texts,
      branding,
      audit,
      event,
      queue,
      mailer,
      keys,
      readView,
    },
  }
}

/** @throws ConfigError that names each file that cannot be shown */
function openViews(folder: string | undefined, logger: Pick<FastifyBaseLogger, 'warn'>): ReadView {
  const { views, problems } = overriddenViews(folder)
  if (problems.length > 0) throw new ConfigError(problems)
  const changed = views.filter(({ age }) => age === 'changed').map(({ view }) => view)
  if (changed.length > 0)
    logger.warn(
      { views: changed },
      'the server ships these views otherwise than when they were copied; `npm run -s latchkey -- views check` lists them',
    )
  return viewReader(views)
}
