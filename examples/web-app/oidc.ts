import * as client from 'openid-client'

export interface RelyingPartyOptions {
  /** The provider's issuer URL; everything else is discovered from it. */
  issuer: string
  clientId: string
  /** Absent: a public client, protected by PKCE alone. */
  clientSecret?: string | undefined
  redirectUri: string
  /** Where the provider sends people after they signed out there. */
  signedOutUri: string
  scope: string
}

/** What a sign-in has to remember until its answer comes back; one for each press of the button. */
export interface PendingSignIn {
  state: string
  nonce: string
  codeVerifier: string
  /** Of a sign-in that an API asked for. */
  stepUp?: StepUp | undefined
}

/** A stronger, or more recent, sign-in of a person who is signed in (RFC 9470). */
export interface StepUp {
  /** The person. */
  sub: string
  /** The classes that will do, separated by spaces. */
  acrValues: string | undefined
  /** In seconds. */
  maxAge: number | undefined
}

/** Times are milliseconds since the epoch. */
export interface TokenSet {
  idToken: string
  claims: client.IDToken
  accessToken: string
  refreshToken: string | undefined
  scope: string | undefined
  receivedAt: number
  expiresAt: number | undefined
}

export interface RelyingParty {
  /** @param stepUp asks for a sign-in like this */
  start(stepUp?: StepUp): Promise<{ url: URL; pending: PendingSignIn }>
  /** @throws SignInTooWeak when the sign-in is not what `pending.stepUp` asked for */
  finish(callback: URL, pending: PendingSignIn): Promise<TokenSet>
  refresh(tokens: TokenSet): Promise<TokenSet>
  userinfo(tokens: TokenSet): Promise<Record<string, unknown>>
  /** Sends a request to an API with the access token. @throws WWWAuthenticateChallengeError when the API refuses it */
  call(tokens: TokenSet, url: URL, method: string): Promise<Response>
  /** Undefined when the provider has no such page: then signing out ends at this app. */
  signOutUrl(tokens: TokenSet): Promise<URL | undefined>
}

/** The provider is asked for a class of sign-in, and need not heed it: an app that relies on one looks at the answer. */
export class SignInTooWeak extends Error {}

function checkStepUp(claims: client.IDToken, stepUp: StepUp): void {
  if (claims.sub !== stepUp.sub) throw new SignInTooWeak('another person signed in')
  const wanted = stepUp.acrValues?.split(' ')
  if (wanted && !(typeof claims.acr === 'string' && wanted.includes(claims.acr)))
    throw new SignInTooWeak(`acr is ${claims.acr ?? 'missing'}, not one of ${stepUp.acrValues}`)
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

function issuerUrl(issuer: string): URL {
  const url = new URL(issuer)
  const local = url.protocol === 'http:' && LOOPBACK.has(url.hostname)
  if (url.protocol !== 'https:' && !local)
    throw new Error(`ISSUER must be https, or http on this machine: ${issuer}`)
  return url
}

function tokenSet(
  response: Awaited<ReturnType<typeof client.refreshTokenGrant>>,
  previous?: TokenSet,
): TokenSet {
  const receivedAt = Date.now()
  const lifetime = response.expiresIn()
  const idToken = response.id_token ?? previous?.idToken
  const claims = response.claims() ?? previous?.claims
  if (!idToken || !claims) throw new Error('the provider sent no id_token')
  return {
    idToken,
    claims,
    accessToken: response.access_token,
    // A provider that rotates refresh tokens sends a new one each time; one that does not, sends none.
    refreshToken: response.refresh_token ?? previous?.refreshToken,
    scope: response.scope ?? previous?.scope,
    receivedAt,
    expiresAt: lifetime === undefined ? undefined : receivedAt + lifetime * 1000,
  }
}

/**
 * Signing in with OpenID Connect: authorization code flow with PKCE, state and nonce. The library checks state, the
 * issuer of the answer (RFC 9207), nonce, and the id_token's signature, audience and times.
 *
 * @throws Error at once for an issuer that is neither https nor on loopback
 */
export function createRelyingParty(options: RelyingPartyOptions): RelyingParty {
  const issuer = issuerUrl(options.issuer)
  const authentication = options.clientSecret ? client.ClientSecretBasic(options.clientSecret) : client.None()
  const execute = issuer.protocol === 'http:' ? [client.allowInsecureRequests] : []
  let discovered: Promise<client.Configuration> | undefined

  // Discovered at first use and kept; a failure is not kept, so the app comes back with its provider.
  function configuration(): Promise<client.Configuration> {
    discovered ??= client
      .discovery(issuer, options.clientId, options.clientSecret, authentication, { execute, timeout: 10 })
      .catch((error: unknown) => {
        discovered = undefined
        throw error
      })
    return discovered
  }

  return {
    async start(stepUp) {
      const config = await configuration()
      const pending = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        codeVerifier: client.randomPKCECodeVerifier(),
        stepUp,
      }
      const url = client.buildAuthorizationUrl(config, {
        redirect_uri: options.redirectUri,
        scope: options.scope,
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(pending.codeVerifier),
        code_challenge_method: 'S256',
        ...(stepUp?.acrValues !== undefined && { acr_values: stepUp.acrValues }),
        ...(stepUp?.maxAge !== undefined && { max_age: String(stepUp.maxAge) }),
      })
      return { url, pending }
    },

    async finish(callback, pending) {
      const response = await client.authorizationCodeGrant(await configuration(), callback, {
        expectedState: pending.state,
        expectedNonce: pending.nonce,
        pkceCodeVerifier: pending.codeVerifier,
        idTokenExpected: true,
        // The library checks auth_time against it.
        ...(pending.stepUp?.maxAge !== undefined && { maxAge: pending.stepUp.maxAge }),
      })
      const tokens = tokenSet(response)
      if (pending.stepUp) checkStepUp(tokens.claims, pending.stepUp)
      return tokens
    },

    async refresh(tokens) {
      if (!tokens.refreshToken) throw new Error('there is no refresh token')
      const response = await client.refreshTokenGrant(await configuration(), tokens.refreshToken)
      // Not another person's tokens (OpenID Connect Core §12.2).
      const subject = response.claims()?.sub
      if (subject !== undefined && subject !== tokens.claims.sub) throw new Error('the subject changed')
      return tokenSet(response, tokens)
    },

    // The library refuses an answer about another person than the id_token's (OpenID Connect Core §5.3.2).
    userinfo: async ({ accessToken, claims }) =>
      client.fetchUserInfo(await configuration(), accessToken, claims.sub),

    call: async ({ accessToken }, url, method) =>
      client.fetchProtectedResource(await configuration(), accessToken, url, method),

    async signOutUrl(tokens) {
      const config = await configuration()
      if (!config.serverMetadata().end_session_endpoint) return undefined
      return client.buildEndSessionUrl(config, {
        id_token_hint: tokens.idToken,
        post_logout_redirect_uri: options.signedOutUri,
      })
    },
  }
}
