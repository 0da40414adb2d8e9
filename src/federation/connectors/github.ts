import * as oidc from 'openid-client'
import { z } from 'zod'
import { epochSeconds } from '../../shared/clock.ts'
import { saying } from '../../shared/locales/texts.ts'
import type { Connector, UpstreamTokens } from '../connector.ts'
import { connectorKind } from '../connector-kind.ts'
import { asUpstreamError, isAcceptableUrl } from '../upstream.ts'
import { readAccount, readEmail } from './github/api.ts'
import { configure, type GitHubApp, issuerOf } from './github/app.ts'
import { checkGitHub } from './github/check.ts'

const address = (example: string) =>
  z
    .string()
    .refine(isPlainUrl, saying('admin.providers.problem.url', { example }))
    .transform((value) => new URL(value).href.replace(/\/+$/, ''))

function isPlainUrl(value: string): boolean {
  const url = URL.parse(value)
  return isAcceptableUrl(value) && !/[?#]/.test(value) && url?.username === '' && url.password === ''
}

/**
 * GitHub, github.com or Enterprise. It speaks OAuth 2 and no OpenID Connect: who came back is asked of its API with
 * the access token. https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps
 */
export const github = connectorKind({
  about: {
    name: 'GitHub',
    sentence: 'github.com, or your own GitHub Enterprise Server',
    docs: 'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/creating-an-oauth-app',
  },
  icon: '<path fill="currentColor" d="M9.3 22.66A11 11 0 1 1 14.7 22.66V19.8C14.7 18.8 14.4 18 13.8 17.5 16.8 17.1 18.7 15.6 18.7 12.3 18.7 10.9 18.2 9.8 17.5 9 17.7 8.1 17.6 6.9 17.2 5.9 16.1 5.9 14.8 6.6 14 7.2 12.7 6.9 11.3 6.9 10 7.2 9.2 6.6 7.9 5.9 6.8 5.9 6.4 6.9 6.3 8.1 6.5 9 5.8 9.8 5.3 10.9 5.3 12.3 5.3 15.6 7.2 17.1 10.2 17.5 9.8 17.9 9.45 18.4 9.35 19.1 8.2 19.5 7.4 19.3 6.8 18.4 6.2 17.6 5.4 17.1 4.5 17.4 4.9 17.6 5.3 17.9 5.6 18.4 6.3 19.6 7.2 20.6 9.3 20.2Z"/>',
  secret: 'required',
  environment: true,
  fields: {
    url: {
      schema: address('https://ghe.example.com').default('https://github.com'),
      input: 'url',
      example: 'https://github.example.com',
      option: '--url <url>',
      sentence: 'where people sign in to your own GitHub Enterprise Server',
      label: 'Enterprise Server',
      hint: 'Empty: github.com.',
      variable: 'URL',
    },
    api_url: {
      schema: address('https://ghe.example.com/api/v3').default('https://api.github.com'),
      input: 'url',
      example: 'https://github.example.com/api/v3',
      option: '--api-url <url>',
      sentence: 'its API: <url>/api/v3',
      label: 'Its API',
      hint: 'Like https://github.example.com/api/v3.',
      variable: 'API_URL',
    },
  },
  // The access token of one would go to the other.
  together: {
    fields: ['url', 'api_url'],
    message: 'admin.providers.problem.github.together',
  },
  create: (registration, settings) => createGitHub({ ...registration, ...settings }),
})

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
