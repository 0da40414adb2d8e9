import type { Provider } from 'oidc-provider'

const EXTENSION = 'urn:ietf:params:oauth:grant-type:'

/** Tells by which grant tokens were issued at the token endpoint; an extension grant by its short name (`device_code`). */
export function reportGrants(provider: Provider, issued: (grant: string) => void): void {
  provider.on('grant.success', ({ oidc }) => issued(String(oidc.params?.grant_type).replace(EXTENSION, '')))
}
