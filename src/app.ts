import fastify, { type FastifyInstance } from 'fastify'
import { createBrowserState } from './accounts/pages/browser-state.ts'
import { accountPages } from './accounts/pages/routes.ts'
import { createSignInForm } from './accounts/pages/sign-in-form.ts'
import { explainRedirectMismatch } from './clients/redirect-mismatch.ts'
import { secretMatches } from './clients/secrets.ts'
import type { Config } from './config.ts'
import { startHousekeeping } from './housekeeping.ts'
import { registerHealth } from './http/health.ts'
import { registerHttp } from './http/http.ts'
import { instanceOptions } from './http/instance.ts'
import { pageText, renderPage } from './http/views.ts'
import { interactionRoutes } from './interactions/routes.ts'
import { createAdapterFactory } from './oidc/adapter.ts'
import { createBackChannel } from './oidc/back-channel.ts'
import { scopesInWords } from './oidc/claims.ts'
import { listDevices } from './oidc/devices.ts'
import { logProtocolEvents, requestIdOf } from './oidc/events.ts'
import { createGrants } from './oidc/grants.ts'
import { createHotProvider } from './oidc/hot-swap.ts'
import { answers, createInteractions } from './oidc/interactions.ts'
import { mountProvider } from './oidc/mount.ts'
import { answerOutages } from './oidc/outage.ts'
import { createProviderPages } from './oidc/pages.ts'
import { createProvider, grantTtl, routes } from './oidc/provider.ts'
import { createResourceServerInfo } from './oidc/resources.ts'
import { createSignInSessions } from './oidc/sign-in.ts'
import { createFindAccount } from './oidc/subjects.ts'
import { openServices, type ServiceOverrides, type Services } from './services.ts'
import { asStorageError } from './storage/unavailable.ts'

