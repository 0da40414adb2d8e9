import type { ConsoleFrame } from '../context.ts'

/** A provider without its secret (src/federation/providers/view.ts). */
export interface ProviderRecord {
  id: string
  kind: string
  name: string
  client_id: string
  has_secret: boolean
  settings: Readonly<Record<string, unknown>>
  email_domains: readonly string[]
  keep_tokens: boolean
  disabled: boolean
  source: 'environment' | 'database'
  callback_url: string
  backchannel_logout_url?: string
}

export interface Finding {
  name: string
  status: 'ok' | 'warn' | 'fail'
  message: string
  remedy?: string | undefined
}

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/providers': {
      frame: ConsoleFrame
      providers: { href: string; name: string; id: string; kind: string; state: string; source: string }[]
      kinds: { href: string; label: string; about: string }[]
    }
    'admin/providers-new': {
      frame: ConsoleFrame
      kind: string
      label: string
      callbackPattern: string
      form: Form
    }
    'admin/providers-one': {
      frame: ConsoleFrame
      title: string
      facts: [name: string, value: string][]
      stored: boolean
      findings?: Finding[] | undefined
      yaml?: string | undefined
      test: ButtonForm
      toggle: ButtonForm & { label: string; about: string }
      remove: ButtonForm
    }
  }
}

/** The kinds that the console can add, in words. */
export const KINDS = [
  {
    id: 'oidc',
    label: 'OpenID Connect',
    about: 'Microsoft Entra ID, Okta, GitLab, Keycloak, another Latchkey',
  },
  { id: 'github', label: 'GitHub', about: 'github.com, or your own GitHub Enterprise Server' },
  { id: 'google', label: 'Google', about: 'Everybody, or one Workspace' },
] as const

const inWords = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

export const factsOf = (provider: ProviderRecord): [string, string][] => [
  ['Id', provider.id],
  ['Kind', provider.kind],
  ['State', provider.disabled ? 'switched off' : 'on'],
  ['Set in', provider.source === 'environment' ? 'environment variables' : 'the database'],
  ['Client ID', provider.client_id],
  ['Client secret', provider.has_secret ? 'set' : 'none'],
  ...Object.entries(provider.settings).map(([name, value]): [string, string] => [
    name.replaceAll('_', ' '),
    inWords(value),
  ]),
  ...(provider.email_domains.length > 0
    ? [['Only addresses of', provider.email_domains.join(', ')] as [string, string]]
    : []),
  ['Its tokens', provider.keep_tokens ? 'are kept, encrypted' : 'are thrown away'],
  ['Callback URL', provider.callback_url],
  ...(provider.backchannel_logout_url === undefined
    ? []
    : [['Back-channel logout URL', provider.backchannel_logout_url] as [string, string]]),
]
