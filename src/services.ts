// Over 300 lines: what each service is given stands here once, and nothing else does.
import { join } from 'node:path'
import { type Access, createAccess } from './access/access.ts'
import { createGroupListing, type GroupListing } from './access/groups/listing/listing.ts'
import { createRoleListing, type RoleListing } from './access/roles/listing/listing.ts'
import type { Account, TokenHolder } from './accounts/account.ts'
import type { Accounts } from './accounts/accounts.ts'
import { createAccounts } from './accounts/create-accounts.ts'
import { canonicalEmail } from './accounts/email/address.ts'
import { createImpersonations, type Impersonations } from './accounts/impersonations/impersonations.ts'
import { type Breaches, createBreaches } from './accounts/passwords/breaches/breaches.ts'
import { openDearestCost } from './accounts/passwords/dearest-cost.ts'
import { createHasher, type HashingCost, hashingCostOf } from './accounts/passwords/hashing.ts'
import type { EstimateStrength } from './accounts/passwords/strength.ts'
import { createUserExport } from './accounts/search/export.ts'
import { inviterName } from './accounts/sign-up/inviter.ts'
import { endSignIns } from './accounts/store/generation.ts'
import { keepVerifiedPhone } from './accounts/store/phone.ts'
import { accountView, holderView } from './accounts/store/reads.ts'
import { type AdministratorRoles, createAdministratorRoles } from './administrators/administrator-roles.ts'
import { type Attributes, createAttributes } from './attributes/attributes.ts'
import { type Claims, createClaims } from './attributes/claims/claims.ts'
import { type Activity, createActivity } from './audit/activity.ts'
import type { Audit } from './audit/audit.ts'
import { auditReads } from './audit/audited-reads.ts'
import { isTypePattern, matchesType } from './audit/outside/types.ts'
import { createAuditStore } from './audit/store.ts'
import { type Clients, createClients } from './clients/clients.ts'
import { type ClientEvidence, createClientEvidence } from './clients/evidence/evidence.ts'
import { SELF_REGISTERED } from './clients/fields/views.ts'
import { type ClientListing, createClientListing } from './clients/listing/listing.ts'
import { parseRegistration } from './clients/metadata.ts'
import { redirectUriProblem } from './clients/redirect-uris/redirect-uris.ts'
import { type UnreachableAddress, unreachableAddresses } from './clients/redirect-uris/unreachable.ts'
import { createResourceCredentials, type ResourceCredentials } from './clients/resources/credentials.ts'
import { createResourceListing, type ResourceListing } from './clients/resources/listing/listing.ts'
import { createResources, type Resources } from './clients/resources/resources.ts'
import { type ClientScopes, createRegisteredScopes } from './clients/scopes/registered.ts'
import { findReservedScopes, type ReservedScopes } from './clients/scopes/reserved.ts'
import { secretMatches } from './clients/secrets.ts'
import { createSelfRegistered, type SelfRegistered } from './clients/self-registered/self-registered.ts'
import type { Config } from './config.ts'
import type { ConfigurationService } from './configuration/configuration.ts'
import { configurationOf } from './configuration-of.ts'
import { createFactors, type Factors } from './factors/factors.ts'
import { kinds } from './federation/connectors/kinds.ts'
import { countLostTokens, createKeptTokens } from './federation/kept-tokens.ts'
import { createProviders, type Providers } from './federation/providers/providers.ts'
import { type Foundation, type FoundationOptions, openFoundation } from './foundation.ts'
import { createHooks, type Hooks } from './hooks/hooks.ts'
import { createGuardedFetch } from './http/outgoing/guarded-fetch.ts'
import { addressInWords, createPlaces } from './http/places.ts'
import { createTestMail, type SendTestMail } from './mail/test-mail.ts'
import { createLaunchableApps, type LaunchableApp } from './oidc/app-access/launchable.ts'
import { type Consents, createConsents } from './oidc/consent/consents.ts'
import { isHabitual } from './oidc/placement/habitual.ts'
import type { ProtocolClient } from './oidc/provider/adapter.ts'
import { knownUserAgent } from './oidc/sessions/devices.ts'
import { accountSessions } from './oidc/sessions/end-all.ts'
import { ADMIN_SCOPES } from './oidc/tokens/admin-tokens.ts'
import { FIRST_PARTY_ID, firstPartyClient } from './oidc/tokens/first-party-client.ts'
import { userinfoAudience } from './oidc/tokens/userinfo-audience.ts'
import { createLastUses, type LastUses } from './oidc/usage/last-uses.ts'
import { createLastUsesStore } from './oidc/usage/last-uses-store.ts'
import { createUsageStore, type UsageStore } from './oidc/usage/usage-store.ts'
import { createTxtLookup, type LookUpTxt } from './organizations/domains/dns.ts'
import { createOrganizationListing, type OrganizationListing } from './organizations/listing/listing.ts'
import { createOrganizations, type Organizations } from './organizations/organizations.ts'
import { ownProviderNotices } from './organizations/own-provider/notices.ts'
import { createOwnProvider, type OwnProvider } from './organizations/own-provider/own-provider.ts'
import { openRegistration } from './registration/open.ts'
import type { Registration } from './registration/registration.ts'
import { createRejections, type Rejections } from './rejections/rejections.ts'
import { createScimTokens, type ScimTokens } from './scim/tokens/tokens.ts'
import { createSetupProgress, type SetupProgress } from './settings/setup-progress.ts'
import type { Texts } from './settings/texts.ts'
import { epochSeconds } from './shared/clock.ts'
import { unlessCode } from './shared/errors.ts'
import { IDENTITY_SCOPES, isIdentityScope } from './shared/identity-scopes.ts'
import { createSignInGate, requiredAcr, type SignInGate } from './shared/second-factor-rule.ts'
import { createSmsGateway } from './sms/gateway.ts'
import { createSms, type Sms } from './sms/sms.ts'
import { createSmsCountStore } from './sms/store.ts'
import type { TokenReads } from './storage/token-reads/token-reads.ts'
import { announceDisabled } from './webhooks/announce.ts'
import { webhookUrlProblem } from './webhooks/url.ts'
import { createWebhooks, type Webhooks } from './webhooks/webhooks.ts'