/** How often the server looks for signing keys that another process has changed, in milliseconds. */
const KEY_WATCH = 2000
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
  const { accounts, artifacts, clock, consents, keys, resources, secrets } = services
  const issuer = new URL(config.issuer)
  const ttl = {
    accessToken: config.accessTokenTtl,
    refreshToken: config.refreshTokenTtl,
    session: config.sessionTtl,
  }

  const http = await registerHttp(app, {
    issuer,
    cookieKey: secrets.key('cookies'),
    rateLimit: config.rateLimit,
    cacheViews: overrides.cacheViews ?? true,
    clock,
    translateError: asStorageError,
  })

  // Protocol
  const findAccount = createFindAccount((id) => accounts.byId(id))
  const adapter = createAdapterFactory({
    artifacts,
    findClient: services.findClient,
    resumeUrl: (uid) => `${config.issuer}${routes.authorization}/${uid}`,
  })
  const backChannel = createBackChannel(app.log)
  const hot = await createHotProvider({
    keys,
    onError: (err) => app.log.error({ err }, 'signing keys could not be reloaded'),
    build(jwks) {
      const provider = createProvider({
        issuer: config.issuer,
        jwks: { keys: jwks },
        adapter,
        artifacts,
        cookieKeys: [secrets.key('session-cookies').toString('base64url')],
        dpopNonceSecret: secrets.key('dpop-nonce'),
        secretMatches,
        findAccount,
        grants: createGrants({ consents, key: secrets.key('grants'), grantTtl: grantTtl(ttl) }),
        getResourceServerInfo: createResourceServerInfo({
          findResource: (identifier) => resources.findForProtocol(identifier),
          accessTokenTtl: config.accessTokenTtl,
        }),
        pages: createProviderPages({
          render: (view, data) => pageText(app, view, data),
          requestIdOf,
          translate: asStorageError,
          usernameOf: async (id) => (await accounts.byId(id))?.displayUsername,
        }),
        ttl,
      })
      backChannel.attach(provider)
      logProtocolEvents(provider, app.log, explainRedirectMismatch)
      answerOutages(provider, asStorageError)
      return provider
    },
  })
  const current = () => hot.current()
  await mountProvider(app, {
    issuer: config.issuer,
    answer: hot.answer,
    limits: { token: http.limit('token'), authorization: http.limit('authorization') },
  })

  // Pages
  const interactions = createInteractions({ issuer: config.issuer, current, consents })
  const sessions = createSignInSessions({
    issuer: config.issuer,
    current,
    sessionTtl: config.sessionTtl,
    async isLive(accountId, loginTs) {
      const account = await accounts.byId(accountId)
      return account !== undefined && account.disabledAt === null && loginTs * 1000 >= account.authValidAfter
    },
  })
  const browser = createBrowserState(http)
  const signInForm = createSignInForm({ accounts, browser })
  const providers = () => []

  await app.register(accountPages, {
    clock,
    issuer,
    http,
    accounts,
    browser,
    signInForm,
    sessions: {
      ...sessions,
      list: (accountId) => listDevices(artifacts, accountId),
      end: (accountId, uid) => artifacts.revokeSession(accountId, uid),
      endOthers: (accountId, exceptSessionUid) => artifacts.revokeByAccount(accountId, { exceptSessionUid }),
    },
    apps: connectedApps(services),
    registration: config.registration,
    passwordMinLength: config.passwordMinLength,
    providers,
  })
  await app.register(interactionRoutes, {
    flows: {
      ...interactions,
      async answeredBy(request, reply, details) {
        const session = await sessions.current(request, reply)
        return answers(session, details)
          ? { accountId: session.accountId, amr: ['pwd'], at: session.loginTs }
          : undefined
      },
    },
    signInForm,
    http,
    registration: config.registration,
    providers,
    async findAccount(id) {
      const account = await accounts.byId(id)
      return account && { username: account.displayUsername, email: account.email ?? undefined }
    },
    describeScopes: (details) => describeScopes(services, details),
  })
  app.get('/', async (request, reply) => {
    const session = await sessions.current(request, reply)
    const account = session && (await accounts.byId(session.accountId))
    return renderPage(reply, 'http/home', {
      signedInAs: account?.displayUsername,
      registerHref: config.registration === 'open' ? '/register' : undefined,
    })
  })
  registerHealth(app, {
    database: () => services.db.ping(),
    keys: async () => void (await keys.version()),
  })

  // Work beside the requests
  hot.watch(KEY_WATCH)
  const housekeeping = startHousekeeping(
    [
      { name: 'expired artefacts', every: 30_000, run: () => artifacts.sweep(SWEEP_ROWS) },
      { name: 'expired accounts and codes', every: 600_000, run: () => accounts.purge() },
    ],
    (chore, err) => app.log.error({ err, chore }, 'housekeeping failed'),
  )
  app.addHook('onClose', async () => {
    await housekeeping.close()
    await hot.close()
    await backChannel.close()
    await services.close()
  })
  return { app, services }
}

/** What a person has allowed which app, for the account page. */
function connectedApps({ consents, findClient }: Services) {
  return {
    async list(accountId: string) {
      const allowed = await consents.list(accountId)
      const views = allowed.map(async ({ clientId, scopes, resources }) => {
        const client = await findClient(clientId)
        const words = scopes.map((scope) => scopesInWords[scope] ?? scope)
        return {
          clientId,
          client: {
            name: client?.metadata.client_name ?? 'An app that is gone',
            logoUri: client?.metadata.logo_uri,
          },
          scopes: [...words, ...Object.values(resources).flat()],
        }
      })
      return Promise.all(views)
    },
    withdraw: (accountId: string, clientId: string) => consents.withdraw(accountId, clientId),
  }
}

async function describeScopes(
  { resources }: Services,
  details: { requestedScopes: string[]; missing: { resources: Record<string, string[]> } },
) {
  const own = details.requestedScopes
    .filter((scope) => scope in scopesInWords)
    .map((scope) => ({ title: scopesInWords[scope] ?? scope }))
  const foreign = Object.entries(details.missing.resources).map(async ([identifier, scopes]) => {
    const resource = await resources.findForProtocol(identifier)
    return scopes.map((scope) => ({ title: scope, detail: `at ${resource?.name ?? identifier}` }))
  })
  return [...own, ...(await Promise.all(foreign)).flat()]
}
