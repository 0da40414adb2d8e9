import type { IncomingMessage } from 'node:http'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'

/** What `mountProvider` leaves on the raw request, so that a line of the library carries the request's id. */
interface MarkedRequest extends IncomingMessage {
  latchkeyRequest?: FastifyRequest
}

const requestOf = (ctx: KoaContextWithOIDC): FastifyRequest | undefined => {
  const marked: MarkedRequest = ctx.req
  return marked.latchkeyRequest
}

/** The request id that the error page shows and the log line carries. */
export const requestIdOf = (ctx: KoaContextWithOIDC): string => requestOf(ctx)?.id ?? 'unknown'

type Explain = (
  sent: string,
  registered: readonly string[],
) => { reason: string; closest?: string | undefined }

/** What was sent and what is registered, for a request that was refused: names and URIs, never a secret. */
function explain(ctx: KoaContextWithOIDC, error: unknown, explainRedirect: Explain): Record<string, unknown> {
  const { params, client } = ctx.oidc
  const sent = params?.redirect_uri
  if (error instanceof errors.InvalidRedirectUri && typeof sent === 'string' && client) {
    const registered = client.redirectUris ?? []
    return {
      parameter: 'redirect_uri',
      sent: sent.slice(0, 2000),
      registered,
      ...explainRedirect(sent, registered),
    }
  }
  if (error instanceof errors.InvalidScope)
    return {
      parameter: 'scope',
      sent: String(params?.scope ?? '').slice(0, 2000),
      registered: client?.scope,
    }
  if (error instanceof errors.InvalidTarget)
    return { parameter: 'resource', sent: params?.resource, registered: client?.scope }
  if (error instanceof errors.InvalidClient && !client)
    return { parameter: 'client_id', sent: String(params?.client_id ?? '').slice(0, 200), registered: null }
  return {}
}

/** Writes one line for everything the protocol refuses, with what an administrator needs to put it right. */
export function logProtocolEvents(
  provider: Provider,
  log: FastifyBaseLogger,
  explainRedirect: Explain,
): void {
  const refused = (event: string) => (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => {
    const line = {
      event,
      error: error.error,
      error_description: error.error_description,
      error_detail: error.error_detail,
      client_id: ctx.oidc.client?.clientId,
      ...explain(ctx, error, explainRedirect),
    }
    const target = requestOf(ctx)?.log ?? log
    target.warn(line, `refused: ${error.error_description ?? error.error}`)
  }
  const names = [
    'authorization.error',
    'grant.error',
    'userinfo.error',
    'introspection.error',
    'revocation.error',
    'pushed_authorization_request.error',
    'end_session.error',
    'discovery.error',
    'jwks.error',
  ] as const
  for (const name of names) provider.on(name as 'grant.error', refused(name))
  provider.on('server_error', (ctx, err) => (requestOf(ctx)?.log ?? log).error({ err }, 'protocol error'))
}
