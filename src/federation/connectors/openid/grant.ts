import * as oidc from 'openid-client'
import type { AuthorizationRequest } from '../../connector.ts'
import { upstreamFetch } from '../../upstream.ts'
import type { OpenIdClient } from './client.ts'

export type Grant = Awaited<ReturnType<typeof oidc.authorizationCodeGrant>>

/**
 * The tokens for the code of a callback. The library checks state, `iss` (RFC 9207), and the id_token with its signature, issuer,
 * audience, times and nonce (OpenID Connect Core §3.1.3.7).
 * @param otherIssuer a second spelling of the issuer that its id_tokens may have. The code is used up by then, so the
 * answer that was refused for its issuer alone is looked at again; every check is made a second time, but for the
 * callback's `iss`, which was right.
 */
export async function exchangeCode(
  client: OpenIdClient,
  callback: URL,
  attempt: AuthorizationRequest,
  otherIssuer: string | undefined,
): Promise<Grant> {
  const exchange = (url: URL) => (configuration: oidc.Configuration) =>
    oidc.authorizationCodeGrant(configuration, url, {
      expectedState: attempt.state,
      expectedNonce: attempt.nonce,
      pkceCodeVerifier: attempt.codeVerifier,
      idTokenExpected: true,
    })
  if (otherIssuer === undefined) return client.use(exchange(callback))

  let answer: Response | undefined
  const record: oidc.CustomFetch = async (url, options) => {
    const response = await upstreamFetch(url, options)
    if (options.method === 'POST') answer = response.clone()
    return response
  }
  try {
    return await client.use(exchange(callback), { fetch: record })
  } catch (error) {
    if (answer === undefined || !isOtherIssuer(error)) throw error
  }
  const recorded = answer
  const replay: oidc.CustomFetch = async (url, options) =>
    options.method === 'POST' ? recorded : upstreamFetch(url, options)
  const seen = new URL(callback)
  seen.searchParams.delete('iss')
  return client.use(exchange(seen), { issuer: otherIssuer, fetch: replay })
}

/** Whether the id_token was refused because of its `iss`, which is what the library compares first. */
function isOtherIssuer(error: unknown): boolean {
  if (!(error instanceof oidc.ClientError) || !(error.cause instanceof Error)) return false
  const { cause } = error.cause
  return typeof cause === 'object' && cause !== null && 'claim' in cause && cause.claim === 'iss'
}
