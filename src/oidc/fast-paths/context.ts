import type { IncomingMessage } from 'node:http'
import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider'

/**
 * As much of the library's context as functions of ours, checks and listeners read of a plain request.
 * @param name of the endpoint, in the library and in `routes`
 */
export function contextOf(
  provider: Provider,
  name: string,
  req: IncomingMessage,
  client: Client,
  params: Readonly<Record<string, string | undefined>>,
): KoaContextWithOIDC {
  const ctx = {
    req,
    _matchedRouteName: name,
    get: (header: string) => req.headers[header.toLowerCase()] ?? '',
  } as unknown as KoaContextWithOIDC
  const oidc = new provider.OIDCContext(ctx)
  Object.assign(ctx, { oidc: Object.assign(oidc, { params }) })
  oidc.entity('Client', client)
  return ctx
}
