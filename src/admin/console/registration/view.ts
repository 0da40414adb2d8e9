import type { ClientView } from '../../../clients/view.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import type { InitialAccessTokenView } from '../../../registration/tokens.ts'
import { t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { websiteOf } from '../../../shared/website.ts'
import type { ConsoleFrame } from '../frame.ts'

export interface TokenRow {
  name: string
  state: string
  active: boolean
  /** What clients that register with it may ask for. */
  allows: string[]
  uses: string
  lastUsed: string
  ends: string
  /** Where it is asked for. */
  revoke: string | undefined
}

export interface ClientRow {
  name: string
  href: string
  hosts: string
  source: string
  registered: string
  verified: boolean
  disabled: boolean
  verify: ButtonForm
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/registration': {
      frame: ConsoleFrame
      mode: 'off' | 'token' | 'open'
      endpoint: string
      metadataDocuments: boolean
      openScopes: string[]
      tokens: TokenRow[]
      clients: ClientRow[]
      next?: string | undefined
      form: Form
      /** A token that was just made. */
      shown?: string | undefined
      /** A command that uses it. */
      use?: string | undefined
    }
  }
}

export function tokenRow(token: InitialAccessTokenView): TokenRow {
  const { policy } = token
  const active = token.state === 'active'
  return {
    name: token.name,
    state: t(`admin.registration.state.${token.state}`),
    active,
    allows: [
      ...(policy.scope.length > 0
        ? [t('admin.registration.tokens.allows.scopes', { scopes: policy.scope.join(' ') })]
        : []),
      ...(policy.client_credentials ? [t('admin.registration.tokens.allows.machine')] : []),
      ...(policy.redirect_hosts.length > 0
        ? [t('admin.registration.tokens.allows.hosts', { hosts: policy.redirect_hosts.join(', ') })]
        : []),
      ...(policy.verified ? [] : [t('admin.registration.tokens.allows.unchecked')]),
    ],
    uses:
      token.uses_left === null
        ? t('admin.registration.tokens.any')
        : t('admin.registration.tokens.left', { count: token.uses_left }),
    lastUsed: token.last_used_at === null ? t('admin.common.never') : minuteOf(token.last_used_at * 1000),
    ends: token.expires_at === null ? t('admin.common.never') : minuteOf(token.expires_at * 1000),
    revoke: active ? `/admin/registration/tokens/revoke?id=${encodeURIComponent(token.id)}` : undefined,
  }
}

export const clientRow = (client: ClientView): ClientRow => ({
  name: client.client_name,
  href: `/admin/clients/${encodeURIComponent(client.client_id)}`,
  hosts: [...new Set(client.redirect_uris.map((uri) => websiteOf(uri)?.host ?? uri))].join(', '),
  source: t(
    client.source === 'open' ? 'admin.registration.clients.open' : 'admin.registration.clients.token',
  ),
  registered: minuteOf(client.client_id_issued_at * 1000),
  verified: client.verified,
  disabled: client.disabled,
  verify: {
    action: '/admin/registration/clients/verify',
    fields: { id: client.client_id, version: client.version },
  },
})
