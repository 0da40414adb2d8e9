import type { JWK } from 'jose'
import type { AccessToken, Client, KoaContextWithOIDC, Provider, Session } from 'oidc-provider'
import { createSealedCookies } from '../../http/cookies/sealed-cookie.ts'
import { type Admits, createAdmits } from '../app-access/rule.ts'
import { createProviderPages, type ProviderPages } from '../authorization/pages.ts'
import { withApiCredentials } from '../client-authentication/api-credentials.ts'
import { createGrants } from '../consent/grants.ts'
import type { ProtocolDependencies } from '../dependencies.ts'
import type { DeviceCodes } from '../device/codes.ts'
import { createDevicePages } from '../device/pages.ts'
import {
  createLeftOutReport,
  createNews,
  logProtocolEvents,
  type RejectionsTo,
  requestIdOf,
} from '../events/events.ts'
import { reportPkceUses } from '../events/pkce-uses.ts'
import { reportSecurityEvents } from '../events/security-events.ts'
import { giveSuccessBack } from '../events/success.ts'
import { createSignInVerdict } from '../hooks/sign-in.ts'
import { createTokenHooks } from '../hooks/tokens.ts'
import { createJwtAccessTokens } from '../jwt-access-tokens/found.ts'
import { createJwtReader } from '../jwt-access-tokens/reader.ts'
import { createReferences } from '../jwt-access-tokens/reference.ts'
import { signersOf } from '../keys/signer.ts'
import { createStandings, organizationClaims, type ProtocolMembership } from '../organizations/standing.ts'
import { createOrganizationTokens } from '../organizations/tokens.ts'
import { createDefaultResource } from '../placement/default-resource.ts'
import { reportLeftOut } from '../placement/left-out.ts'
import { createNamedResourceCheck } from '../placement/named.ts'
import { createCookieSigner } from '../sessions/cookie-signer.ts'
import { upstreamOf } from '../sessions/details.ts'
import { generationOf, isCurrent } from '../sessions/generations.ts'
import { type AskedSignOut, createAskedSignOut } from '../sign-out/asked.ts'
import { createBackChannel } from '../sign-out/back-channel.ts'
import type { StoredSession } from '../sign-out/hinted.ts'
import { createExtraTokenClaims } from '../tokens/auth-time.ts'
import { type ClaimPlace, customOfToken } from '../tokens/custom-claims.ts'
import { organizationAtIntrospection } from '../tokens/introspection.ts'
import { reportGrants } from '../tokens/issued.ts'
import { membershipNames } from '../tokens/memberships.ts'
import { createResourceServerInfo } from '../tokens/resources.ts'
import { createFindAccount } from '../tokens/subjects.ts'
import { isForUserinfo } from '../tokens/userinfo-audience.ts'
import { createUsage } from '../usage/usage.ts'
import { createAdapterFactory } from './adapter.ts'
import { createAuthorizationRules } from './authorization-rules.ts'
import { refusingDocuments } from './clients.ts'
import { onceARequest } from './once-a-request.ts'
import { answerOutages } from './outage.ts'
import { createProvider, type ProviderDependencies } from './provider.ts'
import { routes } from './routes.ts'
import { takeBeside } from './unit-of-work.ts'

/** Characters of what a sign-out form says of the app that asked: a request's address, sealed. */
const MAX_SIGN_OUT = 32 * 1024

type Dependencies = ProtocolDependencies & { deviceCodes: DeviceCodes }

/** Rules that fast paths ask as well. */
export type Deciding = Pick<
  ProviderDependencies,
  | 'checkNamedResource'
  | 'cookieSigner'
  | 'defaultResource'
  | 'findAccount'
  | 'getResourceServerInfo'
  | 'pkceLine'
  | 'rules'
>

/** Builds the provider anew for each set of signing keys; what outlives one is made once, here. */
export interface ProviderBuilder {
  /** @param keys.jwks private ones, that sign @param keys.accepted public ones: published, and kept to check what they signed */
  build(keys: { jwks: JWK[]; accepted: readonly JWK[] }): Provider
  /** What decides about requests, as the library is configured with it: what a token is for, and when a code is given. */
  targets: Deciding
  /** Waits for logout notices and usage that are under way. */
  close(): Promise<void>
}

