import type { JWK } from 'jose'
import {
  type AccessToken,
  type AdapterFactory,
  type Client,
  type Configuration,
  type JWKS,
  type KoaContextWithOIDC,
  Provider,
} from 'oidc-provider'
import type { PrivateHosts } from '../../http/outgoing/private-hosts.ts'
import { ACR_VALUES } from '../../shared/acr.ts'
import { DEVICE_CODE_TTL } from '../../shared/device-code.ts'
import { LOCALES } from '../../shared/locales/locales.ts'
import type { ArtifactStore } from '../../storage/artifacts/store.ts'
import { withExactRedirects } from '../authorization/exact-redirects.ts'
import type { ProviderPages } from '../authorization/pages.ts'
import { type PkceLine, refuseUnprotected } from '../authorization/pkce.ts'
import { checkRequestObject } from '../authorization/request-objects.ts'
import type { SecondFactorRules } from '../authorization/second-factor.ts'
import { PROMPT_VALUES } from '../authorization/select-account.ts'
import { CLOCK_TOLERANCE, checkAssertion } from '../client-authentication/assertions.ts'
import type { Grants } from '../consent/grants.ts'
import type { DeviceCodes } from '../device/codes.ts'
import type { DevicePages } from '../device/pages.ts'
import { withSlowDown } from '../device/polling.ts'
import type { FindVerdict } from '../hooks/sign-in.ts'
import type { TokenHooks } from '../hooks/tokens.ts'
import type { JwtAccessTokens } from '../jwt-access-tokens/found.ts'
import { enabledAlgorithms } from '../keys/algorithms.ts'
import { checkOrganizationParameter, type FindStanding, ORGANIZATION } from '../organizations/standing.ts'
import { withAudience } from '../placement/at-token-endpoint.ts'
import type { DefaultResource } from '../placement/default-resource.ts'
import type { NamedResourceCheck } from '../placement/named.ts'
import { releasable } from '../requested-claims/request.ts'
import type { CookieSigner } from '../sessions/cookie-signer.ts'
import { deviceOf } from '../sessions/details.ts'
import type { Generation } from '../sessions/generations.ts'
import { type ImpersonationCounts, mayRefresh, withinImpersonation } from '../sessions/impersonations.ts'
import type { AskedSignOut } from '../sign-out/asked.ts'
import type { createExtraTokenClaims } from '../tokens/auth-time.ts'
import { narrowServer, type RoleReads } from '../tokens/by-role.ts'
import { claimsByScope } from '../tokens/claims.ts'
import { createIntrospectionPolicy } from '../tokens/introspection.ts'
import type { ResourceServerInfo } from '../tokens/resources.ts'
import type { FindAccount } from '../tokens/subjects.ts'
import { type FindClient, REDIRECTS } from './adapter.ts'
import { type AuthorizationRules, sliding } from './authorization-rules.ts'
import { allowsOrigin } from './cors.ts'
import { followsFapi } from './fapi.ts'
import { withKnownHandlers } from './grant-handlers.ts'
import { grantTtl, ID_TOKEN_TTL, type Lifetimes } from './lifetimes.ts'
import { createOutgoing, MAX_JWKS } from './outgoing.ts'
import { PATCHES } from './patches.ts'
import { routes } from './routes.ts'
import { withUnits } from './unit-of-work.ts'
import { INTERACTION_TTL } from './used-once.ts'

