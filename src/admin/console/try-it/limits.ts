import type { RegisteredScopes } from '../../../clients/scopes/registered.ts'
import type { ClientView } from '../../../clients/view.ts'
import { kindOf } from '../../../shared/client-kind.ts'
import { t } from '../../../shared/locales/texts.ts'
import { mayBeMcp } from '../snippets/snippet.ts'

/** Why this client's flow cannot be run here, for its page; undefined where it can be. */
export function whyNotTried(client: ClientView): string | undefined {
  const kind = kindOf(client)
  if (kind === 'device') return t('admin.try_it.whyNot.device')
  if (client.require_signed_request_object) return t('admin.try_it.whyNot.signed')
  const first = kind === 'machine' || client.require_pushed_authorization_requests
  if (client.token_endpoint_auth_method === 'private_key_jwt' && first) return t('admin.try_it.whyNot.key')
  return undefined
}

/** What lets a client call no API: a machine then gets no token at all; an MCP client looks like an app that needs none. */
export function lacksApi(client: ClientView, { ofApis }: Pick<RegisteredScopes, 'ofApis'>): LacksApi {
  if (ofApis.length > 0) return undefined
  if (kindOf(client) === 'machine') return 'machine'
  return mayBeMcp(client) ? 'mcp' : undefined
}

export type LacksApi = 'machine' | 'mcp' | undefined

/** The APIs that these scopes are of. */
export function apisOf<Api extends { scope: string }>(scope: string, apis: readonly Api[]): Api[] {
  const wanted = new Set(scope.split(/\s+/))
  return apis.filter((api) => api.scope.split(' ').some((each) => wanted.has(each)))
}

/** Of these scopes those that no API has but the named one; all when none is named. */
export function scopeAt(
  identifier: string,
  scope: string,
  apis: readonly { identifier: string; scope: string }[],
): string {
  const its = apis.find((api) => api.identifier === identifier)?.scope.split(' ')
  const of = (each: string) => apis.some((api) => api.scope.split(' ').includes(each))
  return its
    ? scope
        .split(/\s+/)
        .filter((each) => its.includes(each) || !of(each))
        .join(' ')
    : scope
}
