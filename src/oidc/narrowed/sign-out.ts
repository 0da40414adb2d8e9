import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/**
 * The library checks a post-logout redirect URI when the person is asked, and not again when they have answered. One that
 * was removed meanwhile leads to our own page instead.
 */
export function narrowSignOut(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'end_session_confirm' || ctx.status !== 303) return
    const { postLogoutRedirectUri: uri } = (oidc.session?.state ?? {}) as { postLogoutRedirectUri?: string }
    // A flow that changes to another account comes through here on its way back to itself.
    if (uri === undefined || uri.startsWith(`${provider.issuer}/`)) return
    if (oidc.client?.postLogoutRedirectUriAllowed(uri) !== true)
      ctx.redirect(oidc.urlFor('end_session_success'))
  })
}
