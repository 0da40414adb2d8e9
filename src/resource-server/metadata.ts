import type { Settings } from './options.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/**
 * Where the metadata stands: the well-known path goes between host and path of the resource indicator (RFC 9728 §3.1).
 * An indicator that is no URL has no path.
 */
export function metadataPath(audience: string): string {
  return `${WELL_KNOWN}${httpUrl(audience)?.pathname.replace(/\/$/, '') ?? ''}`
}

/** The resource indicator, if it is an address at all: it may be a URN. */
export function httpUrl(audience: string): URL | undefined {
  const url = URL.parse(audience)
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : undefined
}

/** Protected resource metadata (RFC 9728 §2): how a client that knows only this API finds out where to get a token. */
export function protectedResourceMetadata(settings: Settings, scopes: readonly string[]) {
  return {
    resource: settings.audience,
    authorization_servers: [settings.issuer],
    ...(scopes.length > 0 && { scopes_supported: [...scopes].sort() }),
    bearer_methods_supported: settings.requireDpop ? [] : ['header'],
    dpop_signing_alg_values_supported: settings.algorithms,
    ...(settings.requireDpop && { dpop_bound_access_tokens_required: true }),
    ...(settings.name !== undefined && { resource_name: settings.name }),
    ...(settings.documentation !== undefined && { resource_documentation: settings.documentation }),
  }
}