export interface ServiceOverrides
  extends Partial<Omit<FoundationOptions, 'logger'>>,
    Pick<FoundationOptions, 'logger'> {
  /** What a password hash costs; by the settings unless given, and only tests give it. */
  hashingCost?: HashingCost | undefined
  /** What a new password is worth; by dictionaries unless given, and only tests give it. */
  estimateStrength?: EstimateStrength | undefined
  /** Looks up TXT records; in DNS unless given, and only tests give it. */
  lookUpTxt?: LookUpTxt | undefined
}

/** A client as it is served: registered, of a metadata document, or the built-in one. */
type ServedClient = ProtocolClient & {
  metadata: { client_name: string; logo_uri?: string | undefined }
}

/** What the server and the command line work with: every feature's service, without HTTP. */
export interface Services extends Foundation {
  /** What a search for people finds, as a CSV file; audited. */
  exportUsers: ReturnType<typeof createUserExport>
  /** The audit log; that it is exported or verified is audited too. */
  audit: Audit
  /** What happened to an account, for its owner. */
  activity: Activity
  /** What people have allowed clients. */
  consents: Consents
  /** Which clients are in use, and which keys signed for them. */
  usage: UsageStore
  /** When the sign-ins and apps of accounts were last used. */
  lastUses: LastUses
  /** Whether a sign-in has shown all that its account and the rules ask for. */
  signInGate: SignInGate
  /** A network address with its place, if that is known: “192.0.2.1 (Paris, France)”. */
  describeAddress(address: string): Promise<string>
  accounts: Accounts
  /** Roles of administration that are defined, and what each comes to. */
  administratorRoles: AdministratorRoles
  /** Administrators who sign in as a person to help them. */
  impersonations: Impersonations
  /** What administrators have defined of people. */
  attributes: Attributes
  /** Claims that administrators have defined. */
  customClaims: Claims
  /** Access tokens with all that they hang on. */
  tokenReads: TokenReads<Account>
  /** The same with as much of the account as an introspection asks for. */
  holderReads: TokenReads<TokenHolder>
  breaches: Breaches
  /** Second factors of accounts. */
  factors: Factors
  /** Messages to phones. */
  sms: Sms
  providers: Providers
  /** The tokens that a provider was set to keep for an account; undefined: none. @throws AppError provider_tokens_lost (409) */
  keptTokens(accountId: string, provider: string): Promise<Record<string, unknown> | undefined>
  /** Of a sample of the tokens of providers that are kept, how many cannot be read with this SECRET_KEY. */
  lostTokens(): Promise<number>
  clients: Clients
  /** The list of clients as administrators look through it. */
  clientListing: ClientListing
  /** Other lists, likewise. */
  groupListing: GroupListing
  roleListing: RoleListing
  organizationListing: OrganizationListing
  resourceListing: ResourceListing
  clientScopes: ClientScopes
  /** What was wrong with how a client authenticated, and which client was meant. */
  clientEvidence: ClientEvidence
  rejections: Rejections
  selfRegistered: SelfRegistered
  registration: Registration
  /** A client for a page that shows it; what another process changed is seen within a second. */
  findClient(clientId: string): Promise<ServedClient | undefined>
  /** The client of a protocol request. @throws AppError client_document_refused (400) · unavailable (503) */
  findForProtocol(clientId: string): Promise<ServedClient | undefined>
  resources: Resources
  /** Groups of people, and roles. */
  access: Access
  /** Companies that people sign in for. */
  organizations: Organizations
  /** The provider that managers of an organization set up. */
  ownProvider: OwnProvider
  texts: Texts
  /** How far an owner has come with setting up. */
  setup: SetupProgress
  /** The apps that an account may use; undefined while the launcher is off. */
  launchableApps(accountId: string): Promise<LaunchableApp[] | undefined>
  resourceCredentials: ResourceCredentials
  /** Programs that are asked before something happens. */
  hooks: Hooks
  /** Where events are sent. */
  webhooks: Webhooks
  testMail: SendTestMail
  /** Tokens of directories that provision people. */
  scimTokens: ScimTokens
  /** What of the administration API's scopes was registered before they were its own. */
  reservedScopes(): Promise<ReservedScopes>
  /** Clients with an address inside that PRIVATE_HOSTS does not name. */
  unreachableAddresses(): Promise<UnreachableAddress[]>
  configuration: ConfigurationService
  /** Tries the mail that is queued, gives back what is under way, then closes the database. */
  close(): Promise<void>
}

