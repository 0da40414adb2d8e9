import type { FastifyInstance } from 'fastify'
import { explainRedirectMismatch } from '../clients/redirect-uris/mismatch.ts'
import { createSealedCookies } from '../http/cookies/sealed-cookie.ts'
import type { Http } from '../http/http.ts'
import { pageText } from '../http/pages/views.ts'
import { createInteractions, type Interactions } from '../oidc/authorization/interactions.ts'
import { createProviderPages } from '../oidc/authorization/pages.ts'
import { withApiCredentials } from '../oidc/client-authentication/api-credentials.ts'
import { createGrants } from '../oidc/consent/grants.ts'
import { createDeviceCodes } from '../oidc/device/codes.ts'
import { createDevicePages } from '../oidc/device/pages.ts'
import { createDeviceVerification } from '../oidc/device/verification.ts'
import {
  createLeftOutReport,
  createNews,
  logProtocolEvents,
  type RefusalsTo,
  requestIdOf,
} from '../oidc/events/events.ts'
import { reportPkceUses } from '../oidc/events/pkce-uses.ts'
import { reportSecurityEvents } from '../oidc/events/security-events.ts'
import { giveSuccessBack } from '../oidc/events/success.ts'
import { createJwtAccessTokens } from '../oidc/jwt-access-tokens/found.ts'
import { createJwtReader } from '../oidc/jwt-access-tokens/reader.ts'
import { createReferences } from '../oidc/jwt-access-tokens/reference.ts'
import { createDefaultResource } from '../oidc/placement/default-resource.ts'
import { reportLeftOut } from '../oidc/placement/left-out.ts'
import { createNamedResourceCheck } from '../oidc/placement/named.ts'
import { createAdapterFactory } from '../oidc/provider/adapter.ts'
import { grantTtl } from '../oidc/provider/lifetimes.ts'
import { mountProvider } from '../oidc/provider/mount.ts'
import { onceARequest } from '../oidc/provider/once-a-request.ts'
import { answerOutages } from '../oidc/provider/outage.ts'
import { createProvider, routes } from '../oidc/provider/provider.ts'
import { createReloadableProvider } from '../oidc/provider/reload.ts'
import { upstreamOf } from '../oidc/sessions/details.ts'
import { generationOf, isCurrent } from '../oidc/sessions/generations.ts'
import { createSignInSessions, type SignInSession } from '../oidc/sessions/sign-in.ts'
import { openTemporarySession } from '../oidc/sessions/temporary.ts'
import { createUpstreamSessions } from '../oidc/sessions/upstream.ts'
import { createAskedSignOut } from '../oidc/sign-out/asked.ts'
import { createBackChannel } from '../oidc/sign-out/back-channel.ts'
import type { StoredSession } from '../oidc/sign-out/hinted.ts'
import { createAdminTokens, withAdminApi } from '../oidc/tokens/admin-tokens.ts'
import { FIRST_PARTY_ID } from '../oidc/tokens/first-party-client.ts'
import { createFirstPartyTokens } from '../oidc/tokens/first-party-tokens.ts'
import { reportGrants } from '../oidc/tokens/issued.ts'
import { createResourceServerInfo } from '../oidc/tokens/resources.ts'
import { createFindAccount } from '../oidc/tokens/subjects.ts'
import { isForUserinfo } from '../oidc/tokens/userinfo-audience.ts'
import { createUsage } from '../oidc/usage/usage.ts'
import { pkceLine } from '../rejections/pkce-software.ts'
import type { Services } from '../services.ts'
import { isApiCredential } from '../shared/api-credential-id.ts'
import { asStorageError } from '../storage/unavailable.ts'
import { browserState } from './browser-state.ts'
import { registrationDiscovery } from './registration.ts'
import { liveAccounts, observedSessions, rememberedDevices } from './sessions.ts'

/** How often the server looks for signing keys that another process has changed, in milliseconds. */
const KEY_WATCH = 2000

/** Characters of what a sign-out form says of the app that asked: a request's address, sealed. */
const LARGEST_SIGN_OUT = 32 * 1024

