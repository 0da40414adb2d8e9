import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { actOf, impersonationOf } from '../../shared/impersonation.ts'
import { isForUserinfo } from './userinfo-audience.ts'

/**
 * What is in an ID Token beside what the library puts there.
 *
 * Claims of the identity scopes: in the ID Tokens of the clients that are registered so. In those of the others they are
 * only when the access token is for an API alone, so that the client cannot ask at userinfo (OpenID Connect Core §5.4).
 *
 * `act` (RFC 8693 §4.1), when an administrator is signed in as the person.
 *
 * `at_hash`, whenever an access token comes with it (Core §3.1.3.6), and no `nonce` when it was refreshed (Core §12.2).
 */
export function completeIdTokens(provider: Provider): void {
  const { AccessToken, IdToken } = provider
  const forUserinfo = isForUserinfo(provider.issuer)
  const values = new WeakMap<object, string>()
  const { save } = AccessToken.prototype
  AccessToken.prototype.save = async function (...given) {
    const value = await save.apply(this, given)
    values.set(this, value)
    return value
  }
  const { issue } = IdToken.prototype
  IdToken.prototype.issue = function (context) {
    if (context.use === 'idtoken') {
      const { client, ctx } = this
      const { AccessToken: accessToken } = ctx.oidc.entities
      const canAsk = accessToken?.aud === undefined || forUserinfo(accessToken.aud)
      if (client.id_token_identity_claims !== true && canAsk) Object.assign(this, { scope: 'openid' })
      if (accessToken !== undefined) this.set('at_hash', values.get(accessToken))
      const { act } = actOf(impersonationOf(ctx.oidc.entities.Grant))
      if (act !== undefined) this.set('act', act)
      if (isRefresh(ctx)) delete this.extra.nonce
    }
    return issue.call(this, context)
  }
}

const isRefresh = ({ oidc }: KoaContextWithOIDC): boolean => oidc.params?.grant_type === 'refresh_token'