export interface ProviderDependencies {
  issuer: string
  jwks: JWKS
  privateHosts: PrivateHosts
  /** Public: published ones and kept ones (keys/keys.ts). */
  acceptedKeys: readonly JWK[]
  adapter: AdapterFactory
  findClient: FindClient
  /** Fields of clients that the library does not know by itself. */
  extraMetadata: readonly string[]
  jwtAccessTokens: JwtAccessTokens
  artifacts: Pick<ArtifactStore, 'commit' | 'consume' | 'endSession' | 'insert'>
  /** Cookie signing keys, the newest first. */
  cookieSigner: CookieSigner
  /** 32 bytes. */
  dpopNonceSecret: Buffer
  /** Whether one of the stored hashes is of the secret that was presented. */
  secretMatches(clientId: string, hashes: readonly string[], presented: string): boolean
  /** Whether an id is of the credentials of an API, rather than of a client. */
  isApiCredential(id: string): boolean
  findAccount: FindAccount
  /** As `findAccount` reads it: once for each request. */
  accountOf(ctx: KoaContextWithOIDC, id: string): Promise<Generation | undefined>
  /** Whether a person may use a client (app-access/rule.ts). */
  admits(ctx: KoaContextWithOIDC, client: Client | undefined, accountId: string): Promise<boolean>
  /** For which organization the person of a request signs in. */
  standingOf: FindStanding
  /** What hooks say of the sign-in of a request. */
  verdictOf: FindVerdict
  tokenHooks: TokenHooks
  /** Whether an app password still counts, by its id. */
  appPasswordCounts(id: string): Promise<boolean>
  impersonationCounts: ImpersonationCounts
  /** What people call themselves. */
  usernameOf(ctx: KoaContextWithOIDC, id: string): Promise<string | undefined>
  grants: Grants
  getResourceServerInfo: ResourceServerInfo
  /** Custom claims of an introspection, and its organization. */
  liveAtIntrospection(ctx: KoaContextWithOIDC, token: AccessToken): Promise<Record<string, unknown>>
  extraTokenClaims: ReturnType<typeof createExtraTokenClaims>
  /** APIs, and groups and roles of an account, each read once for a request. */
  roleReads: RoleReads
  /** How long access tokens of an API live by its registration, in seconds. Undefined: as long as all. */
  accessTokenTtlOf(ctx: KoaContextWithOIDC, resource: string): Promise<number | undefined>
  defaultResource: DefaultResource
  /** Looks at the scopes and the `audience` of an authorization request. */
  checkNamedResource: NamedResourceCheck
  pkceLine: PkceLine
  secondFactorRules: SecondFactorRules
  pages: ProviderPages
  signOuts: AskedSignOut
  devices: { codes: DeviceCodes; pages: DevicePages }
  /** What discovery says beside what the library does. */
  discovery(): Readonly<Record<string, unknown>>
  lifetimes: Lifetimes
  /** Made of what stands above. */
  rules: AuthorizationRules
}

