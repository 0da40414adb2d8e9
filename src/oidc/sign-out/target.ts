import type { Client, KoaContextWithOIDC } from 'oidc-provider'
import { withParameters } from '../authorization/exact-redirects.ts'
import { type Asked, type AskedSignOut, askedBy } from './asked.ts'

/** The app's address with the `state` that it sent, if it is registered for the client at this moment; else undefined. */
export function registeredTarget(
  client: Client | undefined,
  { post_logout_redirect_uri: uri, state }: Asked,
): string | undefined {
  if (uri === undefined || client?.postLogoutRedirectUriAllowed(uri) !== true) return undefined
  return withParameters(uri, state === undefined ? {} : { state })
}

/**
 * Where a browser goes once it is signed out: to the client's registered `post_logout_redirect_uri`, else to the page that says so. For
 * an unverified client the page comes first, and offers the URI: else an attacker could register a client to make this server an open
 * redirector (RFC 9700 §4.11.2).
 */
export function signedOutTarget(
  ctx: KoaContextWithOIDC,
  pages: Pick<AskedSignOut, 'pageOf'>,
  about: Asked = askedBy(ctx),
): string {
  const { client } = ctx.oidc
  const target = client?.verified === false ? undefined : registeredTarget(client, about)
  return target ?? pages.pageOf(ctx, client, about)
}
