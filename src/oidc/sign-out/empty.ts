import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { redirectExactly } from '../authorization/exact-redirects.ts'
import type { AskedSignOut } from './asked.ts'
import { signedOutTarget } from './target.ts'

/**
 * Signing out when nobody is signed in. The library answers with a page of its own that posts itself; there is nothing
 * to confirm, so the browser goes straight on: to the app's registered address, which the library has checked, or to
 * the page that says so (target.ts).
 */
export function skipEmptySignOut(provider: Provider, pages: AskedSignOut): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route !== 'end_session' || ctx.status !== 200 || oidc.session?.accountId !== undefined) return
    redirectExactly(ctx, signedOutTarget(ctx as KoaContextWithOIDC, pages))
  })
}
