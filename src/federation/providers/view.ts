import type { Connector } from '../connector.ts'
import type { MembershipRule } from './membership-rules.ts'
import { backChannelLogoutUrl, callbackUrl } from './provider.ts'

/** A provider as administrators see it. Never the secret. */
export interface ProviderView {
  id: string
  kind: string
  name: string
  client_id: string
  has_secret: boolean
  /** It was sealed under a SECRET_KEY that is gone: it has to be entered again. */
  secret_lost?: true
  /** What was set; what is not here has the kind's default. */
  settings: Readonly<Record<string, unknown>>
  email_domains: readonly string[]
  keep_tokens: boolean
  membership_mode: 'add' | 'sync'
  membership_rules: readonly MembershipRule[]
  /** The ID of the organization whose it is; null: the whole server's. */
  organization: string | null
  /** Managers of the organization have set it up. */
  managed?: true
  disabled: boolean
  /** Where it is set, and has to be changed. */
  source: 'environment' | 'database'
  /** To be entered at the provider. */
  callback_url: string
  /** To be entered at the provider, where it can tell us of sign-outs. */
  backchannel_logout_url?: string
}

/** @param connector undefined: this version has no such kind */
export const providerView = (
  issuer: string,
  fields: Omit<ProviderView, 'callback_url' | 'backchannel_logout_url'>,
  connector: Connector | undefined,
): ProviderView => ({
  ...fields,
  callback_url: callbackUrl(issuer, fields.id),
  ...(connector?.logout !== undefined && { backchannel_logout_url: backChannelLogoutUrl(issuer, fields.id) }),
})
