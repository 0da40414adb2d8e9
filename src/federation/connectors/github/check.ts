import * as oidc from 'openid-client'
import { z } from 'zod'
import type { Finding } from '../../../shared/finding.ts'
import { asUpstreamError, TIMEOUT, upstreamFetch } from '../../upstream.ts'
import { API_HEADERS } from './api.ts'
import { authorizationEndpoint, configure, type GitHubApp } from './app.ts'

type Look = Omit<Finding, 'name'>

/** What is wrong with the configuration, as far as GitHub tells without a person. Does not throw. */
export const checkGitHub = (app: GitHubApp, redirectUri: string): Promise<Finding[]> =>
  Promise.all([
    finding('API', app.api_url, 'api_url', checkApi(app)),
    finding('client ID and secret', app.url, 'url', checkCredentials(app, redirectUri)),
    finding('authorization page', app.url, 'url', checkAuthorizationPage(app, redirectUri)),
  ])

async function finding(name: string, url: string, setting: string, look: Promise<Look>): Promise<Finding> {
  try {
    return { name, ...(await look) }
  } catch (error) {
    const { reason, message } = asUpstreamError(error)
    const what = reason === 'unreachable' ? 'cannot be reached' : 'does not answer as GitHub does'
    const remedy = `see whether ${setting} is right, and whether this server can reach it`
    return { name, status: 'fail', message: `${url} ${what}: ${message}`, remedy }
  }
}

const get = (url: string, headers: Record<string, string>): Promise<Response> =>
  upstreamFetch(url, {
    method: 'GET',
    headers,
    body: undefined,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT * 1000),
  })

/** Its answers to a request without a token: 200; an Enterprise in private mode says 401; too many requests, 403 or 429. */
const API_ANSWERS = new Set([200, 401, 403, 429])

async function checkApi({ api_url }: GitHubApp): Promise<Look> {
  const response = await get(`${api_url}/meta`, API_HEADERS)
  const body = z.looseObject({}).safeParse(await response.json().catch(() => undefined))
  if (API_ANSWERS.has(response.status) && body.success) return { status: 'ok', message: `${api_url} answers` }
  return {
    status: 'fail',
    message: `${api_url}/meta answers with status ${response.status}, and not as GitHub's API does`,
    remedy: 'set api_url to the root of the REST API: https://api.github.com, or <url>/api/v3 for Enterprise',
  }
}

/** Exchanges a code that GitHub cannot know: it looks at the credentials first. */
async function checkCredentials(app: GitHubApp, redirectUri: string): Promise<Look> {
  const remedy = 'enter the client ID and a client secret of the same OAuth app'
  if (app.clientSecret === undefined) return { status: 'fail', message: 'there is no client secret', remedy }
  const callback = new URL(redirectUri)
  callback.searchParams.set('code', oidc.randomState())
  try {
    await oidc.authorizationCodeGrant(configure(app), callback, {
      pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    })
  } catch (error) {
    if (!(error instanceof oidc.ResponseBodyError)) throw error
    if (error.error === 'bad_verification_code') return { status: 'ok', message: 'GitHub accepts them' }
    if (error.error === 'redirect_uri_mismatch') return wrongCallback(redirectUri)
    // 404 is what an id that GitHub does not know gets in practice.
    if (error.error === 'incorrect_client_credentials' || error.status === 404)
      return { status: 'fail', message: 'GitHub does not accept them', remedy }
    return { status: 'fail', message: asUpstreamError(error).message, remedy }
  }
  return { status: 'fail', message: 'the token endpoint accepts any code: this is not GitHub', remedy }
}

const wrongCallback = (redirectUri: string): Look => ({
  status: 'fail',
  message: 'the callback URL at GitHub is another one',
  remedy: `enter ${redirectUri} as authorization callback URL of the OAuth app`,
})

const errorCode = z
  .string()
  .regex(/^\w{1,64}$/)
  .catch('unknown')

/** The page itself, or the way to GitHub's sign-in: only then will it look at the callback URL. */
const PAGE_ANSWERS = new Set([200, 302, 303])

async function checkAuthorizationPage({ url, clientId }: GitHubApp, redirectUri: string): Promise<Look> {
  const page = authorizationEndpoint(url)
  const parameters = new URLSearchParams({ client_id: clientId, redirect_uri: redirectUri })
  const response = await get(`${page}?${parameters}`, { accept: 'text/html' })
  const to = URL.parse(response.headers.get('location') ?? '', page)
  const error = to?.searchParams.get('error')
  if (error === 'redirect_uri_mismatch') return wrongCallback(redirectUri)
  if (response.status === 404)
    return {
      status: 'fail',
      message: `${url} knows no app with the client ID ${clientId}`,
      remedy: 'enter the client ID that GitHub shows for the OAuth app',
    }
  if (PAGE_ANSWERS.has(response.status) && !error)
    return { status: 'ok', message: `${url} asks people to sign in` }
  return {
    status: 'fail',
    message: `${page} answers with ${error ? `the error ${errorCode.parse(error)}` : `status ${response.status}`}`,
    remedy: 'see whether url is right, and what GitHub says about the OAuth app in its settings',
  }
}
