import type { AccessToken, KoaContextWithOIDC, Provider } from 'oidc-provider'
import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { currentContext } from '../provider/context.ts'
import { isForUserinfo, userinfoAudience } from './userinfo-audience.ts'

/*
 * One access token for the sign-in and one API: for clients that ask for `openid profile books:read` in one request and send
 * what they get to both. Such a client names no API, so that the token may be for two (RFC 9068 §2.2.3); with
 * `resource` it is for the one that is named (RFC 8707 §2).
 *
 *   authorization request ──► resource: [API, userinfo] ──► code, refresh token ──► access token: aud, scope of both
 */

const listOf = (resource: unknown): readonly unknown[] => [resource ?? []].flat()

/** What a request is for that asks for a person and, without naming it, for an API. */
export const withUserinfo = (
  api: string,
  scopes: ReadonlySet<string>,
  issuer: string,
): string | [string, string] => (scopes.has('openid') ? [api, userinfoAudience(issuer)] : api)

/** The scopes that a token request is answered with, as far as they are granted. */
function scopesOf({ oidc }: KoaContextWithOIDC): ReadonlySet<string> {
  if (oidc.params?.grant_type === 'refresh_token' && oidc.params.scope !== undefined)
    return oidc.requestParamScopes
  return sourceOf(oidc)?.scopes ?? new Set()
}

const sourceOf = ({ entities }: KoaContextWithOIDC['oidc']) =>
  entities.AuthorizationCode ?? entities.DeviceCode ?? entities.RefreshToken

/**
 * Which of the resources that were granted a token is for: with one API and userinfo it is the API, to which userinfo is
 * added below. Where nothing of the API is left, by what is asked or by the registration, it is userinfo alone.
 */
export function mainResource(
  ctx: KoaContextWithOIDC,
  granted: readonly string[],
  issuer: string,
): string | readonly string[] | undefined {
  const [api, another] = granted.filter((each) => each !== userinfoAudience(issuer))
  if (!isForUserinfo(issuer)(granted) || api === undefined || another !== undefined) return granted
  return [...scopesOf(ctx)].some((scope) => !isIdentityScope(scope)) ? api : undefined
}

/** Makes tokens of such requests good for both, and userinfo take them. */
export function issueOneToken(provider: Provider): void {
  const { AccessToken: Model } = provider
  const { prototype } = Model
  const save = prototype.save
  prototype.save = function (this: AccessToken) {
    addUserinfo(this, provider.issuer)
    return save.call(this)
  }

  const find = Model.find.bind(Model) as (id: string, options?: object) => Promise<AccessToken | undefined>
  const found = async (id: string, options?: object) => {
    const token = await find(id, options)
    // The library's userinfo takes a token without an audience alone.
    if (
      token?.aud !== undefined &&
      currentContext()?.oidc?.route === 'userinfo' &&
      isForUserinfo(provider.issuer)(token.aud)
    )
      Object.assign(token, { aud: undefined })
    return token
  }
  Object.assign(Model, { find: found })
}

function addUserinfo(token: AccessToken, issuer: string): void {
  const ctx = currentContext()
  if (ctx?.oidc?.route !== 'token' || token.resourceServer === undefined) return
  const { params, entities } = ctx.oidc
  const source = sourceOf(ctx.oidc)
  // What was named in the token request is all that the token is for.
  if (params?.resource !== undefined || !listOf(source?.resource).includes(userinfoAudience(issuer))) return
  const identity = entities.Grant?.getOIDCScopeFiltered(new Set(scopesOf(ctx))) ?? ''
  if (!identity.split(' ').includes('openid')) return
  Object.assign(token, {
    aud: [token.aud, userinfoAudience(issuer)],
    scope: [identity, token.scope].filter(Boolean).join(' '),
    claims: source?.claims,
  })
}
