import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { ProviderView } from '../../../federation/providers/view.ts'
import type { Finding } from '../../../shared/finding.ts'
import type { ConsoleFrame } from '../context.ts'
import type { DrawnField } from '../fields.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/providers': {
      frame: ConsoleFrame
      providers: {
        href: string
        name: string
        id: string
        kind: string
        organization: string | undefined
        state: string
        source: string
      }[]
      kinds: { href: string; label: string; about: string }[]
    }
    'admin/providers-new': {
      frame: ConsoleFrame
      label: string
      /** Where the provider explains how an app is registered. */
      docs: string
      fields: DrawnField[]
      callbackPattern: string
      form: Form
    }
    'admin/providers-one': {
      frame: ConsoleFrame
      title: string
      facts: [name: string, value: string][]
      /** Whose it is; undefined: the whole server's. */
      organization?: { href: string; name: string } | undefined
      /** Takes `organization`, a short name; undefined: it cannot be changed. */
      belongs?: Form | undefined
      stored: boolean
      findings?: Finding[] | undefined
      yaml?: string | undefined
      test: ButtonForm
      toggle: ButtonForm & { label: string; about: string }
      remove: ButtonForm
    }
  }
}

const settingText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value))

const firstUpper = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** @param kind undefined: this version has no such kind */
export const factsOf = (provider: ProviderView, kind: ConnectorKind | undefined): [string, string][] => [
  ['ID', provider.id],
  ['Kind', kind?.about.name ?? provider.kind],
  ['State', provider.disabled ? 'switched off' : 'on'],
  ['Set in', provider.source === 'environment' ? 'environment variables' : 'the database'],
  ['Client ID', provider.client_id],
  ['Client secret', provider.has_secret ? 'set' : 'none'],
  ...Object.entries(provider.settings).map(([name, value]): [string, string] => [
    kind?.fields[name]?.label ?? firstUpper(name.replaceAll('_', ' ')),
    settingText(value),
  ]),
  ...(provider.email_domains.length > 0
    ? [['Only addresses of these domains', provider.email_domains.join(', ')] as [string, string]]
    : []),
  ...provider.membership_rules.map(({ claim, value, group, role }): [string, string] => [
    'Gives',
    `${group === undefined ? `the role ${role}` : `the group ${group}`} where ${claim} is ${value}`,
  ]),
  ...(provider.membership_rules.length > 0
    ? [
        [
          'What it does not say any more',
          provider.membership_mode === 'sync' ? 'is taken away, where it gave it' : 'stays',
        ] as [string, string],
      ]
    : []),
  ['Provider tokens', provider.keep_tokens ? 'stored, encrypted' : 'not stored'],
  ['Callback URL', provider.callback_url],
  ...(provider.backchannel_logout_url === undefined
    ? []
    : [['Back-channel logout URL', provider.backchannel_logout_url] as [string, string]]),
]
