import type { FastifyInstance } from 'fastify'
import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { Providers } from '../../../federation/providers/providers.ts'
import { t } from '../../../shared/locales/texts.ts'
import { deletionPages } from '../deletion.ts'
import { factsOf } from './view.ts'

/**
 * `/admin/providers/:id/remove`: asks before a provider is removed, and removes the one that was seen.
 * @param kindOf as a page says it; undefined: this version has no such kind
 */
export function providerRemoval(
  app: FastifyInstance,
  providers: Pick<Providers, 'getVersioned' | 'remove'>,
  kindOf: (name: string) => ConnectorKind | undefined,
): void {
  deletionPages(app, {
    section: 'providers',
    path: '/admin/providers/:id/remove',
    permissions: ['provider.read', 'provider.delete'],
    find: (request) => providers.getVersioned((request.params as { id: string }).id),
    async ask({ provider, version }) {
      const page = `/admin/providers/${provider.id}`
      return {
        title: t('admin.providers.remove.title', { name: provider.name }),
        ends: t('admin.providers.remove.ends'),
        facts: [
          { label: t('admin.common.id'), value: provider.id },
          { label: t('admin.common.client_id'), value: provider.client_id },
        ],
        form: { action: `${page}/remove` },
        label: t('admin.providers.remove.submit'),
        keepHref: page,
        version,
        seen: [
          [t('common.name'), provider.name],
          ...factsOf(provider, kindOf(provider.kind)),
          [t('admin.common.organization'), provider.organization ?? t('admin.common.all')],
        ],
      }
    },
    remove: ({ provider }, ifVersion) => providers.remove(provider.id, { ifVersion }),
    done: '/admin/providers?done=removed',
  })
}
