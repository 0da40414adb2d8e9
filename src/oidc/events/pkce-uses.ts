import type { KoaContextWithOIDC, Provider } from 'oidc-provider'
import { isClaimable } from '../authorization/claimable.ts'

/**
 * Tells whether a client that has the choice used PKCE, each time that it exchanges a code. Where PKCE is asked for by the redirect
 * URI, it had no choice.
 */
export function reportPkceUses(provider: Provider, note: (clientId: string, used: boolean) => void): void {
  provider.on('grant.success', ({ oidc }: KoaContextWithOIDC) => {
    const { client } = oidc
    const { AuthorizationCode: code } = oidc.entities
    if (client?.pkce !== 'auto' || code === undefined || isClaimable(code.redirectUri)) return
    note(client.clientId, code.codeChallenge !== undefined)
  })
}
