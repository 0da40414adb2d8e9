import type { Provider } from 'oidc-provider'

/** Authenticates clients by the hashes of their secrets, which the adapter gives the library in the place of a secret. */
export function compareSecretHashes(
  provider: Provider,
  secretMatches: (clientId: string, hashes: readonly string[], presented: string) => boolean,
): void {
  provider.Client.prototype.compareClientSecret = function (
    this: { clientId: string; clientSecret?: string },
    presented: string,
  ) {
    return secretMatches(this.clientId, (this.clientSecret ?? '').split(' '), presented)
  }
}
