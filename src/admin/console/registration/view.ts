import type { ClientView } from '../../../clients/view.ts'
import type { ButtonForm } from '../../../http/pages/pages.ts'
import type { InitialAccessTokenView } from '../../../registration/tokens.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { websiteOf } from '../../../shared/website.ts'
import type { ConsoleFrame } from '../context.ts'

export interface TokenRow {
  name: string
  state: string
  active: boolean
  /** What clients that register with it may ask for. */
  allows: string[]
  uses: string
  lastUsed: string
  ends: string
  revoke: ButtonForm | undefined
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
    }
  }
}

const STATES: Readonly<Record<InitialAccessTokenView['state'], string>> = {
  active: 'active',
  revoked: 'revoked',
  expired: 'expired',
  used_up: 'used up',
}

export function tokenRow(token: InitialAccessTokenView): TokenRow {
  const { policy } = token
  const active = token.state === 'active'
  return {
    name: token.name,
    state: STATES[token.state],
    active,
    allows: [
      ...(policy.scope.length > 0 ? [`scopes ${policy.scope.join(' ')}`] : []),
      ...(policy.client_credentials ? ['acting for themselves'] : []),
      ...(policy.redirect_hosts.length > 0 ? [`only at ${policy.redirect_hosts.join(', ')}`] : []),
      ...(policy.verified ? [] : ['marked as not checked']),
    ],
    uses: token.uses_left === null ? 'any number' : `${token.uses_left} left`,
    lastUsed: token.last_used_at === null ? 'never' : minuteOf(token.last_used_at * 1000),
    ends: token.expires_at === null ? 'never' : minuteOf(token.expires_at * 1000),
    revoke: active ? { action: '/admin/registration/tokens/revoke', fields: { id: token.id } } : undefined,
  }
}

export const clientRow = (client: ClientView): ClientRow => ({
  name: client.client_name,
  href: `/admin/clients/${encodeURIComponent(client.client_id)}`,
  hosts: [...new Set(client.redirect_uris.map((uri) => websiteOf(uri)?.host ?? uri))].join(', '),
  source: client.source === 'open' ? 'by itself' : 'with a token',
  registered: minuteOf(client.client_id_issued_at * 1000),
  verified: client.verified,
  disabled: client.disabled,
  verify: {
    action: '/admin/registration/clients/verify',
    fields: { id: client.client_id, version: client.version },
  },
})
