import { join } from 'node:path'
import type { FastifyBaseLogger } from 'fastify'
import { createAccounts } from './accounts/accounts.ts'
import { createHasher, type HashingCost } from './accounts/passwords/hashing.ts'
import type { EstimateStrength } from './accounts/passwords/strength.ts'
import { createAudit } from './audit/audit.ts'
import { auditReads } from './audit/audited-reads.ts'
import { type AuditEvent, createRecorder } from './audit/recorder.ts'
import { createClients } from './clients/clients.ts'
import { createClientEvidence } from './clients/evidence/evidence.ts'
import { SELF_REGISTERED } from './clients/fields/views.ts'
import { completeRegistration, leftToCreation, parseRegistration } from './clients/metadata.ts'
import { redirectUriProblem } from './clients/redirect-uris/redirect-uris.ts'
import { findUnreachable } from './clients/redirect-uris/unreachable.ts'
import { createResourceCredentials } from './clients/resources/credentials.ts'
import { completeResource, createResources } from './clients/resources/resources.ts'
import { createRegisteredScopes } from './clients/scopes/registered.ts'
import { findReservedScopes } from './clients/scopes/reserved.ts'
import { secretMatches } from './clients/secrets.ts'
import { createSelfRegistered } from './clients/self-registered/self-registered.ts'
import type { Config } from './config.ts'
import { createConfiguration } from './configuration/configuration.ts'
import { createConfigurationStore } from './configuration/store.ts'
import { kinds } from './federation/connectors/kinds.ts'
import { createKeptTokens, isLost } from './federation/kept-tokens.ts'
import { completeProvider } from './federation/providers/input.ts'
import { createProviders } from './federation/providers/providers.ts'
import { createMailer } from './mail/mailer.ts'
import type { Observers } from './metrics/metrics.ts'
import { createConsents } from './oidc/consent/consents.ts'
import { createSigningKeys } from './oidc/keys/keys.ts'
import { createKeyStore } from './oidc/keys/store.ts'
import { isHabitual } from './oidc/placement/habitual.ts'
import { grantTtl } from './oidc/provider/lifetimes.ts'
import { ADMIN_SCOPES } from './oidc/tokens/admin-tokens.ts'
import { FIRST_PARTY_ID, firstPartyClient } from './oidc/tokens/first-party-client.ts'
import { userinfoAudience } from './oidc/tokens/userinfo-audience.ts'
import { createUsageStore } from './oidc/usage/usage-store.ts'
import { openRegistration } from './registration/open.ts'
import { createRejections } from './rejections/rejections.ts'
import { openSettings } from './settings/settings.ts'
import { createSettingsStore } from './settings/store.ts'
import { currentAuditContext } from './shared/audit-context.ts'
import type { Clock } from './shared/clock.ts'
import { IDENTITY_SCOPES, isIdentityScope } from './shared/identity-scopes.ts'
import { createSecrets, loadSecretKeyFile } from './shared/secrets.ts'
import { createArtifactStore } from './storage/artifacts/artifact-store.ts'
import { openDatabase } from './storage/open.ts'

/** How long a new signing key is published before it signs: longer than JWKS are commonly cached. */
const PUBLISH_LEAD = 3_600_000
/** What an id_token, which is signed too, lives at most (oidc/provider/provider.ts), in seconds. */
const ID_TOKEN_TTL = 3600

/** Enough to see whether SECRET_KEY was replaced: tokens of earlier sign-ins are the first. */
const TOKENS_LOOKED_AT = 500

export interface ServiceOverrides {
  clock?: Clock
  /** Only what is there already: no database, no key and no log is made. */
  existing?: boolean
  /** What a password hash costs; OWASP's floor unless given, and only tests give it. */
  hashingCost?: HashingCost | undefined
  /** What a new password is worth; by dictionaries unless given, and only tests give it. */
  estimateStrength?: EstimateStrength | undefined
  logger: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  /** Told what happens; nobody, unless metrics are on. */
  observers?: Observers | undefined
}

/**
 * Everything but HTTP: what the server and the command line share. Opens the database, migrates it and makes the keys
 * that are missing.
 * @throws AppError when the database or the secret key is not as it should be
 */
