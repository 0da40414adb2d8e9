import { type Connectors, rememberOptions } from './connectors.ts'
import type { EnvironmentProviders } from './environment.ts'
import { isProviderId, type Kinds, kindOf } from './input.ts'
import type { EnabledProviders, ProviderName } from './provider.ts'
import { type ProviderStore, setupOf } from './store.ts'

/** What sign-in asks: the providers that are switched on, those of the environment first. */
export function enabledProviders({
  environment,
  kinds,
  store,
  connectors,
}: {
  environment: EnvironmentProviders
  kinds: Kinds
  store: Pick<ProviderStore, 'enabled' | 'findEnabled'>
  connectors: Pick<Connectors, 'of' | 'forget'>
}): EnabledProviders {
  const optionsOf = rememberOptions()
  return {
    async list() {
      const rows = (await store.enabled()).filter(
        ({ id, kind }) => !environment.has(id) && kindOf(kinds, kind) !== undefined,
      )
      const named = ({ id, name, kind, organizationId }: ProviderName) => ({ id, name, kind, organizationId })
      return [
        ...[...environment.values()].map(({ provider }) => named(provider)),
        ...rows.map((row) => ({ ...named(row), ...(optionsOf(row).managed && { managed: true as const }) })),
      ]
    },

    async find(id) {
      const fixed = environment.get(id)
      if (fixed !== undefined) return fixed.provider
      const row = isProviderId(id) ? await store.findEnabled(id) : undefined
      const connector = row && connectors.of(row)
      if (row === undefined || connector === undefined) {
        connectors.forget(id)
        return undefined
      }
      const { settings: _, ...options } = optionsOf(row)
      const { organizationId } = row
      return {
        ...{ id, name: row.name, kind: row.kind, connector, organizationId, ...options },
        setup: setupOf(row),
      }
    },
  }
}
