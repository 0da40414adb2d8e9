import { errors, type KoaContextWithOIDC } from 'oidc-provider'

const resourcesOf = (ctx: KoaContextWithOIDC): readonly unknown[] =>
  [ctx.oidc.params?.resource ?? []].flat() as readonly unknown[]

/**
 * What other servers call `resource`: `audience`, taken as the same (RFC 8707 knows the one only). Undefined: it was not sent.
 * @throws InvalidRequest when it was sent twice
 */
export function audienceOf(ctx: KoaContextWithOIDC): string | undefined {
  const { params, body } = ctx.oidc
  const sent: unknown = params?.audience ?? body?.audience
  if (sent === undefined || sent === '') return undefined
  if (typeof sent !== 'string')
    throw new errors.InvalidRequest("'audience' parameter must not be provided twice")
  return sent
}

/** @throws InvalidTarget when `audience` and `resource` were sent and do not agree */
export function refuseTwoTargets(ctx: KoaContextWithOIDC): void {
  const audience = audienceOf(ctx)
  const resources = resourcesOf(ctx)
  if (audience === undefined || resources.length === 0 || resources.includes(audience)) return
  throw new errors.InvalidTarget('audience and resource name different APIs: send one of them')
}

/** Puts `audience` in the place of a missing `resource`. @throws InvalidRequest, InvalidTarget as above */
export function takeAudience(ctx: KoaContextWithOIDC): void {
  const audience = audienceOf(ctx)
  refuseTwoTargets(ctx)
  if (audience === undefined || ctx.oidc.params === undefined) return
  ctx.oidc.params.resource ??= audience
}
