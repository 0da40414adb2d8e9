import type { Provider, RefreshToken, TokenEndpointGrantContext } from 'oidc-provider'
import { DEVICE_CODE_GRANT } from '../../shared/device-code.ts'
import { currentContext } from '../provider/context.ts'
import { takeAudience } from './audience.ts'
import { isHabitual } from './habitual.ts'
import { goOnWithout, leaveOut } from './left-out.ts'

/** Grants whose requests name an API (RFC 8707 §2.2). An exchange of tokens has an `audience` of its own (RFC 8693 §2.1). */
const OF_ONE_API = new Set(['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE_GRANT])

type Names = string | readonly string[] | ReadonlySet<string>

/** Takes `audience` for `resource` in token requests. */
export function withAudience(Library: typeof Provider): typeof Provider {
  return class extends Library {
    /** The library's constructor calls it for each grant that it knows. */
    override registerGrantType<Params extends object>(
      name: string,
      handler: (ctx: TokenEndpointGrantContext<Params>) => void | Promise<void>,
      params?: Names,
      duplicates?: Names,
    ): void {
      const placed: typeof handler = async (ctx) => {
        takeAudience(ctx)
        await handler(ctx)
      }
      super.registerGrantType(name, OF_ONE_API.has(name) ? placed : handler, params, duplicates)
    }
  }
}

/**
 * A refresh request that repeats the scopes of its authorization request is answered without those that the latter was answered
 * without: `offline_access`, where the person was not asked for it (OpenID Connect Core §11), and habitual scopes (habitual.ts). The
 * library refuses every other scope that the person did not allow (RFC 6749 §6), and a refresh request that names only such scopes:
 * without any, it would stand for all.
 */
export function leaveOutAtRefresh(provider: Provider): void {
  const { RefreshToken: Model } = provider
  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<RefreshToken | undefined>
  const found = async (id: string, options?: object) => {
    const token = await find(id, options)
    const ctx = currentContext()
    if (token === undefined || ctx?.oidc?.params?.grant_type !== 'refresh_token') return token
    const named = [...ctx.oidc.requestParamScopes]
    const lacks = named.filter((scope) => !token.scopes.has(scope))
    if (lacks.length === named.length) return token
    goOnWithout(ctx, lacks.includes('offline_access') ? ['offline_access'] : [])
    leaveOut(ctx, lacks.filter(isHabitual))
    return token
  }
  Object.assign(Model, { find: found })
}
