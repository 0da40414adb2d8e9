import { importJWK } from 'jose'
import * as oidc from 'openid-client'
import { z } from 'zod'
import type { Finding } from '../../../shared/finding.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import type { Registration } from '../../connector.ts'
import { asUpstreamError, TIMEOUT, upstreamFetch } from '../../upstream.ts'
import { issuerFinding, metadataFindings } from './check-metadata.ts'
import { createClient } from './client.ts'
import type { OpenIdOptions } from './connector.ts'
import { acceptedSignatures, discoveryUrl, type Metadata, parseAnswer, readMetadata } from './metadata.ts'
import { authorizationParameters } from './request.ts'

type Look = Omit<Finding, 'name'>

/** What a check of one configuration works on. */
interface Subject {
  registration: Registration
  options: OpenIdOptions
  found: Metadata
  redirectUri: string
}

/** Everything about a configuration that can be seen without a person. Does not throw. */
export async function checkOpenId(
  registration: Registration,
  options: OpenIdOptions,
  redirectUri: string,
): Promise<Finding[]> {
  let found: Metadata
  try {
    found = await readMetadata(options.issuer)
  } catch (error) {
    const message = t('provider.finding.discovery.unusable', {
      url: discoveryUrl(options.issuer),
      problem: asUpstreamError(error).said,
    })
    const remedy = t('provider.finding.discovery.remedy')
    return [{ name: t('provider.finding.name.discovery'), status: 'fail', message, remedy }]
  }
  const issuer = issuerFinding(options, found)
  if (issuer.status === 'fail') return [issuer]
  const subject = { registration, options, found, redirectUri }
  return [
    issuer,
    ...metadataFindings(options, found),
    ...(await Promise.all([
      finding(t('provider.finding.name.keys'), t('provider.finding.keys.remedy'), checkKeys(subject)),
      finding(
        t('provider.finding.name.credentials'),
        t('provider.finding.credentials.remedy'),
        checkCredentials(subject),
      ),
      finding(
        t('provider.finding.name.request'),
        t('provider.finding.request.remedy'),
        checkRequest(subject),
      ),
    ])),
    ...(options.logout ? [logoutFinding(subject)] : []),
  ]
}

async function finding(name: string, remedy: string, look: Promise<Look>): Promise<Finding> {
  try {
    return { name, ...(await look) }
  } catch (error) {
    return { name, status: 'fail', message: asUpstreamError(error).said, remedy }
  }
}

const get = (url: string, accept: string): Promise<Response> =>
  upstreamFetch(url, {
    method: 'GET',
    headers: { accept },
    body: undefined,
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT * 1000),
  })

const keySet = z.object({
  keys: z.array(z.looseObject({ kty: z.string(), use: z.string().exactOptional() })),
})

async function checkKeys({ found, options }: Subject): Promise<Look> {
  const response = await get(found.jwks_uri, 'application/json')
  const answer = await response.json().catch(() => undefined)
  const { keys } = parseAnswer(keySet, answer, (fields) =>
    message('provider.problem.shape.keys', { status: String(response.status), fields }),
  )
  const usable = acceptedSignatures(found, options.idTokenAlg).flatMap((alg) =>
    keys
      .filter((key) => key.use !== 'enc' && (key.alg === undefined || key.alg === alg))
      .map((key) => importJWK(key, alg).then(() => alg)),
  )
  const imported = (await Promise.allSettled(usable)).flatMap((key) =>
    key.status === 'fulfilled' ? [key.value] : [],
  )
  if (imported.length > 0)
    return {
      status: 'ok',
      message: t('provider.finding.keys.ok', { algorithms: [...new Set(imported)].join(', ') }),
    }
  return {
    status: 'fail',
    message: t('provider.finding.keys.none'),
    remedy: t('provider.finding.keys.none.remedy'),
  }
}

/** Exchanges a code that the provider cannot know: it looks at the credentials first (RFC 6749 §5.2). */
async function checkCredentials({ found, registration, options, redirectUri }: Subject): Promise<Look> {
  const client = await createClient(found, registration, options)
  const parameters = {
    code: oidc.randomState(),
    redirect_uri: redirectUri,
    code_verifier: oidc.randomPKCECodeVerifier(),
  }
  try {
    await client.use((configuration) =>
      oidc.genericGrantRequest(configuration, 'authorization_code', parameters),
    )
  } catch (error) {
    if (error instanceof oidc.ResponseBodyError && error.error === 'invalid_grant')
      return { status: 'ok', message: t('provider.finding.credentials.ok') }
    const { said: problem } = asUpstreamError(error)
    const remedy = t('provider.finding.credentials.remedy')
    if (isRefusal(error))
      return {
        status: 'fail',
        message: t('provider.finding.credentials.refused', { problem }),
        remedy,
      }
    return { status: 'warn', message: t('provider.finding.credentials.unknown', { problem }), remedy }
  }
  return {
    status: 'warn',
    message: t('provider.finding.credentials.any'),
    remedy: t('provider.finding.credentials.any.remedy'),
  }
}

const isRefusal = (error: unknown): boolean =>
  (error instanceof oidc.ResponseBodyError && (error.status === 401 || error.error === 'invalid_client')) ||
  (error instanceof oidc.WWWAuthenticateChallengeError && error.status === 401)

const errorCode = z
  .string()
  .regex(/^\w{1,64}$/)
  .catch('unknown')

/** Sends the authorization request as a browser would, up to the sign-in page. */
async function checkRequest({ found, registration, options, redirectUri }: Subject): Promise<Look> {
  const url = new URL(found.authorization_endpoint)
  const attempt = {
    state: oidc.randomState(),
    nonce: oidc.randomNonce(),
    codeVerifier: oidc.randomPKCECodeVerifier(),
  }
  const parameters = {
    client_id: registration.clientId,
    response_type: 'code',
    ...(await authorizationParameters(attempt, { redirectUri, again: false }, options)),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value)
  const { status, headers } = await get(url.href, 'text/html')
  const target = URL.parse(headers.get('location') ?? '', url.href)?.searchParams
  // Google names its own pages' parameter authError.
  const error = target?.get('error') ?? (target?.has('authError') ? 'unknown' : undefined)
  if (status < 400 && error === undefined) return { status: 'ok', message: t('provider.finding.request.ok') }
  if (status >= 500)
    return {
      status: 'fail',
      message: t('provider.finding.request.status', { status: String(status) }),
      remedy: t('provider.finding.request.status.remedy'),
    }
  return {
    status: 'fail',
    message:
      error === undefined
        ? t('provider.finding.request.refused.status', { status: String(status) })
        : t('provider.finding.request.refused.error', { error: errorCode.parse(error) }),
    remedy: t('provider.finding.request.refused.remedy', { url: redirectUri }),
  }
}

/** Both ways are fine, so neither is a warning. */
function logoutFinding({ found, redirectUri }: Subject): Finding {
  const name = t('provider.finding.name.logout')
  // Both addresses are in the same folder, see backChannelLogoutUrl.
  const url = new URL('backchannel-logout', redirectUri).href
  if (found.backchannel_logout_supported)
    return { name, status: 'ok', message: t('provider.finding.logout.ok', { url }) }
  return { name, status: 'ok', message: t('provider.finding.logout.none') }
}
