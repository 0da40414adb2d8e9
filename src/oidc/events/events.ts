import type { FastifyBaseLogger } from 'fastify'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { BoundedMap } from '../../shared/bounded-map.ts'
import type { ClientDiagnosis } from '../../shared/client-diagnosis.ts'
import { limitFailingClients } from '../client-authentication/failing-clients.ts'
import { requestOf } from '../provider/request.ts'
import {
  AUTHENTICATED,
  type CodeDetails,
  claimedBy,
  codeDetails,
  type ExplainRedirect,
  type RequestDetails,
  requestDetails,
} from './rejection-details.ts'
import { withoutSecretsOf } from './without-secrets.ts'

/** The request id that the error page shows and the log line carries. */
export const requestIdOf = (ctx: KoaContextWithOIDC): string => requestOf(ctx)?.id ?? 'unknown'

/** What the client sent and what it has registered, for a rejected request: names and URIs, never a secret. */
function explain(
  ctx: KoaContextWithOIDC,
  error: unknown,
  explainRedirect: ExplainRedirect,
): Record<string, unknown> {
  const { params, client } = ctx.oidc
  const clean = withoutSecretsOf(ctx)
  const sent = params?.redirect_uri
  if (error instanceof errors.InvalidRedirectUri && typeof sent === 'string' && client) {
    const registered = client.redirectUris ?? []
    return {
      parameter: 'redirect_uri',
      sent: clean.uri(sent),
      registered,
      ...explainRedirect(clean.uri(sent), registered),
    }
  }
  if (error instanceof errors.InvalidScope)
    return {
      parameter: 'scope',
      sent: clean.text(String(params?.scope ?? ''), 2000),
      registered: client?.identity_scope,
    }
  if (error instanceof errors.InvalidTarget)
    return {
      parameter: 'resource',
      sent: clean.uri([params?.resource ?? ''].flat().join(' ')),
      registered: client?.identity_scope,
    }
  if (error instanceof errors.InvalidClient && !client)
    return {
      parameter: 'client_id',
      sent: clean.text(String(params?.client_id ?? ''), 200),
      registered: null,
    }
  return {}
}

/** A rejected request, to be kept (src/rejections). */
export interface ReportedRejection {
  id: string
  endpoint: string
  clientId: string | undefined
  error: string
  /** What is known at once, without secrets. */
  description(): string | undefined
  details(): RequestDetails
  /** What a look into the database adds. */
  lookUp(): Promise<CodeDetails & Partial<ClientDiagnosis>>
}

export interface RejectionsTo {
  explainRedirect: ExplainRedirect
  diagnose(clientId: string, secret: string | undefined): Promise<ClientDiagnosis>
  /** Counts a failed authentication, by address and client. */
  countFailure: Parameters<typeof limitFailingClients>[1]['count']
  /** Must not throw. */
  record(rejection: ReportedRejection): void
  /** Whether something is told for the first time in an hour. */
  isNews(key: string): boolean
}

/** The names of the endpoints whose rejections are kept, by the event of the library. */
const ENDPOINTS: Readonly<Record<string, string>> = {
  'authorization.error': 'authorization',
  'grant.error': 'token',
  'pushed_authorization_request.error': 'pushed_authorization_request',
  'device_authorization.error': 'device_authorization',
  'device_resume.error': 'code_verification',
  'userinfo.error': 'userinfo',
  'introspection.error': 'introspection',
  'revocation.error': 'revocation',
  'end_session.error': 'end_session',
}

/** The errors that a device is answered while it polls (RFC 8628 §3.5). */
const WAITING = new Set(['authorization_pending', 'slow_down'])

/** A step of the protocol rather than a mistake: the client takes the nonce and comes again (RFC 9449 §8), and a device waits. */
const isNextStep = ({
  error,
  error_description: description,
}: Pick<errors.OIDCProviderError, 'error' | 'error_description'>): boolean =>
  WAITING.has(error) || (error === 'use_dpop_nonce' && !/iat is not recent/.test(description ?? ''))

/** A device is answered `access_denied` at every poll for as long as its code lives: the person refused once. */
const isHeardAgain = (
  { oidc }: KoaContextWithOIDC,
  { error }: errors.OIDCProviderError,
  isNews: RejectionsTo['isNews'],
): boolean =>
  error === 'access_denied' &&
  typeof oidc.params?.device_code === 'string' &&
  !isNews(JSON.stringify(['device_code', oidc.params.device_code]))

