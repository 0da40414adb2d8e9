import * as oidc from 'openid-client'
import { z } from 'zod'
import type { Registration } from '../../connector.ts'
import { prepare, TIMEOUT, upstreamFetch } from '../../upstream.ts'

/** The registration of Latchkey as OAuth app, and where GitHub is: both without a slash at the end. */
export interface GitHubApp extends Registration {
  /** Where people sign in. */
  url: string
  /** Where its REST API is. */
  api_url: string
}

/**
 * GitHub's name for itself, also in the `iss` of its answers (RFC 9207).
 * https://docs.github.com/en/apps/github-authentication-discovery-endpoints
 */
export const issuerOf = (url: string): string => `${url}/login/oauth`

export const authorizationEndpoint = (url: string): string => `${url}/login/oauth/authorize`

/** For one call: everything that is sent with it has to be answered within `TIMEOUT` seconds, all in all. */
export function configure({ url, clientId, clientSecret }: GitHubApp): oidc.Configuration {
  const tokenEndpoint = `${url}/login/oauth/access_token`
  const server = {
    issuer: issuerOf(url),
    authorization_endpoint: authorizationEndpoint(url),
    token_endpoint: tokenEndpoint,
  }
  const auth = clientSecret === undefined ? oidc.None() : oidc.ClientSecretPost(clientSecret)
  const configuration = prepare(new oidc.Configuration(server, clientId, {}, auth))
  const deadline = AbortSignal.timeout(TIMEOUT * 1000)
  configuration[oidc.customFetch] = async (to, options) => {
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline
    const response = await upstreamFetch(to, { ...options, signal })
    return to === tokenEndpoint ? withHonestStatus(response) : response
  }
  return configuration
}

const errorBody = z.object({ error: z.string() })

/** GitHub's token endpoint answers errors with status 200; RFC 6749 §5.2 wants 400, and so does the library. */
async function withHonestStatus(response: Response): Promise<Response> {
  if (response.status !== 200) return response
  const copy = response.clone()
  const body = errorBody.safeParse(await copy.json().catch(() => undefined))
  return body.success ? new Response(response.body, { status: 400, headers: response.headers }) : response
}