function configuration(deps: ProviderDependencies): Configuration {
  const { lifetimes } = deps
  const secure = deps.issuer.startsWith('https:')
  const cookie = (name: string, host: boolean) =>
    `${secure ? (host ? '__Host-' : '__Secure-') : ''}latchkey_${name}`
  const ownToken = (client: { clientId: string }, token: { clientId?: string | undefined }) =>
    token.clientId === client.clientId
  return {
    adapter: deps.jwtAccessTokens.within(deps.adapter),
    jwks: deps.jwks,
    routes,
    clients: [],
    responseTypes: ['code'],
    acrValues: [...ACR_VALUES],
    scopes: Object.keys(claimsByScope).concat('offline_access'),
    claims: claimsByScope,
    // Which claims of its scopes a client finds in the ID Token is decided for each (tokens/id-tokens.ts).
    conformIdTokenClaims: false,
    findAccount: deps.findAccount,
    loadExistingGrant: deps.rules.loadExistingGrant,
    interactions: {
      policy: deps.rules.policy,
      url: (_ctx, interaction) => `/interaction/${interaction.uid}`,
    },
    discovery: {
      prompt_values_supported: PROMPT_VALUES,
      ui_locales_supported: LOCALES.map(({ tag }) => tag),
    },
    renderError: deps.pages.renderError,
    cookies: {
      keys: deps.cookieSigner,
      names: {
        session: cookie('session', true),
        interaction: cookie('interaction', false),
        resume: cookie('resume', false),
      },
      long: { signed: true, httpOnly: true, sameSite: 'lax', path: '/' },
      short: { signed: true, httpOnly: true, sameSite: 'lax' },
    },
    pkce: { required: refuseUnprotected(deps.pkceLine) },
    allowOmittingSingleRegisteredRedirectUri: false,
    clockTolerance: CLOCK_TOLERANCE,
    assertJwtClientAuthClaimsAndHeader: checkAssertion,
    fetchResponseBodyLimits: { jwks_uri: MAX_JWKS },
    fetch: createOutgoing(deps.issuer, deps.privateHosts),
    clientBasedCORS: allowsOrigin,
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'none'],
    enabledJWA: enabledAlgorithms,
    extraClientMetadata: {
      properties: [
        'pkce',
        'first_party',
        'verified',
        'identity_scope',
        'resource_scope',
        ...deps.extraMetadata,
        'introspects',
        ...REDIRECTS.map(({ ofApp }) => ofApp),
      ],
    },
    extraParams: { [ORGANIZATION]: checkOrganizationParameter, audience: deps.checkNamedResource },
    issueRefreshToken: mayRefresh,
    // FAPI 2.0 Security Profile §5.3.2.1: an answer that is lost must not lose the token; it is bound to the client's key.
    rotateRefreshToken: ({ oidc: { client } }) => client === undefined || !followsFapi(client),
    expiresWithSession: async (ctx, code) => deps.rules.expiresWithSession(ctx, code),
    extraTokenClaims: deps.extraTokenClaims,
    ttl: {
      AccessToken: (ctx, { resourceServer }) =>
        withinImpersonation(
          resourceServer?.accessTokenTTL ?? lifetimes.accessTokenTtl,
          ctx?.oidc.entities.Grant,
        ),
      ClientCredentials: (_ctx, { resourceServer }) =>
        resourceServer?.accessTokenTTL ?? lifetimes.accessTokenTtl,
      AuthorizationCode: 60,
      DeviceCode: DEVICE_CODE_TTL,
      IdToken: (ctx) => withinImpersonation(ID_TOKEN_TTL, ctx?.oidc.entities.Grant),
      Interaction: INTERACTION_TTL,
      Grant: () => grantTtl(lifetimes),
      RefreshToken: (_ctx, token) => sliding(lifetimes.refreshTokenTtl, token.iiat),
      Session: (_ctx, session) => deps.rules.sessionTtl(session),
    },
    features: {
      devInteractions: { enabled: false },
      backchannelLogout: { enabled: true },
      claimsParameter: {
        enabled: true,
        assertClaimsParameter(ctx, claims, client) {
          const request = releasable(claims, client)
          if (ctx.oidc.params) ctx.oidc.params.claims = request && JSON.stringify(request)
        },
      },
      clientCredentials: { enabled: true },
      // Signatures are made by node:crypto (keys/signer.ts).
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
      deviceFlow: { enabled: true, deviceInfo: ({ req }) => ({ ...deviceOf(req) }), ...deps.devices.pages },
      dPoP: { enabled: true, nonceSecret: deps.dpopNonceSecret },
      introspection: {
        enabled: true,
        allowedPolicy: createIntrospectionPolicy(deps),
      },
      // For resource servers that send Accept: application/token-introspection+jwt (RFC 9701).
      jwtIntrospection: { enabled: true },
      revocation: { enabled: true, allowedPolicy: async (_ctx, client, token) => ownToken(client, token) },
      resourceIndicators: {
        enabled: true,
        async getResourceServerInfo(ctx, identifier, client) {
          const info = await deps.getResourceServerInfo(ctx, identifier, client)
          if (ctx.oidc.route !== 'token') return info
          const server = { ...info }
          await narrowServer(ctx, identifier, server, deps.roleReads)
          return server
        },
        defaultResource: deps.defaultResource,
        useGrantedResource: async () => true,
      },
      requestObjects: { enabled: true, assertJwtClaimsAndHeader: checkRequestObject },
      jwtResponseModes: { enabled: true },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: deps.pages.signOut,
        postLogoutSuccessSource: deps.pages.signedOut,
      },
    },
  }
}

/**
 * The protocol library, configured. One is built for each set of signing keys (reload.ts); everything that must
 * outlive it is in `deps`. What its configuration has no setting for is a list of patches (patches.ts).
 */
export function createProvider(deps: ProviderDependencies): Provider {
  const placed = withAudience(withKnownHandlers(withExactRedirects(Provider)))
  const OurProvider = withUnits(withSlowDown(placed, deps.devices.codes), deps.artifacts)
  const provider = new OurProvider(deps.issuer, configuration(deps))
  // The request's host and protocol are pinned to the issuer before they get here (mount.ts).
  provider.proxy = true
  for (const { apply } of PATCHES) apply(provider, deps)
  return provider
}
