import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ConnectorKind } from '../../../federation/connector-kind.ts'
import type { Providers, VersionedProvider } from '../../../federation/providers/providers.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { t } from '../../../shared/locales/texts.ts'
import { renderConsole } from '../context.ts'
import { type Change, removalRefused, type Seen, seenFields, versionSeen } from '../removal.ts'
import { factsOf } from './view.ts'

type ById = { Params: { id: string } }

/**
 * `/admin/providers/:id/remove`: asks before a provider is removed, and removes the one that was seen.
 * @param kindOf as a page says it; undefined: this version has no such kind
 */
export function providerRemoval(
  app: FastifyInstance,
  providers: Pick<Providers, 'getVersioned' | 'remove'>,
  kindOf: (name: string) => ConnectorKind | undefined,
): void {
  const path = '/admin/providers/:id/remove'
  const seenOf = ({ provider }: VersionedProvider): Seen => [
    [t('common.name'), provider.name],
    ...factsOf(provider, kindOf(provider.kind)),
    [t('admin.common.organization'), provider.organization ?? t('admin.common.all')],
  ]

  function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    found: VersionedProvider,
    refused: { alert?: string; changes?: Change[]; status?: number } = {},
  ) {
    const { provider, version } = found
    const { status, ...also } = refused
    const page = `/admin/providers/${provider.id}`
    const data = {
      ...also,
      title: t('admin.providers.remove.title', { name: provider.name }),
      ends: t('admin.providers.remove.ends'),
      facts: [
        { label: t('admin.common.id'), value: provider.id },
        { label: t('admin.common.client_id'), value: provider.client_id },
      ],
      form: { action: `${page}/remove`, fields: seenFields(version, seenOf(found)) },
      label: t('admin.providers.remove.submit'),
      keepHref: page,
    }
    return renderConsole(request, reply, 'providers', 'admin/resources-remove', data, {
      ...(status !== undefined && { status }),
    })
  }

  app.get<ById>(path, { config: { admin: 'provider.read' } }, async (request, reply) =>
    ask(request, reply, await providers.getVersioned(request.params.id)),
  )

  app.post<ById>(path, { config: { admin: 'provider.delete', formPage: path } }, async (request, reply) => {
    const { id } = request.params
    try {
      await providers.remove(id, { ifVersion: versionSeen(request.body) })
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error
      const found = await providers.getVersioned(id)
      return ask(request, reply, found, { ...removalRefused(request.body, seenOf(found)), status: 409 })
    }
    return reply.redirect('/admin/providers?done=removed', 303)
  })
}
