import { t } from '../../shared/locales/texts.ts'
import type { Secrets } from '../../shared/secrets.ts'
import { type Connectors, isLost, openSecret, storedOptions, unlessLost } from './connectors.ts'
import type { EnvironmentProviders } from './environment.ts'
import { type Kinds, kindNames, kindOf, parseProvider } from './input.ts'
import { callbackUrl, notFound } from './provider.ts'
import type { Providers } from './providers.ts'
import type { ProviderRow, ProviderStore } from './store.ts'

/** Whether a provider is right: one that there is, and one that managers of an organization want to store. */
export function providerChecks(deps: {
  environment: EnvironmentProviders
  issuer: string
  kinds: Kinds
  secrets: Secrets
  store: Pick<ProviderStore, 'find'>
  connectors: Pick<Connectors, 'make' | 'of'>
  /** @throws AppError provider_not_found (404) */
  stored(id: string): Promise<ProviderRow>
}): Pick<Providers, 'test' | 'requireValid' | 'tryOut'> {
  const { environment, issuer, kinds, secrets, store, connectors } = deps

  /** @throws ValidationError (422) */
  async function wanted(input: Readonly<Record<string, unknown>> & { id: string }) {
    const known = (await store.find(input.id))?.sealedSecret ?? undefined
    const hasSecret = input.client_secret === undefined && known !== undefined
    return { parsed: parseProvider(input, kinds, { hasSecret }), known }
  }

  return {
    async test(id) {
      const fixed = environment.get(id)?.provider.connector
      const row = fixed === undefined ? await deps.stored(id) : undefined
      if (row !== undefined && isLost(secrets, row)) {
        const remedy = storedOptions(row).managed
          ? t('provider.finding.secret.enter')
          : t('admin.providers.finding.secret.remedy', { id })
        return [
          {
            name: t('provider.finding.name.secret'),
            status: 'fail',
            message: t('provider.finding.secret.lost'),
            remedy,
          },
        ]
      }
      const connector = fixed ?? (row && connectors.of(row))
      if (connector !== undefined) return connector.check(callbackUrl(issuer, id))
      const remedy = t('admin.providers.finding.kind.remedy', { kinds: kindNames(kinds).join(', ') })
      return [
        {
          name: t('admin.providers.finding.name.kind'),
          status: 'fail',
          message: t('admin.providers.finding.kind.unknown'),
          remedy,
        },
      ]
    },

    async requireValid(input) {
      await wanted(input)
    },

    async tryOut(input) {
      const { parsed, known } = await wanted(input)
      const { id, kind: name, clientId, clientSecret, settings } = parsed
      const kind = kindOf(kinds, name)
      if (kind === undefined) throw notFound()
      const secret = clientSecret ?? (known && unlessLost(() => openSecret(secrets, id, known)))
      const connector = connectors.make(
        id,
        kind,
        { clientId, clientSecret: secret },
        { settings, managed: true },
      )
      return connector.check(callbackUrl(issuer, id))
    },
  }
}
