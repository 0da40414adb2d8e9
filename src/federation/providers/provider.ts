import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { mayComeBy } from '../../shared/managed-provider.ts'
import type { Connector } from '../connector.ts'
import type { MembershipRule } from './membership-rules.ts'

/** What a button needs. */
export interface ProviderName {
  /** In the callback URL: lower-case letters, digits and hyphens. */
  id: string
  /** “GitHub” */
  name: string
  /** How it is spoken to: a name of connectors/kinds.ts. */
  kind: string
  /** The ID of the organization whose it is; null: the whole server's. */
  organizationId: string | null
  /** Managers of its organization have set it up. */
  managed?: true
}

/** Those that sign an account in. */
export const openTo = <P extends { managed?: true }>(
  who: { administers: boolean },
  providers: readonly P[],
): P[] => providers.filter((provider) => mayComeBy(provider, who))

/** A provider that people may sign in with now. */
export interface Provider extends ProviderName {
  connector: Connector
  /** Lower case. When there are any, only accounts with a verified address of one of these domains get in. */
  emailDomains: readonly string[]
  /** Keep the provider's tokens, sealed. */
  keepTokens: boolean
  /** `sync`: what it gave and does not give any more is taken away. */
  membershipMode: 'add' | 'sync'
  membershipRules: readonly MembershipRule[]
  /** Names what it is spoken to by, its kind, client ID and settings: a sign-in that began with others does not go on. */
  setup: string
}

/** The providers that are switched on. Read anew each time: switching one off counts at once, in every process. */
export interface EnabledProviders {
  list(): Promise<ProviderName[]>
  /** Undefined: unknown, or switched off. */
  find(id: string): Promise<Provider | undefined>
}

export const notFound = (): AppError =>
  new AppError('provider_not_found', 404, message('admin.providers.error.not_found'))

/** Where a provider sends the browser back to; has to be entered there. */
export const callbackUrl = (issuer: string, providerId: string): string =>
  `${issuer}/api/auth/oauth/${providerId}/callback`

/** Where a provider may send logout tokens (OpenID Connect Back-Channel Logout §2.2). */
export const backChannelLogoutUrl = (issuer: string, providerId: string): string =>
  `${issuer}/api/auth/oauth/${providerId}/backchannel-logout`