/**
 * Everything but HTTP: what the server and the command line share. Opens the database, migrates it and makes the keys
 * that are missing.
 * @throws AppError when the database or the secret key is not as it should be
 */
export async function openServices(
  config: Config,
  {
    clock = Date.now,
    logger,
    observers,
    existing = false,
    hashingCost,
    estimateStrength,
    lookUpTxt = createTxtLookup(),
  }: ServiceOverrides,
): Promise<Services> {
  // Entries may be written before there is anyone to tell of them.
  let webhooks: Webhooks | undefined
  const foundation = await openFoundation(
    config,
    { clock, existing, logger, observers },
    {
      findAccount: (id) => accounts.byId(id),
      accountId: async (login) => (await accounts.find(login))?.id,
      accountLocale: async (login) => (await accounts.find(login))?.locale,
      clientName: async (id) => (await findClient(id))?.metadata.client_name,
      longestTtl: () => resources.longestTtl(),
      async brandOwner({ kind, id }) {
        if (kind === 'client') return { name: (await clients.get(id)).client_name }
        const { name, slug } = await organizations.get(id)
        return { name, slug }
      },
      written: () => webhooks?.dispatch.written(),
    },
  )
  const { artifacts, audit, db, event, mailer, secrets, settings } = foundation
  const { values } = settings
  const cost = () => hashingCost ?? hashingCostOf(values)
  const hasher = createHasher({
    clock,
    cost,
    dearest: await openDearestCost({ db, cost }),
    waited: observers?.hashWaited,
  })
  const breaches = createBreaches({
    settings: values,
    path: join(config.dataDir, 'stolen-passwords.bin'),
    fetch: createGuardedFetch(config.issuer, config.privateHosts),
    log: logger,
    events: event,
  })
  const places = createPlaces({ file: config.geoipFile, clock, log: logger })
  const describeAddress = async (address: string) => addressInWords(address, await places.nameOf(address))
  const attributes = createAttributes({ db, store: foundation.documents.attributes, clock, events: event })
  const customClaims = createClaims({ store: foundation.documents.claims, clock, attributes, events: event })
  const reach = { allowLoopback: !config.issuer.startsWith('https:'), privateHosts: config.privateHosts }
  const hooks = createHooks({
    store: foundation.documents.hooks,
    clock,
    secrets,
    fetch: createGuardedFetch(config.issuer, config.privateHosts),
    urlProblem: (url) => webhookUrlProblem(url, reach),
    events: event,
    logger,
  })
  const organizationId = async (idOrSlug: string) =>
    (await organizations.find(idOrSlug).catch(unlessCode('organization_not_found')))?.id
  const administratorRoles = createAdministratorRoles({
    store: foundation.documents.administrator_roles,
    clock,
    organizationId,
    holders: async (role, limit) =>
      (await accounts.search({ role, limit })).items.map(({ id, displayUsername }) => ({
        id,
        username: displayUsername,
      })),
    takeFrom: async (accountId, role) => accounts.loseRole(accountId, role),
    events: event,
  })
  const accounts = createAccounts({
    db,
    attributes,
    roles: administratorRoles,
    hooks,
    clock,
    mailer,
    hasher,
    estimateStrength,
    isStolenPassword: breaches.has,
    secondFactorRequired: (owner) => requiredAcr(values.secondFactor, owner) !== undefined,
    issuer: config.issuer,
    codeKey: secrets.key('one-time-codes'),
    secrets,
    events: { emit: event },
    sessions: accountSessions(artifacts),
    settings: values,
    describeDevice: knownUserAgent,
    describeAddress,
    providerOf: (email) => organizations.signIn.ofEmail(email),
  })
  const messageCounts = createSmsCountStore(db)
  const sms = createSms({
    gateway: createSmsGateway({
      settings: values,
      secret: config.smsSecret,
      secretHost: config.smsHost,
      fetch: createGuardedFetch(config.issuer, config.privateHosts),
    }),
    counts: messageCounts,
    settings: values,
    clock,
    key: secrets.key('sms-counts'),
    events: event,
  })
  const factors = createFactors({
    db,
    clock,
    secrets,
    artifacts,
    hasher,
    events: event,
    mail: mailer,
    issuer: config.issuer,
    settings: values,
    findOwner: accounts.byId,
    sms,
    keepVerifiedPhone,
    describeDevice: knownUserAgent,
    endSignIns,
    sessions: accountSessions(artifacts),
  })
  const providers = createProviders({
    db,
    clock,
    secrets,
    issuer: config.issuer,
    environment: config.providers,
    kinds,
    organizationId,
    guardedFetch: createGuardedFetch(config.issuer, config.privateHosts),
    events: event,
  })
  const clients = createClients({
    db,
    clock,
    artifacts,
    rules: values,
    events: event,
    failed: (err) => logger.error({ err }, 'what is done beside the requests of a client failed'),
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
    events: event,
  })
  const reserved = [config.issuer, `${config.issuer}/api/admin`, userinfoAudience(config.issuer)]
  const resources = createResources({
    db,
    clock,
    events(told) {
      if (told.type === 'resource.removed') resourceCredentials.apiRemoved()
      event(told)
    },
    reserved,
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
  webhooks = createWebhooks({
    db,
    queue: foundation.queue,
    log: audit,
    fetch: createGuardedFetch(config.issuer, config.privateHosts),
    secrets,
    clock,
    rules: { isPattern: isTypePattern, urlProblem: (url) => webhookUrlProblem(url, reach) },
    matches: matchesType,
    events: event,
    announce: (webhook) => announceDisabled({ accounts, mailer, issuer: config.issuer, logger }, webhook),
    failed: (err) => logger.error({ err }, 'events for webhooks could not be queued, and will be'),
  })
  const { dispatch } = webhooks
  const access = createAccess({
    db,
    clock,
    events: event,
    scopeOf: async (identifier) => (await resources.get(identifier))?.scope,
    findPerson: accounts.findNamed,
    ofAdministration: (identifier) => reserved.includes(identifier),
  })
  const organizations = createOrganizations({
    db,
    marker: foundation.documents.organizations,
    settings: values,
    lookUpTxt,
    clock,
    issuer: config.issuer,
    mail: mailer,
    canonicalEmail,
    inviterName: () => inviterName(accounts.byId),
    events: event,
  })
  const lastUses = createLastUses({ store: createLastUsesStore(db), clock, log: logger })
  return {
    ...foundation,
    lastUses,
    signInGate: createSignInGate(values),
    describeAddress,
    audit: auditReads(audit, event),
    clientListing: createClientListing({ db, clock, events: event }),
    groupListing: createGroupListing({ db, events: event }),
    roleListing: createRoleListing({ db, events: event }),
    organizationListing: createOrganizationListing({ db, events: event }),
    resourceListing: createResourceListing({ db, events: event }),
    exportUsers: createUserExport({
      search: accounts.search,
      nameOfRole: administratorRoles.nameOf,
      events: event,
    }),
    activity: createActivity({
      store: createAuditStore(db),
      clock,
      describeDevice: knownUserAgent,
    }),
    breaches,
    consents: createConsents(artifacts, secrets.key('consents'), () => epochSeconds(clock), event),
    usage: createUsageStore(db),
    accounts,
    impersonations: createImpersonations({
      accounts,
      artifacts,
      mayImpersonate: async (role) =>
        (await administratorRoles.authorityOf(role)).permissions.has('user.impersonate'),
      forbidden: organizations.forbidsImpersonation,
      mail: mailer,
      events: event,
      settings: values,
      issuer: config.issuer,
      clock,
    }),
    attributes,
    administratorRoles,
    customClaims,
    hooks,
    tokenReads: db.tokenReads(accountView),
    holderReads: db.tokenReads(holderView),
    factors,
    sms,
    providers,
    keptTokens: createKeptTokens({ secrets, find: accounts.linked.sealedTokens }),
    lostTokens: countLostTokens({ secrets, some: accounts.linked.someSealedTokens }),
    clients,
    clientScopes,
    clientEvidence: evidence,
    rejections,
    selfRegistered,
    registration,
    webhooks,
    testMail: createTestMail({ deliver: mailer.deliver, issuer: config.issuer }),
    scimTokens: createScimTokens({ db, clock, organizationId, events: event }),
    findClient,
    findForProtocol: async (clientId) => (await documents.find(clientId)) ?? findClient(clientId),
    resources,
    access,
    organizations,
    ownProvider: createOwnProvider({
      ...{ organizations, providers, settings: values, issuer: config.issuer },
      managing: organizations.managing,
      domains: organizations.domains,
      template: organizations.template,
      notices: ownProviderNotices({
        ...{ clock, mail: mailer, mailCounts: messageCounts, issuer: config.issuer },
        members: organizations.members,
        template: organizations.template,
        actorName: () => inviterName(accounts.byId),
      }),
    }),
    texts: foundation.texts,
    launchableApps: createLaunchableApps({
      isOn: () => values.appLauncher === 'on',
      issuer: config.issuer,
      clients,
      membershipsOf: access.membershipsOf,
    }),
    setup: createSetupProgress(foundation.documents.setup),
    resourceCredentials,
    reservedScopes: () =>
      findReservedScopes(ADMIN_SCOPES, { resources: resources.listByScope, clients: clients.listByScope }),
    unreachableAddresses: unreachableAddresses({ ...config, list: clients.list }),
    configuration: configurationOf({
      ...{ ...foundation, clock, access, organizations, attributes, customClaims, hooks, webhooks },
      ...{ administratorRoles, clients, resources, providers },
      needsNoApi: (scope) => withoutApi(scope) || administration(scope),
    }),
    async close() {
      await mailer.close()
      await audit.idle()
      await dispatch.idle()
      await foundation.queue.close(1000)
      await clients.idle()
      await resourceCredentials.idle()
      await rejections.close()
      await lastUses.flush()
      await db.close()
    },
  }
}
