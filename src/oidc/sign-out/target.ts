import type { Client, KoaContextWithOIDC } from 'oidc-provider'
import { z } from 'zod'
import { withParameters } from '../authorization/exact-redirects.ts'

/** What the sign-out page remembers of the request, until it is answered. */
interface SignOutState {
  /** One that the library has found registered for the client. */
  postLogoutRedirectUri?: string
  state?: string
}

/**
 * Where a browser goes once it is signed out: to the app's registered address with the `state` that was sent, else to the page
 * that says so.
 */
export function signedOutTarget({ oidc }: KoaContextWithOIDC): string {
  const { postLogoutRedirectUri: uri, state } = (oidc.session?.state ?? {}) as SignOutState
  if (uri === undefined) return oidc.urlFor('end_session_success')
  return withParameters(uri, state === undefined ? {} : { state })
}

const text = z.string().optional().catch(undefined)
/** Of a query or of what was remembered: anything may stand there. */
const asked = z.object({ post_logout_redirect_uri: text, state: text })

/** The app's address with the `state` that it sent, if it is registered for the client at this moment; else undefined. */
export function registeredTarget(
  client: Client | undefined,
  parameters: Readonly<Record<string, unknown>>,
): string | undefined {
  const { post_logout_redirect_uri: uri, state } = asked.parse(parameters)
  if (uri === undefined || client?.postLogoutRedirectUriAllowed(uri) !== true) return undefined
  return withParameters(uri, state === undefined ? {} : { state })
}
