import { errors, type KoaContextWithOIDC } from 'oidc-provider'
import { mainResource, withUserinfo } from '../tokens/one-token.ts'
import { audienceOf } from './audience.ts'
import { leaveOut } from './left-out.ts'
import {
  type FindByScope,
  notAllowed,
  oneApiOf,
  type Registered,
  refuseAboutPerson,
  sortScopes,
  wordsOf,
} from './placement.ts'

type Client = NonNullable<KoaContextWithOIDC['oidc']['client']>

/** A machine that names no scope gets what it is registered for (RFC 6749 §3.3), if that is for one API. */
async function machineDefault(ctx: KoaContextWithOIDC, client: Client, findByScope: FindByScope) {
  const registered = wordsOf(client.resource_scope)
  const refuse = (way: string, detail?: string) =>
    new errors.CustomOIDCProviderError('invalid_scope', `${way} (scope was omitted)`, {
      ...(detail && { detail }),
    })
  if (registered.length === 0)
    throw refuse(
      'register the client with scopes of an API',
      'the client has no scopes of an API to begin with',
    )
  try {
    const { api, leftOut } = await oneApiOf(registered, findByScope, () => true)
    if (api !== undefined) {
      const scopes = registered.filter((scope) => !leftOut.includes(scope))
      if (ctx.oidc.params) ctx.oidc.params.scope = scopes.join(' ')
      return api
    }
  } catch (error) {
    if (error instanceof errors.InvalidTarget)
      throw refuse(
        'name the API with the resource parameter, or send a scope: the client is registered for several',
        error.error_detail,
      )
    throw error
  }
  throw refuse('register the client with scopes of an API', 'no API has the scopes of the client')
}

/**
 * @param granted what was granted; undefined while the request is looked at
 * @throws InvalidTarget when the scopes are of several APIs: a token is for one
 * @throws InvalidScope when they are of none, or not for this client
 */
export type DefaultResource = (
  ctx: KoaContextWithOIDC,
  client: Client & Registered,
  granted?: readonly string[],
) => Promise<string | readonly string[] | undefined>

/**
 * The `defaultResource` of the library: many clients cannot send `resource`. When the scopes that were asked for lead to
 * one API, which this client may use, that API is meant (RFC 8707 §2 leaves the default to us). People who are asked for `openid` and
 * the like alone go on to give an opaque token. What leads nowhere is refused: an app that is let through without its
 * scopes fails far away from here.
 */
export function createDefaultResource(deps: { findByScope: FindByScope; issuer: string }): DefaultResource {
  return async (ctx, client, granted) => {
    if (granted !== undefined) return mainResource(ctx, granted, deps.issuer)
    const audience = audienceOf(ctx)
    if (audience !== undefined) return audience
    const machine = ctx.oidc.params?.grant_type === 'client_credentials'
    if (machine && ctx.oidc.params?.scope === undefined) return machineDefault(ctx, client, deps.findByScope)
    if (machine) refuseAboutPerson(ctx.oidc.requestParamScopes)
    const { own, foreign, leftOut } = sortScopes(ctx.oidc.requestParamScopes, client)
    const [stranger] = foreign
    if (stranger !== undefined) throw await notAllowed(stranger, deps.findByScope)
    const placed = await oneApiOf(own, deps.findByScope)
    // With client credentials there is no person to have claims: the request is rejected, not answered without the scope.
    const [ignored] = machine ? [...leftOut, ...placed.leftOut] : []
    if (ignored !== undefined) throw await notAllowed(ignored, deps.findByScope)
    leaveOut(ctx, [...leftOut, ...placed.leftOut])
    if (placed.api === undefined || machine) return placed.api
    return withUserinfo(placed.api, ctx.oidc.requestParamScopes, deps.issuer)
  }
}
