import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { createConnector } from './connectors.ts'
import { type Kinds, kindOf } from './input.ts'
import type { Provider } from './provider.ts'
import { type ProviderView, providerView } from './view.ts'

/** A provider that is set by environment variables: ID_CLIENT_ID, ID_CLIENT_SECRET and what its kind needs. */
export interface EnvironmentProvider {
  readonly id: string
  readonly kind: string
  readonly clientId: string
  readonly clientSecret: string
  readonly settings: Readonly<Record<string, unknown>>
}

export type EnvironmentProviders = ReadonlyMap<string, { provider: Provider; view: ProviderView }>

/**
 * The providers of the environment by id, for as long as the process runs.
 * @throws AppError provider_misconfigured (500)
 */
export function environmentProviders(
  environment: readonly EnvironmentProvider[],
  kinds: Kinds,
  issuer: string,
): EnvironmentProviders {
  return new Map(
    environment.map((each) => {
      const { id, settings, clientId, clientSecret } = each
      const kind = kindOf(kinds, each.kind)
      if (kind === undefined)
        throw new Error(`the environment has a provider of an unknown kind: ${each.kind}`)
      const connector = createConnector(id, kind, { clientId, clientSecret }, settings)
      const provider = {
        id,
        name: kind.about.name,
        kind: each.kind,
        connector,
        emailDomains: [],
        keepTokens: false,
        membershipMode: 'add' as const,
        membershipRules: [],
        organizationId: null,
        setup: '',
      }
      const view = providerView(
        issuer,
        {
          id,
          kind: each.kind,
          name: kind.about.name,
          client_id: clientId,
          has_secret: true,
          settings,
          email_domains: [],
          keep_tokens: false,
          membership_mode: 'add',
          membership_rules: [],
          organization: null,
          disabled: false,
          source: 'environment',
        },
        connector,
      )
      return [id, { provider, view }]
    }),
  )
}

/** What belongs to the environment is changed there. */
export function ofEnvironment(id: string): AppError {
  const variable = `${id.toUpperCase().replaceAll('-', '_')}_CLIENT_ID`
  return new AppError(
    'provider_of_environment',
    409,
    message('admin.providers.error.environment', { id, variable }),
  )
}
