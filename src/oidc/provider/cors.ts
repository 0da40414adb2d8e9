import type { KoaContextWithOIDC } from 'oidc-provider'

const originsOf = new WeakMap<object, Set<string>>()

/** What an app in a browser calls. It has no business at introspection, which is for APIs, nor as a device. */
const CALLED_BY_PAGES: ReadonlySet<unknown> = new Set([
  'token',
  'userinfo',
  'revocation',
  'pushed_authorization_request',
])

/** CORS for the origins of the client's own redirect URIs (OAuth 2.0 for Browser-Based Apps). */
export function allowsOrigin(
  ctx: KoaContextWithOIDC,
  origin: string,
  client: { redirectUris?: readonly string[] | undefined },
): boolean {
  if (!CALLED_BY_PAGES.has(ctx.oidc.route)) return false
  let origins = originsOf.get(client)
  if (!origins) {
    origins = new Set((client.redirectUris ?? []).map((uri) => URL.parse(uri)?.origin ?? 'null'))
    origins.delete('null')
    originsOf.set(client, origins)
  }
  return origins.has(origin)
}