export function createProviderBuilder(deps: Dependencies): ProviderBuilder {
  const { accounts, apiCredentials, artifacts, clients, clock, deviceCodes, events, http } = deps
  const { issuer, lifetimes, log, resources, secrets } = deps
  const { isApiCredential } = apiCredentials
  const findByScope = (scope: string) => resources.findByScope(scope)
  const accountOf = onceARequest(async (id) => {
    const row = takeBeside('Account', id)
    return row ? accounts.ofRow(row) : accounts.byId(id)
  })
  const membershipsOf = onceARequest((id) => deps.membershipsOf(id))
  const admits = (ctx: KoaContextWithOIDC, ...about: Parameters<Admits>) =>
    createAdmits((id) => membershipsOf(ctx, id))(...about)
  const standingOf = createStandings(deps.organizations)
  const ofOrganizations = createOrganizationTokens(deps.organizations)
  const groupsOf = async (id: string) => (await deps.membershipsOf(id)).groups.map(({ name }) => name)
  const tokenHooks = createTokenHooks({ hooks: deps.hooks, accountOf, groupsOf })
  const apisOf = onceARequest(findByScope)
  async function customOf(
    ctx: KoaContextWithOIDC,
    place: ClaimPlace,
    token: AccessToken,
    client: Client | undefined,
    organization: () => Promise<ProtocolMembership | undefined>,
  ): Promise<Record<string, unknown>> {
    if (deps.customClaims.live().length === 0) return {}
    const account = await accountOf(ctx, token.accountId)
    if (account === undefined) return {}
    const aud = token.resourceServer?.identifier() ?? token.aud
    const { clientId, scopes } = token
    const names = async () => {
      const found = await membershipsOf(ctx, account.id)
      return found && membershipNames(found, client, (scope) => apisOf(ctx, scope))
    }
    const told = { clientId, scopes, aud }
    const look = { names, organization }
    return (await customOfToken(deps.customClaims, place, told, account.attributes, look)) ?? {}
  }
  const resourceOf = onceARequest((identifier) => resources.findForProtocol(identifier))
  const signOuts = createAskedSignOut(createSealedCookies(secrets.key('sign-out'), clock, MAX_SIGN_OUT))
  const pages = createPages(deps, signOuts)
  const backChannel = createBackChannel(deps.queue, log)
  const usage = createUsage({ store: deps.usage, lastUses: deps.lastUses, clock, log })
  const references = createReferences(secrets)
  const forUserinfo = isForUserinfo(issuer)
  const rejections = rejectionsTo(deps)
  const leftOut = createLeftOutReport(log, { ...rejections, record: deps.rejections.record })
  const findClient = refusingDocuments(
    withApiCredentials({
      findClient: clients.find,
      isApiCredential,
      findCredential: apiCredentials.findForProtocol,
    }),
  )
  const shared = {
    issuer,
    privateHosts: deps.privateHosts,
    lifetimes,
    artifacts,
    findClient,
    adapter: createAdapterFactory({
      artifacts,
      findClient,
      deviceCodes,
      resumeUrl: (uid, device) =>
        `${issuer}${device ? routes.code_verification : routes.authorization}/${uid}`,
    }),
    extraMetadata: clients.extraMetadata,
    cookieSigner: createCookieSigner(secrets.key('session-cookies')),
    dpopNonceSecret: secrets.key('dpop-nonce').export(),
    isApiCredential,
    secretMatches: (id: string, hashes: readonly string[], presented: string) =>
      (isApiCredential(id) ? apiCredentials : clients).secretMatches(id, hashes, presented),
    findAccount: createFindAccount(
      accountOf,
      async (uid) => upstreamOf(await artifacts.findByUid('Session', uid))?.provider,
      deps.secondFactor,
      { of: membershipsOf, apisOf },
      admits,
      deps.customClaims,
      ofOrganizations,
      deps.impersonationCounts,
    ),
    accountOf,
    admits,
    standingOf,
    verdictOf: createSignInVerdict({ hooks: deps.hooks, accountOf, groupsOf }),
    tokenHooks,
    appPasswordCounts: deps.appPasswordCounts,
    impersonationCounts: deps.impersonationCounts,
    usernameOf: async (ctx: KoaContextWithOIDC, id: string) => (await accountOf(ctx, id))?.username,
    grants: createGrants({
      ...{ consents: deps.consents, artifacts, key: secrets.key('grants'), lifetimes, standingOf },
    }),
    getResourceServerInfo: createResourceServerInfo({
      issuer,
      findResource: resourceOf,
      lifetimes,
    }),
    roleReads: { findResource: resourceOf, membershipsOf },
    extraTokenClaims: createExtraTokenClaims({
      findResource: resourceOf,
      membershipsOf,
      ofHooks: tokenHooks.ofAccessToken,
      async customOf(ctx, token) {
        const membership = await ofOrganizations.ofGrant(ctx, token.accountId)
        return {
          ...(await customOf(ctx, 'access_token', token, ctx.oidc.client, async () => membership)),
          ...organizationClaims(membership),
        }
      },
    }),
    async liveAtIntrospection(ctx: KoaContextWithOIDC, token: AccessToken) {
      const client = await ctx.oidc.provider.Client.find(String(token.clientId))
      // It was looked up for the account, once a request.
      const found = await ofOrganizations.membershipOf(ctx, token.accountId, token, client)
      const membership = found === 'ended' ? undefined : found
      return {
        ...(await customOf(ctx, 'introspection', token, client, async () => membership)),
        ...organizationAtIntrospection(token, ctx.oidc.params?.token, membership),
      }
    },
    async accessTokenTtlOf(ctx: KoaContextWithOIDC, identifier: string) {
      // Userinfo is no API that is registered.
      if (forUserinfo(identifier)) return undefined
      return (await resourceOf(ctx, identifier))?.accessTokenTtl ?? undefined
    },
    defaultResource: createDefaultResource({ findByScope, issuer }),
    checkNamedResource: createNamedResourceCheck({ findByScope }),
    pkceLine: deps.pkceLine,
    secondFactorRules: {
      accountOf,
      standingOf,
      get secondFactor() {
        return deps.secondFactor()
      },
    },
    pages,
    signOuts,
    devices: {
      codes: deviceCodes,
      pages: createDevicePages({
        path: routes.code_verification,
        sealed: http.sealed,
        codes: deviceCodes,
        renderError: pages.renderError,
      }),
    },
    discovery: deps.discovery,
  }

  const rules = createAuthorizationRules(shared)
  return {
    targets: { ...shared, rules },
    build({ jwks, accepted }) {
      const reader = createJwtReader({ issuer, keys: accepted, references, artifacts })
      const provider = createProvider({
        ...shared,
        rules,
        jwks: { keys: signersOf(jwks) },
        acceptedKeys: accepted,
        jwtAccessTokens: createJwtAccessTokens({ reader, references, artifacts, forUserinfo }),
      })
      backChannel.attach(provider)
      usage.attach(provider)
      reportPkceUses(provider, clients.notePkce)
      logProtocolEvents(provider, log, rejections)
      reportLeftOut(provider, leftOut)
      if (deps.issued) reportGrants(provider, deps.issued)
      reportSecurityEvents(provider, { emit: events, impersonationEnded: deps.impersonationEnded })
      giveSuccessBack(provider)
      answerOutages(provider, deps.translateError)
      return provider
    },
    async close() {
      await usage.close()
      await deps.lastUses.flush()
    },
  }
}

