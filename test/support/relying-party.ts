import * as oidc from 'openid-client'

/** How a test client authenticates; the names of RFC 7591 `token_endpoint_auth_method`. */
export type TestClientAuth =
  | { method: 'client_secret_basic' | 'client_secret_post'; secret: string }
  | { method: 'private_key_jwt'; key: oidc.CryptoKey; kid?: string }
  | { method: 'none' }

export interface RelyingPartyOptions {
  issuer: string
  clientId: string
  auth: TestClientAuth
  redirectUri?: string
  /** Signs DPoP proofs with this key pair (RFC 9449) on every request that can carry one. */
  dpopKeys?: oidc.CryptoKeyPair
  metadata?: Partial<oidc.ClientMetadata>
}

/** What an authorization request has to remember until its response comes back. */
export interface AuthorizationRequest {
  url: URL
  state: string
  nonce: string
  codeVerifier: string
}

export interface AuthorizeOptions {
  scope?: string
  prompt?: string
  /** Pushes the request first (RFC 9126). */
  pushed?: boolean
  resource?: string
  /** Further parameters; they override the ones made here. */
  parameters?: Record<string, string>
}

export type Tokens = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>

export interface RelyingParty {
  config: oidc.Configuration
  dpop: oidc.DPoPHandle | undefined
  /** An authorization request with PKCE S256, state and nonce. */
  authorize(options?: AuthorizeOptions): Promise<AuthorizationRequest>
  /** Exchanges the code of an authorization response; checks state, iss (RFC 9207), nonce and the id_token. */
  callback(response: URL, request: AuthorizationRequest, parameters?: Record<string, string>): Promise<Tokens>
  refresh(refreshToken: string, parameters?: Record<string, string>): Promise<Tokens>
  clientCredentials(parameters?: Record<string, string>): Promise<Tokens>
  userinfo(accessToken: string, subject: string): Promise<oidc.UserInfoResponse>
  introspect(token: string): Promise<oidc.IntrospectionResponse>
  revoke(token: string): Promise<void>
  endSessionUrl(parameters: Record<string, string>): URL
}

function clientAuth(auth: TestClientAuth): oidc.ClientAuth {
  switch (auth.method) {
    case 'client_secret_basic':
      return oidc.ClientSecretBasic(auth.secret)
    case 'client_secret_post':
      return oidc.ClientSecretPost(auth.secret)
    case 'private_key_jwt':
      return oidc.PrivateKeyJwt(auth.kid ? { key: auth.key, kid: auth.kid } : auth.key)
    case 'none':
      return oidc.None()
  }
}

/**
 * Discovers the issuer and returns a client for it. Plain http is allowed: test issuers are on loopback.
 * Its methods throw openid-client's errors: ResponseBodyError for an OAuth error from an endpoint,
 * AuthorizationResponseError for one in a redirect.
 */
export async function discover(options: RelyingPartyOptions): Promise<RelyingParty> {
  const config = await oidc.discovery(
    new URL(options.issuer),
    options.clientId,
    { ...options.metadata, ...(options.redirectUri ? { redirect_uris: [options.redirectUri] } : {}) },
    clientAuth(options.auth),
    { execute: [oidc.allowInsecureRequests] },
  )
  const dpop = options.dpopKeys ? oidc.getDPoPHandle(config, options.dpopKeys) : undefined
  const proof = dpop ? { DPoP: dpop } : {}

  return {
    config,
    dpop,
    async authorize({ scope = 'openid', prompt, pushed = false, resource, parameters } = {}) {
      if (!options.redirectUri) throw new Error('this client has no redirect_uri')
      const codeVerifier = oidc.randomPKCECodeVerifier()
      const state = oidc.randomState()
      const nonce = oidc.randomNonce()
      const all = {
        redirect_uri: options.redirectUri,
        scope,
        state,
        nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        ...(prompt ? { prompt } : {}),
        ...(resource ? { resource } : {}),
        ...parameters,
      }
      const url = pushed
        ? await oidc.buildAuthorizationUrlWithPAR(config, all, proof)
        : oidc.buildAuthorizationUrl(config, all)
      return { url, state, nonce, codeVerifier }
    },
    callback: (response, request, parameters) =>
      oidc.authorizationCodeGrant(
        config,
        response,
        {
          pkceCodeVerifier: request.codeVerifier,
          expectedState: request.state,
          expectedNonce: request.nonce,
        },
        parameters,
        proof,
      ),
    refresh: (refreshToken, parameters) => oidc.refreshTokenGrant(config, refreshToken, parameters, proof),
    clientCredentials: (parameters) => oidc.clientCredentialsGrant(config, parameters, proof),
    userinfo: (accessToken, subject) => oidc.fetchUserInfo(config, accessToken, subject, proof),
    introspect: (token) => oidc.tokenIntrospection(config, token),
    revoke: (token) => oidc.tokenRevocation(config, token),
    endSessionUrl: (parameters) => oidc.buildEndSessionUrl(config, parameters),
  }
}
