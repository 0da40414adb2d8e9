import type { Client } from 'oidc-provider'
import { isIdentityScope } from '../../shared/identity-scopes.ts'

/** A client, as far as it decides about scopes (provider/adapter.ts); space-separated. */
type Registered =
  | Client
  | {
      /** Missing: every identity scope. */
      identity_scope?: unknown
      resource_scope?: unknown
    }

const values = (scope: unknown) => new Set(String(scope ?? '').split(' '))

interface Named {
  /** Undefined: every one. */
  own: ReadonlySet<string> | undefined
  ofApis: ReadonlySet<string>
}

/** A client of the library is another object after each change. */
const known = new WeakMap<Registered, Named>()

function namedBy(client: Registered): Named {
  const before = known.get(client)
  if (before !== undefined) return before
  const own = client.identity_scope === undefined ? undefined : values(client.identity_scope)
  const named = { own, ofApis: values(client.resource_scope) }
  known.set(client, named)
  return named
}

/**
 * Of a space-separated scope what the registration of the client names now: identity scopes by its `identity_scope`, or all when
 * it names none, scopes of APIs by `resource_scope`.
 */
export function scopeWithin(scope: string, client: Registered): string {
  const { own, ofApis } = namedBy(client)
  return scope
    .split(' ')
    .filter((value) => (isIdentityScope(value) ? (own?.has(value) ?? true) : ofApis.has(value)))
    .join(' ')
}
