import type { KoaContextWithOIDC } from 'oidc-provider'
import { refuseTwoTargets } from './audience.ts'
import { isHabitual } from './habitual.ts'
import { leaveOut } from './left-out.ts'
import {
  type FindByScope,
  notAllowed,
  ofAnotherApi,
  ofNoApi,
  type Registered,
  sortScopes,
  unregisteredOf,
} from './placement.ts'

type Client = NonNullable<KoaContextWithOIDC['oidc']['client']>

/** Core §11: a request for it that cannot be granted must be ignored. SDKs send it wherever discovery lists it. */
const isIgnored = (scope: string) => scope === 'offline_access'

/**
 * Looks at the scopes of an authorization request, pushed or not, and of a device: those that none of the named APIs has.
 * A scope of another API that the client may ask for is left out (RFC 8707 §2.2: clients ask for all that they ever need
 * at all of their APIs), unless nothing is left for an API; what no API has is a mistake.
 * It is the check of the parameter `audience` for the library: that runs last, when the APIs are known.
 * @throws InvalidScope, and InvalidTarget when `audience` is another API than `resource`
 */
export function createNamedResourceCheck(deps: { findByScope: FindByScope }) {
  return async (ctx: KoaContextWithOIDC, _audience: string | undefined, client: Client & Registered) => {
    refuseTwoTargets(ctx)
    leaveOut(ctx, unregisteredOf(ctx.oidc.requestParamScopes, client, isIgnored))
    const apis = Object.values(ctx.oidc.resourceServers ?? {})
    // Without a resource all of it was looked at when one was sought.
    if (apis.length === 0) return
    const here = new Set(apis.flatMap(({ scopes }) => [...scopes]))
    const { own, foreign, leftOut } = sortScopes(ctx.oidc.requestParamScopes, client)
    const [stranger] = foreign
    if (stranger !== undefined) throw await notAllowed(stranger, deps.findByScope)
    const elsewhere = own.filter((scope) => !here.has(scope))
    for (const scope of elsewhere)
      if (!isHabitual(scope) && (await deps.findByScope(scope)).length === 0) throw ofNoApi(scope)
    const misplaced = elsewhere.find((scope) => !isHabitual(scope))
    if (misplaced !== undefined && elsewhere.length === own.length)
      throw await ofAnotherApi(misplaced, deps.findByScope)
    leaveOut(ctx, [...leftOut, ...elsewhere])
  }
}