/** The protocol endpoints, and what the pages need of the protocol. */
export async function wireProtocol(app: FastifyInstance, http: Http, services: Services) {
  const { accounts, artifacts, config, consents, keys, observers, secrets } = services
  const { values } = services.settings
  const resources = withAdminApi(config.issuer, services.resources)
  const findByScope = (scope: string) => resources.findByScope(scope)
  const ttl = {
    get accessToken() {
      return values.accessTokenTtl
    },
    get refreshToken() {
      return values.refreshTokenTtl
    },
    get session() {
      return values.sessionTtl
    },
  }
  const accountOf = onceARequest((id) => accounts.byId(id))
  const resourceOf = onceARequest((identifier) => resources.findForProtocol(identifier))
  const findAccount = createFindAccount(
    accountOf,
    async (uid) => upstreamOf(await artifacts.findByUid('Session', uid))?.provider,
  )
  const deviceCodes = createDeviceCodes(artifacts, secrets.key('user-codes'), services.clock, services.event)
  const signOuts = createAskedSignOut(
    createSealedCookies(secrets.key('sign-out'), services.clock, LARGEST_SIGN_OUT),
  )
  /** Undefined: the session counts for nothing any more. */
  const signedInTo = async (
    session: Parameters<typeof generationOf>[0] & { accountId?: string | undefined },
  ) => {
    const { accountId } = session
    const account = accountId === undefined ? undefined : await accounts.byId(accountId)
    return account !== undefined && isCurrent(account, generationOf(session)) ? account : undefined
  }
  const pages = createProviderPages({
    render: (view, data) => pageText(app, view, data),
    requestIdOf,
    translate: asStorageError,
    usernameOf: async (session) => (await signedInTo(session))?.displayUsername,
    async explanationOf(session, requestId) {
      const account = session && (await signedInTo(session))
      return account === undefined || account.role === 'user'
        ? undefined
        : `/admin/rejections?${new URLSearchParams({ reference: requestId })}`
    },
    confirmation: () => values.signOutConfirmation,
    asked: signOuts,
    async sessionsOf(accountId) {
      const sessions = await artifacts.listByAccount('Session', accountId)
      return sessions.map(({ payload }) => payload as StoredSession)
    },
  })
  const devices = {
    codes: deviceCodes,
    pages: createDevicePages({
      path: routes.code_verification,
      sealed: http.sealed,
      codes: deviceCodes,
      renderError: pages.renderError,
    }),
  }
  const adapter = createAdapterFactory({
    artifacts,
    findClient: withApiCredentials({
      findClient: services.findForProtocol,
      isApiCredential,
      findCredential: services.resourceCredentials.findForProtocol,
    }),
    deviceCodes,
    resumeUrl: (uid, device) =>
      `${config.issuer}${device ? routes.code_verification : routes.authorization}/${uid}`,
  })
  const references = createReferences(secrets)
  const backChannel = createBackChannel(app.log)
  const usage = createUsage({ store: services.usage, clock: services.clock, log: app.log })
  const refusals: RefusalsTo = {
    explainRedirect: explainRedirectMismatch,
    async diagnose(clientId, secret) {
      if (!isApiCredential(clientId)) return services.clientEvidence.diagnose(clientId, secret)
      const api = await services.resourceCredentials.resourceOf(clientId)
      return { client: api === undefined ? 'unknown' : 'enabled', ...(api !== undefined && { api }) }
    },
    record(refusal) {
      observers?.refused(refusal.endpoint, refusal.error)
      services.rejections.record(refusal)
    },
    countFailure: http.countFailure,
    isNews: createNews(services.clock),
  }
  const { record } = services.rejections
  const leftOut = createLeftOutReport(app.log, { ...refusals, record })
  const hot = await createReloadableProvider({
    keys,
    onError: (err) => app.log.error({ err }, 'signing keys could not be reloaded'),
    build({ jwks, accepted }) {
      const provider = createProvider({
        issuer: config.issuer,
        privateHosts: config.privateHosts,
        jwks: { keys: jwks },
        acceptedKeys: accepted,
        adapter,
        jwtAccessTokens: createJwtAccessTokens({
          reader: createJwtReader({
            issuer: config.issuer,
            keys: accepted,
            references,
            artifacts,
          }),
          references,
          artifacts,
          forUserinfo: isForUserinfo(config.issuer),
        }),
        artifacts,
        cookieKeys: [secrets.key('session-cookies').toString('base64url')],
        dpopNonceSecret: secrets.key('dpop-nonce'),
        secretMatches: (id, hashes, presented) =>
          (isApiCredential(id) ? services.resourceCredentials : services.clients).secretMatches(
            id,
            hashes,
            presented,
          ),
        isApiCredential,
        findAccount,
        accountOf,
        usernameOf: async (ctx, id) => (await accountOf(ctx, id))?.username,
        grants: createGrants({
          consents,
          artifacts,
          key: secrets.key('grants'),
          get grantTtl() {
            return grantTtl(ttl)
          },
        }),
        getResourceServerInfo: createResourceServerInfo({
          issuer: config.issuer,
          findResource: resourceOf,
          get accessTokenTtl() {
            return ttl.accessToken
          },
        }),
        async accessTokenTtlOf(ctx, identifier) {
          // Userinfo is no API that is registered.
          if (isForUserinfo(config.issuer)(identifier)) return undefined
          return (await resourceOf(ctx, identifier))?.accessTokenTtl ?? undefined
        },
        defaultResource: createDefaultResource({ findByScope, issuer: config.issuer }),
        checkNamedResource: createNamedResourceCheck({ findByScope }),
        pkceLine,
        pages,
        signOuts,
        devices,
        discovery: () => registrationDiscovery(services),
        ttl,
      })
      backChannel.attach(provider)
      usage.attach(provider)
      reportPkceUses(provider, services.clients.notePkce)
      logProtocolEvents(provider, app.log, refusals)
      reportLeftOut(provider, leftOut)
      if (observers) reportGrants(provider, observers.issued)
      reportSecurityEvents(provider, services.event)
      giveSuccessBack(provider)
      answerOutages(provider, asStorageError)
      return provider
    },
  })
  const current = () => hot.current()
  const browser = browserState(http, services)
  await mountProvider(app, {
    issuer: config.issuer,
    answer: hot.answer,
    limits: {
      token: http.limit('token'),
      authorization: http.limit('authorization'),
      deviceAuthorization: http.limit('deviceAuthorization'),
    },
    signsOut: browser.endPending,
  })

  const isLive = async (accountId: string, generation: number) =>
    isCurrent(await accounts.byId(accountId), generation)
  const upstreamSessions = createUpstreamSessions(artifacts, () => grantTtl(ttl))
  const interactions = createInteractions({
    issuer: config.issuer,
    devicePath: routes.code_verification,
    current,
    consents,
    isLive,
  })
  const signIns = createSignInSessions({
    issuer: config.issuer,
    current,
    artifacts,
    get sessionTtl() {
      return ttl.session
    },
    upstreamSessions,
    isLive,
  })
  const remember = rememberedDevices(http, services)
  const sessions = observedSessions(signIns, services, remember, browser)
  const mint = createFirstPartyTokens({
    current,
    issued: observers?.issued,
    clock: services.clock,
    artifacts,
    upstreamSessions,
    revoked: (what) => services.event({ type: 'token.revoked', client_id: FIRST_PARTY_ID, ...what }),
    findLive: liveAccounts(services),
  })
  hot.watch(KEY_WATCH)
  return {
    interactions: {
      ...interactions,
      async signIn(...[request, reply, who]: Parameters<Interactions['signIn']>): Promise<string> {
        const location = await interactions.signIn(request, reply, who)
        await browser.endPending(request, reply)
        await remember(request, reply, who)
        return location
      },
    },
    sessions,
    deviceVerification: createDeviceVerification({
      issuer: config.issuer,
      path: routes.code_verification,
      current,
      codes: deviceCodes,
      answer: hot.answer,
    }),
    mint,
    throwawaySession: (who: SignInSession) =>
      openTemporarySession({ issuer: config.issuer, current, artifacts }, who),
    adminTokens: createAdminTokens({ issuer: config.issuer, current }),
    async close() {
      await hot.close()
      await backChannel.close()
      await usage.close()
    },
  }
}

export type Protocol = Awaited<ReturnType<typeof wireProtocol>>
