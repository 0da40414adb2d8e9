import * as oidc from 'openid-client'
import { epochSeconds } from '../../shared/clock.ts'
import type { Connector, ConnectorKind, UpstreamTokens } from '../connector.ts'
import { asUpstreamError } from '../upstream.ts'
import { readAccount, readEmail } from './github/api.ts'
import { configure, type GitHubApp, type GitHubSettings, githubSettings, issuerOf } from './github/app.ts'
import { checkGitHub } from './github/check.ts'

/**
 * GitHub, github.com or Enterprise. It speaks OAuth 2 and no OpenID Connect: who came back is asked of its API with
 * the access token. https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export const github: ConnectorKind<GitHubSettings> = {
  displayName: 'GitHub',
  settings: githubSettings,
  create: (registration, settings) => createGitHub({ ...registration, ...settings }),
}

/** The second is for the primary address: without it GitHub shows only one that is public. */
const SCOPE = 'read:user user:email'

function createGitHub(app: GitHubApp): Connector {
  return {
    async authorize({ state, codeVerifier }, { redirectUri, again }) {
      return oidc.buildAuthorizationUrl(configure(app), {
        redirect_uri: redirectUri,
        scope: SCOPE,
        state,
        code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: 'S256',
        // GitHub cannot be told to ask for the password; it can have the account chosen.
        ...(again && { prompt: 'select_account' }),
      })
    },
    async identify(callback, { state, codeVerifier }) {
      try {
        const configuration = configure(app)
        const tokens = await oidc.authorizationCodeGrant(configuration, callback, {
          expectedState: state,
          pkceCodeVerifier: codeVerifier,
        })
        const api = { url: app.api_url, configuration, accessToken: tokens.access_token }
        const [account, email] = await Promise.all([readAccount(api), readEmail(api)])
        return { issuer: issuerOf(app.url), ...account, email, tokens: kept(tokens) }
      } catch (error) {
        throw asUpstreamError(error)
      }
    },
    check: (redirectUri) => checkGitHub(app, redirectUri),
  }
}

/** GitHub's list of scopes has commas where RFC 6749 §3.3 has spaces. */
const kept = (tokens: oidc.TokenEndpointResponse): UpstreamTokens => ({
  access_token: tokens.access_token,
  refresh_token: tokens.refresh_token,
  scope: tokens.scope?.replaceAll(',', ' '),
  ...(tokens.expires_in !== undefined && { expires_at: epochSeconds(Date.now) + tokens.expires_in }),
})
