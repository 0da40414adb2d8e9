import type { Provider } from 'oidc-provider'

/** Ends a Grant and every code and token that hangs on it, as the library's own revocation does. */
export async function endGrant(provider: Provider, grantId: string): Promise<void> {
  const grant = await provider.Grant.find(grantId)
  await Promise.all([
    grant?.destroy(),
    provider.AccessToken.revokeByGrantId(grantId),
    provider.RefreshToken.revokeByGrantId(grantId),
    provider.AuthorizationCode.revokeByGrantId(grantId),
  ])
}
