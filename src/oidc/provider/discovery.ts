import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

/** Lets discovery say more than the library does, as it is at the moment of the request. */
export function completeDiscovery(provider: Provider, more: () => Readonly<Record<string, unknown>>): void {
  provider.use(async (ctx, next) => {
    await next()
    const { oidc } = ctx as Partial<KoaContextWithOIDC>
    if (oidc?.route === 'discovery' && ctx.status === 200) Object.assign(ctx.body as object, more())
  })
}