function report(
  ctx: KoaContextWithOIDC,
  endpoint: string,
  error: Pick<errors.OIDCProviderError, 'error' | 'error_description' | 'error_detail'>,
  { explainRedirect, diagnose, record }: RejectionsTo,
): void {
  const id = requestOf(ctx)?.id
  if (id === undefined || isNextStep(error)) return
  const description = error.error_description
  record({
    id,
    endpoint,
    clientId: ctx.oidc.client?.clientId,
    error: error.error,
    description: () => description && withoutSecretsOf(ctx).text(description, 500),
    details: () => requestDetails(ctx, endpoint, error.error_detail, explainRedirect),
    async lookUp() {
      const { clientId, secret } = claimedBy(ctx)
      const doubtful = error.error === 'invalid_client' && clientId !== undefined
      return { ...(await codeDetails(ctx)), ...(doubtful && (await diagnose(clientId, secret))) }
    },
  })
}

/**
 * Writes one line for everything the protocol refuses, with what an administrator needs to put it right, and reports it
 * to be kept.
 */
export function logProtocolEvents(provider: Provider, log: FastifyBaseLogger, to: RejectionsTo): void {
  const failing = limitFailingClients(provider, { count: to.countFailure })
  const note = (event: string, ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    const target = requestOf(ctx)?.log ?? log
    const { text } = withoutSecretsOf(ctx)
    const clean = (value: string | undefined) => value && text(value, 500)
    const line = {
      event,
      error: error.error,
      error_description: clean(error.error_description),
      error_detail: clean(error.error_detail),
      client_id: ctx.oidc.client?.clientId,
      ...explain(ctx, error, to.explainRedirect),
    }
    target.warn(line, `refused: ${line.error_description ?? error.error}`)
    const endpoint = ENDPOINTS[event]
    if (endpoint !== undefined) report(ctx, endpoint, error, to)
  }
  const refused = (event: string) => (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    // Every device gets these every few seconds.
    if (WAITING.has(error.error) || isHeardAgain(ctx, error, to.isNews)) return
    const request = requestOf(ctx)
    // Before there is a client, all that can fail is the authentication: it was malformed, or there was none.
    const unauthenticated = error.error === 'invalid_client' || ctx.oidc.client === undefined
    const authenticates = unauthenticated && AUTHENTICATED.has(ENDPOINTS[event] ?? '')
    if (authenticates && request) failing.failed(ctx, request, () => note(event, ctx, error))
    else note(event, ctx, error)
  }
  const names = [...Object.keys(ENDPOINTS), 'code_verification.error', 'discovery.error', 'jwks.error']
  for (const name of names) provider.on(name as 'grant.error', refused(name))
  provider.on('server_error', (ctx, err) => (requestOf(ctx)?.log ?? log).error({ err }, 'protocol error'))
}

/** Milliseconds in which the same key is no news again. */
const TOLD_FOR = 3_600_000
const MAX_ENTRIES = 1000

/** The `isNews` of one process. */
export function createNews(clock: () => number): RejectionsTo['isNews'] {
  const told = new BoundedMap<string, number>(MAX_ENTRIES)
  return (key) => {
    const now = clock()
    if ((told.get(key) ?? Number.NEGATIVE_INFINITY) + TOLD_FOR > now) return false
    told.set(key, now)
    return true
  }
}

/**
 * Writes a line for the scopes that a request was answered without, and reports them to be kept beside the rejections, where an
 * administrator looks for what a client misses. The same scopes of one client are kept once an hour.
 */
export function createLeftOutReport(log: FastifyBaseLogger, to: RejectionsTo) {
  return (ctx: KoaContextWithOIDC, scopes: readonly string[]): void => {
    const { text } = withoutSecretsOf(ctx)
    const scope = text(scopes.join(' '), 500)
    const { route, client } = ctx.oidc
    const line = { event: 'scope.left_out', client_id: client?.clientId, scope }
    ;(requestOf(ctx)?.log ?? log).info(line, `left out: ${scope}`)
    if (!to.isNews(JSON.stringify([client?.clientId, route, scope]))) return
    report(ctx, route, { error: 'scope_left_out', error_description: scope }, to)
  }
}
