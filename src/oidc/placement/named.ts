import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { refuseTwoTargets } from './audience.ts'
import { isHabitual } from './habitual.ts'
import { leaveOut, leftOutOf } from './left-out.ts'
import {
  clipped,
  type FindByScope,
  notAllowed,
  ofAnotherApi,
  ofNoApi,
  type Registered,
  sortScopes,
  unregisteredOf,
} from './placement.ts'

type Client = NonNullable<KoaContextWithOIDC['oidc']['client']>

/**
 * Core §11: a server ignores `offline_access` where it cannot grant it. SDKs send it to every server whose discovery document lists it.
 * Programs ask for others out of habit, whatever they are registered for (habitual.ts).
 */
const isIgnored = (scope: string) => scope === 'offline_access' || isHabitual(scope)

/**
 * Rejects a request without scopes, or with none left, before a person is asked to consent to nothing (RFC 6749 §3.3: the only default
 * is that of an API, which is among the request's scopes by now).
 * @throws InvalidScope
 */
function refuseNothing(ctx: KoaContextWithOIDC): void {
  if (ctx.oidc.params?.scope) return
  const without = leftOutOf(ctx)
  const found =
    without.length > 0
      ? `${clipped(without.join(' '))} alone asks for nothing that there is here`
      : 'scope is missing, or offline_access alone'
  throw new errors.CustomOIDCProviderError('invalid_scope', `${found}: send openid, or scopes of an API`)
}

/**
 * Judges the scopes and the `audience` of a request, and leaves out of it what is for another API.
 * @throws InvalidScope, also when none is left, and InvalidTarget when `audience` is another API than `resource`
 */
export type NamedResourceCheck = (
  ctx: KoaContextWithOIDC,
  audience: string | undefined,
  client: Client & Registered,
) => Promise<void>

/**
 * Looks at the scopes of an authorization request, pushed or not, and of a device: those that none of the named APIs has.
 * A scope of another API that the client may ask for is left out (RFC 8707 §2.2: clients ask for all that they ever need
 * at all of their APIs), unless nothing is left for an API; what no API has is a mistake.
 * It is the check of the parameter `audience` for the library: that runs last, when the APIs are known.
 */
export function createNamedResourceCheck(deps: { findByScope: FindByScope }): NamedResourceCheck {
  return async (ctx, _audience, client) => {
    await place(ctx, client)
    refuseNothing(ctx)
  }

  async function place(ctx: KoaContextWithOIDC, client: Client & Registered): Promise<void> {
    refuseTwoTargets(ctx)
    leaveOut(ctx, unregisteredOf(ctx.oidc.requestParamScopes, client, isIgnored))
    const apis = Object.values(ctx.oidc.resourceServers ?? {})
    // Without a resource all of it was looked at when one was sought.
    if (apis.length === 0) return
    const here = new Set(apis.flatMap(({ scopes }) => [...scopes]))
    const { own, foreign, leftOut } = sortScopes(ctx.oidc.requestParamScopes, client)
    const [stranger] = foreign
    if (stranger !== undefined) throw await notAllowed(stranger, deps.findByScope)
    const notHere = own.filter((scope) => !here.has(scope))
    for (const scope of notHere)
      if (!isHabitual(scope) && (await deps.findByScope(scope)).length === 0) throw ofNoApi(scope)
    const misplaced = notHere.find((scope) => !isHabitual(scope))
    if (misplaced !== undefined && notHere.length === own.length)
      throw await ofAnotherApi(misplaced, deps.findByScope)
    leaveOut(ctx, [...leftOut, ...notHere])
  }
}
