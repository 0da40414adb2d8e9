import * as oidc from 'openid-client'
import type { AuthorizationOptions, AuthorizationRequest } from '../../connector.ts'

/** The parameters of an authorization request (OpenID Connect Core §3.1.2.1), with PKCE S256 (RFC 7636 §4.3). */
export const authorizationParameters = async (
  attempt: AuthorizationRequest,
  { redirectUri, again }: AuthorizationOptions,
  options: { scope: string; parameters: { always: Record<string, string>; again: Record<string, string> } },
): Promise<Record<string, string>> => ({
  redirect_uri: redirectUri,
  scope: options.scope,
  state: attempt.state,
  nonce: attempt.nonce,
  code_challenge: await oidc.calculatePKCECodeChallenge(attempt.codeVerifier),
  code_challenge_method: 'S256',
  ...options.parameters.always,
  ...(again && options.parameters.again),
})
