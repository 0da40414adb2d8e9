import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/** A token answer names the scope that was granted; when none was it has no `scope`, which cannot be empty (RFC 6749 §3.3). */
export function leaveOutEmptyScope(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    const body = ctx.body as { scope?: unknown } | undefined
    if (oidc?.route === 'token' && body?.scope === '') delete body.scope
  })
}