/** The pages of the library, for the account of a session that still counts. */
function createPages(
  { accounts, artifacts, render, signOutConfirmation, translateError }: Dependencies,
  asked: AskedSignOut,
): ProviderPages {
  const accountOf = async (session: Session) => {
    const account = session.accountId === undefined ? undefined : await accounts.byId(session.accountId)
    return isCurrent(account, generationOf(session)) ? account : undefined
  }
  return createProviderPages({
    render,
    requestIdOf,
    translate: translateError,
    usernameOf: async (session) => (await accountOf(session))?.displayUsername,
    async explanationOf(session, requestId) {
      const account = session && (await accountOf(session))
      return account === undefined || account.role === 'user'
        ? undefined
        : `/admin/rejections?${new URLSearchParams({ reference: requestId })}`
    },
    confirmation: signOutConfirmation,
    asked,
    async sessionsOf(accountId) {
      const sessions = await artifacts.listByAccount('Session', accountId)
      return sessions.map(({ payload }) => payload as StoredSession)
    },
  })
}

/** Where rejected requests go, those of APIs' credentials among them. */
function rejectionsTo({ apiCredentials, clock, http, rejected, rejections }: Dependencies): RejectionsTo {
  return {
    explainRedirect: rejections.explainRedirect,
    async diagnose(clientId, secret) {
      if (!apiCredentials.isApiCredential(clientId)) return rejections.diagnose(clientId, secret)
      const api = await apiCredentials.resourceOf(clientId)
      return { client: api === undefined ? 'unknown' : 'enabled', ...(api !== undefined && { api }) }
    },
    record(rejection) {
      rejected?.(rejection.endpoint, rejection.error)
      rejections.record(rejection)
    },
    countFailure: http.countFailure,
    isNews: createNews(clock),
  }
}
