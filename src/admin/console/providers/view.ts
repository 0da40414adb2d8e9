import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { ProviderView } from '../../../federation/providers/view.ts'
import type { Finding } from '../../../shared/finding.ts'
import { t } from '../../../shared/locales/texts.ts'
import type { DrawnField } from '../fields.ts'
import type { ConsoleFrame } from '../frame.ts'

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
      /** Where the form was opened. */
      backHref: string
    }
    'admin/providers-one': {
      frame: ConsoleFrame
      title: string
      facts: [name: string, value: string][]
      /** Whose it is; undefined: the whole server's. */
      organization?: { href: string; name: string } | undefined
      /** No domain of the organization is verified. */
      unverified: boolean
      /** Managers of an organization have set it up. */
      managed: boolean
      /** Takes `organization`, a short name, and `sure` where it is `managed`; undefined: it cannot be changed. */
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
  [t('admin.common.id'), provider.id],
  [t('admin.common.kind'), kind?.about.name ?? provider.kind],
  [t('admin.common.state'), t(provider.disabled ? 'admin.providers.state.off' : 'admin.providers.state.on')],
  [t('admin.providers.source'), t(`admin.providers.fact.source.${provider.source}`)],
  ...(provider.managed
    ? [[t('admin.providers.fact.managed'), t('admin.providers.fact.managed.by')] as [string, string]]
    : []),
  [t('admin.common.client_id'), provider.client_id],
  [
    t('admin.common.client_secret'),
    t(provider.has_secret ? 'admin.providers.fact.secret.set' : 'admin.providers.fact.secret.none'),
  ],
  ...Object.entries(provider.settings).map(([name, value]): [string, string] => [
    kind?.fields[name]?.label ?? firstUpper(name.replaceAll('_', ' ')),
    settingText(value),
  ]),
  ...(provider.email_domains.length > 0
    ? [[t('admin.providers.domains'), provider.email_domains.join(', ')] as [string, string]]
    : []),
  ...provider.membership_rules.map(({ claim, value, group, role }): [string, string] => [
    t('admin.providers.fact.gives'),
    group === undefined
      ? t('admin.providers.fact.gives.role', { role: role ?? '', claim, value })
      : t('admin.providers.fact.gives.group', { group, claim, value }),
  ]),
  ...(provider.membership_rules.length > 0
    ? [
        [
          t('admin.providers.fact.sync'),
          t(
            provider.membership_mode === 'sync'
              ? 'admin.providers.fact.sync.taken'
              : 'admin.providers.fact.sync.stays',
          ),
        ] as [string, string],
      ]
    : []),
  [
    t('admin.providers.fact.tokens'),
    t(provider.keep_tokens ? 'admin.providers.fact.tokens.kept' : 'admin.providers.fact.tokens.none'),
  ],
  [t('admin.providers.fact.callback'), provider.callback_url],
  ...(provider.backchannel_logout_url === undefined
    ? []
    : [[t('admin.providers.fact.logout'), provider.backchannel_logout_url] as [string, string]]),
]
