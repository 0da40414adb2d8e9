import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/** A token answer names the scope that was granted; when none was it has no `scope`, which cannot be empty (RFC 6749 §3.3). */
export function withoutEmptyScope<Body extends { scope?: unknown }>(body: Body): Body {
  if (body.scope === '') delete body.scope
  return body
}

/** Takes an empty `scope` out of what the library answers. */
export function leaveOutEmptyScope(provider: Provider): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route === 'token' && ctx.body) withoutEmptyScope(ctx.body as { scope?: unknown })
  })
}
