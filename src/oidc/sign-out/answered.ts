import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { redirectExactly, withParameters } from '../authorization/exact-redirects.ts'
import { registeredTarget } from './target.ts'

/*
 * Where the question “Sign out?” leads. The library would go to the app's post-logout redirect URI whatever was answered, which
 * tells the app that the person is signed out here, and to one that was taken from the client since the question was asked.
 *
 *   Sign out         ──► the app's registered address, or our page
 *   Stay signed in   ──► our page, which says so and offers that address
 */
export function leadOnFromSignOut(provider: Provider): void {
  const { Session } = provider
  const states = new WeakMap<object, Record<string, unknown>>()
  const get = Session.get.bind(Session)
  Session.get = async (ctx) => {
    const session = await get(ctx)
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    // Told before it is gone: the library looks at it, and drops it.
    if (oidc?.route === 'end_session_confirm') states.set(oidc, { ...session.state })
    return session
  }
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'end_session_confirm' || ctx.status !== 303) return
    const { postLogoutRedirectUri: uri, state } = states.get(oidc) ?? {}
    const signedOut = Boolean(oidc.params?.logout)
    // A flow that changes to another account comes through here on its way back to itself.
    if (signedOut && typeof uri === 'string' && uri.startsWith(`${provider.issuer}/`)) return
    const asked = { post_logout_redirect_uri: uri, state }
    const target = registeredTarget(oidc.client, asked)
    const page = oidc.urlFor('end_session_success')
    if (signedOut) return redirectExactly(ctx, target ?? page)
    const told = { client_id: oidc.client?.clientId, ...(target !== undefined && asked) }
    const given = Object.entries(told).filter(([, value]) => value !== undefined)
    redirectExactly(ctx, withParameters(page, Object.fromEntries(given)))
  })
}
