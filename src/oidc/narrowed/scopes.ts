import type { Client } from 'oidc-provider'
import { isIdentityScope } from '../claims.ts'

type Registered = Pick<Client, 'scope'> & { resource_scope?: unknown }

const values = (scope: unknown) => new Set(String(scope ?? '').split(' '))

/**
 * Of a space-separated scope what the registration of the client names now: identity scopes by its `scope`, or all when it
 * names none, scopes of APIs by `resource_scope` (adapter.ts).
 */
export function scopeWithin(scope: string, client: Registered): string {
  const own = client.scope === undefined ? undefined : values(client.scope)
  const ofApis = values(client.resource_scope)
  return scope
    .split(' ')
    .filter((value) => (isIdentityScope(value) ? (own?.has(value) ?? true) : ofApis.has(value)))
    .join(' ')
}
