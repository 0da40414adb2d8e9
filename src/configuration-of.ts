import { createAccessConfiguration } from './access/configuration.ts'
import { ADMINISTRATOR_ROLE_FIELDS } from './administrators/table.ts'
import { CLAIM_FIELDS } from './attributes/claims/table.ts'
import { ATTRIBUTE_FIELDS } from './attributes/table.ts'
import { createBrandingConfiguration } from './branding/configuration.ts'
import { completeRegistration, leftToCreation } from './clients/metadata.ts'
import { completeResource } from './clients/resources/resource.ts'
import { type ConfigurationService, createConfiguration } from './configuration/configuration.ts'
import { createConfigurationStore } from './configuration/store.ts'
import { kinds } from './federation/connectors/kinds.ts'
import { completeProvider } from './federation/providers/input.ts'
import { HOOK_FIELDS } from './hooks/table.ts'
import { createOrganizationConfiguration, namedByOrganization } from './organizations/configuration.ts'
import type { Services } from './services.ts'
import { createTextsConfiguration } from './settings/texts-configuration.ts'
import { createDefinitionConfiguration } from './shared/definitions/configuration.ts'
import { createWebhookConfiguration } from './webhooks/configuration.ts'

type Owners = Pick<
  Services,
  | 'access'
  | 'administratorRoles'
  | 'attributes'
  | 'branding'
  | 'clients'
  | 'clock'
  | 'customClaims'
  | 'db'
  | 'event'
  | 'hooks'
  | 'organizations'
  | 'providers'
  | 'resources'
  | 'settings'
  | 'texts'
  | 'webhooks'
>

/** What a configuration file may hold, put together of the services that own it. @param deps.needsNoApi whether a scope is of no API */
export function configurationOf(deps: Owners & { needsNoApi(scope: string): boolean }): ConfigurationService {
  const { access, administratorRoles, attributes, branding, clients, clock, customClaims, db } = deps
  const { hooks, needsNoApi, organizations, providers, resources, settings, texts, webhooks } = deps
  return createConfiguration({
    ...createAccessConfiguration(access),
    organizations: createOrganizationConfiguration(organizations),
    attributes: createDefinitionConfiguration(attributes, ATTRIBUTE_FIELDS),
    claims: createDefinitionConfiguration(customClaims, CLAIM_FIELDS),
    hooks: createDefinitionConfiguration({ ...hooks, create: hooks.createWithSecret }, HOOK_FIELDS),
    webhooks: createWebhookConfiguration(webhooks),
    administrator_roles: createDefinitionConfiguration(
      {
        ...administratorRoles,
        list: async () => namedByOrganization(await administratorRoles.list(), organizations),
      },
      ADMINISTRATOR_ROLE_FIELDS,
    ),
    texts: createTextsConfiguration(texts),
    brands: createBrandingConfiguration(branding, {
      async nameOf({ kind, id }) {
        if (kind === 'organization') return (await organizations.get(id)).slug
        const { software_id: key, source } = await clients.get(id)
        return source === 'dynamic' || source === 'open' ? id : (key ?? id)
      },
      async idOf(kind, name) {
        if (kind === 'organization') return (await organizations.find(name)).id
        for (let cursor: string | undefined; ; ) {
          const page = await clients.list({ limit: 100, ...(cursor !== undefined && { cursor }) })
          const found = page.items.find(
            ({ client_id, software_id, source }) =>
              client_id === name || (software_id === name && source !== 'dynamic' && source !== 'open'),
          )
          if (found) return found.client_id
          if (page.next_cursor === undefined) return (await clients.get(name)).client_id
          cursor = page.next_cursor
        }
      },
    }),
    store: createConfigurationStore({ db, clock }),
    events: deps.event,
    settings,
    needsNoApi,
    clients: {
      ...clients,
      complete: (entry, planned) => completeRegistration(entry, planned ?? settings.values),
      leftToCreation: (entry, planned) => leftToCreation(entry, planned ?? settings.values),
    },
    resources: { ...resources, complete: completeResource },
    providers: {
      ...providers,
      complete: (entry, given) => completeProvider(entry, kinds, given),
      list: async () => namedByOrganization(await providers.list(), organizations),
    },
  })
}
