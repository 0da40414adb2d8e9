import { createHmac } from 'node:crypto'
import type { Grant, KoaContextWithOIDC } from 'oidc-provider'
import type { Consents } from './consents.ts'

/**
 * Grants. The protocol library hangs every token on a Grant and ends them together: when a code or refresh token is
 * used twice, when a refresh token is revoked, when the person signs out. What a person *allowed* must survive that,
 * and one device must not end another's. So there are two records:
 *
 *   Consent  one for each account and client         remembered until withdrawn   (consents.ts)
 *   Grant    one for each account, client and session made from the Consent here
 *
 * A Grant's id is a keyed hash of the three, so that two authorizations at once in one browser share it and neither
 * loses its code.
 */
export function createGrants(deps: { consents: Consents; key: Buffer; grantTtl: number }) {
  const grantId = (accountId: string, clientId: string, sessionUid: string) =>
    createHmac('sha256', deps.key)
      .update(`grant\0${accountId}\0${clientId}\0${sessionUid}`)
      .digest('base64url')

  /** True when the grant already covers what is asked for, so that nothing needs to be read or written. */
  function covers(grant: Grant, ctx: KoaContextWithOIDC): boolean {
    const oidc = new Set(grant.getOIDCScope().split(' '))
    if (![...ctx.oidc.requestParamOIDCScopes].every((scope) => oidc.has(scope))) return false
    return Object.entries(ctx.oidc.resourceServers ?? {}).every(([resource, server]) => {
      const granted = new Set(grant.getResourceScope(resource).split(' '))
      return [...ctx.oidc.requestParamScopes].every(
        (scope) => !server.scopes.has(scope) || granted.has(scope),
      )
    })
  }

  function addRequested(grant: Grant, ctx: KoaContextWithOIDC): void {
    grant.addOIDCScope([...ctx.oidc.requestParamOIDCScopes].join(' '))
    for (const [resource, server] of Object.entries(ctx.oidc.resourceServers ?? {})) {
      const scopes = [...ctx.oidc.requestParamScopes].filter((scope) => server.scopes.has(scope))
      if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '))
    }
  }

  return {
    /** The `loadExistingGrant` of the library: the session's Grant, made or widened from what is allowed. */
    async load(ctx: KoaContextWithOIDC): Promise<Grant | undefined> {
      const { account, client, session, provider } = ctx.oidc
      if (!account || !client || !session) return undefined
      const id = grantId(account.accountId, client.clientId, session.uid)
      const existing = await provider.Grant.find(id)
      // Renewed in the second half of its life, so that a refresh chain started today is not cut short by it.
      if (existing && covers(existing, ctx) && existing.remainingTTL * 2 > deps.grantTtl) return existing

      const grant = new provider.Grant({ accountId: account.accountId, clientId: client.clientId })
      grant.jti = id
      if (client.first_party === true) {
        addRequested(grant, ctx)
      } else {
        const consent = await deps.consents.find(account.accountId, client.clientId)
        if (!consent) return undefined
        if (consent.scopes.length > 0) grant.addOIDCScope(consent.scopes.join(' '))
        for (const [resource, scopes] of Object.entries(consent.resources))
          if (scopes.length > 0) grant.addResourceScope(resource, scopes.join(' '))
      }
      await grant.save()
      return grant
    },
  }
}
