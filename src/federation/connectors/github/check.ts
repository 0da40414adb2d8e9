import * as oidc from 'openid-client'
import { z } from 'zod'
import type { Finding } from '../../../shared/finding.ts'
import { t } from '../../../shared/locales/texts.ts'
import { asUpstreamError, TIMEOUT, upstreamFetch } from '../../upstream.ts'
import { API_HEADERS } from './api.ts'
import { authorizationEndpoint, configure, type GitHubApp } from './app.ts'

type Look = Omit<Finding, 'name'>

/** What is wrong with the configuration, as far as GitHub tells without a person. Does not throw. */
export const checkGitHub = (app: GitHubApp, redirectUri: string): Promise<Finding[]> =>
  Promise.all([
    finding(t('admin.providers.finding.name.api'), app.api_url, 'api_url', checkApi(app)),
    finding(
      t('admin.providers.finding.name.id_and_secret'),
      app.url,
      'url',
      checkCredentials(app, redirectUri),
    ),
    finding(t('admin.providers.finding.name.page'), app.url, 'url', checkAuthorizationPage(app, redirectUri)),
  ])

async function finding(name: string, url: string, setting: string, look: Promise<Look>): Promise<Finding> {
  try {
    return { name, ...(await look) }
  } catch (error) {
    const { reason, said: problem } = asUpstreamError(error)
    const message =
      reason === 'unreachable'
        ? t('admin.providers.finding.github.unreachable', { url, problem })
        : t('admin.providers.finding.github.other', { url, problem })
    return { name, status: 'fail', message, remedy: t('admin.providers.finding.github.remedy', { setting }) }
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
  if (API_ANSWERS.has(response.status) && body.success)
    return { status: 'ok', message: t('admin.providers.finding.github.api.ok', { url: api_url }) }
  return {
    status: 'fail',
    message: t('admin.providers.finding.github.api.other', { url: api_url, status: String(response.status) }),
    remedy: t('admin.providers.finding.github.api.remedy'),
  }
}

/** Exchanges a code that GitHub cannot know: it looks at the credentials first. */
async function checkCredentials(app: GitHubApp, redirectUri: string): Promise<Look> {
  const remedy = t('admin.providers.finding.github.credentials.remedy')
  if (app.clientSecret === undefined)
    return { status: 'fail', message: t('admin.providers.finding.github.credentials.none'), remedy }
  const callback = new URL(redirectUri)
  callback.searchParams.set('code', oidc.randomState())
  try {
    await oidc.authorizationCodeGrant(configure(app), callback, {
      pkceCodeVerifier: oidc.randomPKCECodeVerifier(),
    })
  } catch (error) {
    if (!(error instanceof oidc.ResponseBodyError)) throw error
    if (error.error === 'bad_verification_code')
      return { status: 'ok', message: t('admin.providers.finding.github.credentials.ok') }
    if (error.error === 'redirect_uri_mismatch') return wrongCallback(redirectUri)
    // 404 is what an id that GitHub does not know gets in practice.
    if (error.error === 'incorrect_client_credentials' || error.status === 404)
      return { status: 'fail', message: t('admin.providers.finding.github.credentials.refused'), remedy }
    return { status: 'fail', message: asUpstreamError(error).said, remedy }
  }
  return { status: 'fail', message: t('admin.providers.finding.github.credentials.any'), remedy }
}

const wrongCallback = (redirectUri: string): Look => ({
  status: 'fail',
  message: t('admin.providers.finding.github.callback'),
  remedy: t('admin.providers.finding.github.callback.remedy', { url: redirectUri }),
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
      message: t('admin.providers.finding.github.no_app', { url, id: clientId }),
      remedy: t('admin.providers.finding.github.no_app.remedy'),
    }
  if (PAGE_ANSWERS.has(response.status) && !error)
    return { status: 'ok', message: t('admin.providers.finding.github.page.ok', { url }) }
  return {
    status: 'fail',
    message: error
      ? t('admin.providers.finding.github.page.error', { url: page, error: errorCode.parse(error) })
      : t('admin.providers.finding.github.page.status', { url: page, status: String(response.status) }),
    remedy: t('admin.providers.finding.github.page.remedy'),
  }
}
