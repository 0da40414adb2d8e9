import type { KoaContextWithOIDC, Provider } from 'oidc-provider'

const leftOut = new WeakMap<object, Set<string>>()

/** The scopes that were left out of a request. */
export const leftOutOf = (ctx: KoaContextWithOIDC): readonly string[] => [...(leftOut.get(ctx) ?? [])]

/** Takes scopes out of a request. None left is none asked for: each place that reads the scopes then decides what that means. */
export function goOnWithout(ctx: KoaContextWithOIDC, scopes: readonly string[]): void {
  const { params } = ctx.oidc
  if (params === undefined || scopes.length === 0) return
  const kept = [...ctx.oidc.requestParamScopes].filter((scope) => !scopes.includes(scope))
  params.scope = kept.join(' ') || undefined
}

/** The same, reported to the administrators (`reportLeftOut`). */
export function leaveOut(ctx: KoaContextWithOIDC, scopes: readonly string[]): void {
  if (scopes.length === 0) return
  leftOut.set(ctx, new Set([...(leftOut.get(ctx) ?? []), ...scopes]))
  goOnWithout(ctx, scopes)
}

/** Reports each request that was answered without some of its scopes. A rejected request is reported as a rejection alone. */
export function reportLeftOut(
  provider: Provider,
  report: (ctx: KoaContextWithOIDC, scopes: readonly string[]) => void,
): void {
  const forget = (ctx: KoaContextWithOIDC) => void leftOut.delete(ctx)
  provider.on('authorization.error', forget)
  provider.on('pushed_authorization_request.error', forget)
  provider.on('device_authorization.error', forget)
  provider.on('grant.error', forget)
  provider.use(async (ctx, next) => {
    await next()
    const scopes = leftOut.get(ctx)
    if (scopes !== undefined) report(ctx as KoaContextWithOIDC, [...scopes])
  })
}
