import type { KoaContextWithOIDC } from 'oidc-provider'
import { withParameters } from '../exact-redirects.ts'

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