export async function openServices(
  config: Config,
  { clock = Date.now, logger, observers, existing = false, hashingCost, estimateStrength }: ServiceOverrides,
) {
  const secrets = createSecrets(config.secretKey ?? loadSecretKeyFile(config.dataDir))
  const db = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    clock,
    logger,
    existing,
    waited: observers?.databaseWaited,
  })
  const artifacts = createArtifactStore(db.artifacts, { clock })
  const settings = await openSettings({
    store: createSettingsStore(db),
    pinned: config.pinned,
    issuer: config.issuer,
    clock,
    logger,
    events: (happened) => event(happened),
    async whoActs() {
      const { kind, id, name } = currentAuditContext()?.actor ?? { kind: 'server' }
      const found = kind === 'account' && id !== undefined ? await accounts.byId(id) : undefined
      return name ?? found?.displayUsername ?? kind.replace('_', ' ')
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
    identify: async (name) => [(await accounts.find(name))?.id].filter((id) => id !== undefined),
  })
  const happened = createRecorder({
    audit,
    logger,
    async nameOf(kind, id) {
      if (kind === 'client') return (await findClient(id))?.metadata.client_name
      return kind === 'account' ? (await accounts.byId(id))?.displayUsername : undefined
    },
  })
  const event = <Event extends AuditEvent>(what: Event): void => {
    observers?.event(what)
    happened(what)
  }
  const mailer = createMailer({
    smtpUrl: config.smtpUrl,
    get from() {
      return values.mailFrom
    },
    outboxDir: join(config.dataDir, 'outbox'),
    issuer: config.issuer,
    logger,
    clock,
    ended: observers?.mail,
  })
  const consents = createConsents(artifacts, secrets.key('consents'), () => Math.floor(clock() / 1000), event)
  const keys = createSigningKeys({
    store: createKeyStore(db),
    events: event,
    secrets,
    clock,
    publishLead: PUBLISH_LEAD,
    get overlap() {
      return Math.max(values.accessTokenTtl, ID_TOKEN_TTL) * 1000
    },
    longestTokenLife: async () => (await resources.longestTtl()) * 1000,
    get retention() {
      return grantTtl(values) * 1000
    },
  })
  // The log is there before anything that belongs into it.
  if (!existing) {
    await audit.begin()
    await keys.ensure()
  }
  const accounts = createAccounts({
    db,
    clock,
    mailer,
    hasher: createHasher({ clock, cost: hashingCost, waited: observers?.hashWaited }),
    estimateStrength,
    issuer: config.issuer,
    codeKey: secrets.key('one-time-codes'),
    events: { emit: event },
    sessions: {
      async endAll(accountId, { except } = {}) {
        // At once: until then it counts as ended too, and its apps would drop the person.
        if (except) await artifacts.carryOver(accountId, except.sessionUid, except.generation)
        await artifacts.revokeByAccount(accountId, { exceptSessionUid: except?.sessionUid })
      },
      forgetConsents: (accountId) => artifacts.forgetConsents(accountId),
    },
    settings: values,
  })
  const providers = createProviders({
    db,
    clock,
    secrets,
    issuer: config.issuer,
    environment: config.providers,
    kinds,
    events: event,
  })
  const clients = createClients({
    db,
    clock,
    artifacts,
    rules: values,
    events: event,
    failed: (err) => logger.error({ err }, 'the last use of a client secret was not stored'),
  })
  const selfRegistered = createSelfRegistered({ db, clock, artifacts, remove: clients.delete })
  const { registration, documents } = openRegistration({
    issuer: config.issuer,
    settings: values,
    privateHosts: config.privateHosts,
    fields: SELF_REGISTERED,
    identityScopes: IDENTITY_SCOPES,
    db,
    clock,
    events: event,
    clients: {
      ...clients,
      ...selfRegistered,
      async secretMatches(id, secret) {
        return secretMatches((await clients.findForProtocol(id))?.secretHashes ?? [], secret)
      },
    },
    defaultsAmong: (scopes) => resources.defaultsAmong(scopes),
    parse: (input) => parseRegistration(input, values),
    log: logger,
  })
  const findClient = async (clientId: string) =>
    clientId === FIRST_PARTY_ID
      ? firstPartyClient
      : (documents.remembered(clientId) ?? clients.findForProtocol(clientId))
  const evidence = createClientEvidence({ db, clock })
  const rejections = createRejections({
    db,
    clock,
    log: logger,
    clients: {
      ...evidence,
      get: clients.get,
      setRedirectUris: (id, uris, ifVersion) => clients.update(id, { redirect_uris: uris }, { ifVersion }),
    },
    redirectUriProblem: (uri, type) => redirectUriProblem(uri, type, values.redirects),
  })
  const resources = createResources({
    db,
    clock,
    events: event,
    reserved: [config.issuer, `${config.issuer}/api/admin`, userinfoAudience(config.issuer)],
  })
  const withoutApi = (scope: string) => isIdentityScope(scope) || isHabitual(scope)
  const administration = (scope: string) => ADMIN_SCOPES.some((own) => own === scope)
  const clientScopes = createRegisteredScopes({
    findByScope: resources.findByScope,
    withoutApi,
    administration,
  })
  const resourceCredentials = createResourceCredentials({
    db,
    clock,
    resources,
    events: event,
    failed: (err) => logger.error({ err }, 'the last use of a credential of an API was not stored'),
  })
  return {
    config,
    settings,
    clock,
    logger,
    observers,
    secrets,
    db,
    artifacts,
    audit: auditReads(audit, event),
    event,
    mailer,
    consents,
    keys,
    usage: createUsageStore(db),
    accounts,
    providers,
    keptTokens: createKeptTokens({ secrets, find: accounts.linked.sealedTokens }),
    /** Of the tokens of providers that are kept, how many of a sample cannot be read with this SECRET_KEY. */
    async lostTokens() {
      const some = await accounts.linked.someSealedTokens(TOKENS_LOOKED_AT)
      return some.filter((each) => isLost(secrets, each)).length
    },
    clients,
    clientScopes,
    clientEvidence: evidence,
    rejections,
    selfRegistered,
    registration,
    /** A client for a page that shows it; what another process changed is seen within a second. */
    findClient,
    /** The client of a protocol request. @throws AppError client_document_refused (400) · unavailable (503) */
    findForProtocol: async (clientId: string) => (await documents.find(clientId)) ?? findClient(clientId),
    resources,
    resourceCredentials,
    /** What of the administration API's scopes was registered before they were its own. */
    reservedScopes: () =>
      findReservedScopes(ADMIN_SCOPES, { resources: resources.listByScope, clients: clients.listByScope }),
    /** Clients with an address inside that nobody has named (PRIVATE_HOSTS). While the issuer is on loopback, all are open. */
    async unreachableAddresses() {
      if (!config.issuer.startsWith('https:')) return []
      const reach = { allowLoopback: false, privateHosts: config.privateHosts }
      const all: Awaited<ReturnType<typeof clients.list>>['items'] = []
      let cursor: string | undefined
      do {
        const page = await clients.list({ limit: 100, cursor })
        all.push(...page.items)
        cursor = page.next_cursor
      } while (cursor !== undefined)
      return findUnreachable(all, reach)
    },
    configuration: createConfiguration({
      store: createConfigurationStore({ db, clock }),
      events: event,
      settings,
      needsNoApi: (scope) => withoutApi(scope) || administration(scope),
      clients: {
        ...clients,
        complete: (entry) => completeRegistration(entry, values),
        leftToCreation: (entry) => leftToCreation(entry, values),
      },
      resources: { ...resources, complete: completeResource },
      providers: { ...providers, complete: (entry) => completeProvider(entry, kinds) },
    }),
    /** Sends the mail that is queued, then closes the database. */
    async close() {
      await mailer.close()
      await audit.idle()
      await clients.idle()
      await resourceCredentials.idle()
      await rejections.close()
      await db.close()
    },
  }
}

export type Services = Awaited<ReturnType<typeof openServices>>
