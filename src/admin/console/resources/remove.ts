import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { AdministeredResources, VersionedResource } from '../../../clients/resources/administered.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import type { ConsoleDependencies } from '../context.ts'
import { deletionPages, type Seen } from '../deletion.ts'
import { renderConsole } from '../frame.ts'
import { lastUsedWords } from './credentials.ts'
import { scopeViews } from './scopes.ts'
import { storedFields } from './stored.ts'

export interface RemovalDependencies {
  resources: Pick<AdministeredResources, 'find' | 'remove' | 'credentials'>
}

/** What an administrator sees of an API on its page. */
const seenOf = (resource: VersionedResource): Seen => [
  ...storedFields(resource).map(({ label, value }) => [label, value] as const),
  [
    t('admin.resources.scopes.read'),
    scopeViews(resource)
      .map(({ title, detail = '' }) => `${title} ${detail}`.trim())
      .join('; '),
  ],
]

const text = z.string().max(2000).default('')
const named = z.object({ identifier: text })
const credential = named.extend({ id: z.string().max(100).default('') })

/**
 * `/admin/resources/remove` and `/admin/resources/credentials/remove`: what cannot be undone is asked for on a page of its
 * own, which says what it is and what ends with it.
 * @param page of an API, with a notice
 */
export async function resourceRemovals(
  app: FastifyInstance,
  deps: ConsoleDependencies & RemovalDependencies,
  page: (identifier: string, done?: string) => string,
): Promise<void> {
  const { resources } = deps

  async function found(identifier: string) {
    const resource = await resources.find(identifier)
    if (!resource) throw new AppError('resource_not_found', 404, message('admin.resources.error.not_found'))
    return resource
  }

  deletionPages(app, {
    section: 'resources',
    path: '/admin/resources/remove',
    permissions: ['resource.read', 'resource.delete'],
    find: ({ method, query, body }) => found(named.parse(method === 'GET' ? query : (body ?? {})).identifier),
    async ask(resource) {
      const { identifier, name, scope, version } = resource
      const credentials = await resources.credentials.list(identifier)
      return {
        title: t('admin.resources.remove.title', { api: name }),
        ends: t('admin.resources.remove.ends'),
        facts: [
          { label: t('admin.resources.identifier'), value: identifier },
          { label: t('admin.common.scopes'), value: scope },
          { label: t('admin.resources.credentials'), value: String(credentials.length) },
        ],
        form: {
          action: `/admin/resources/remove?${new URLSearchParams({ identifier })}`,
          fields: { identifier },
        },
        label: t('admin.resources.remove.submit'),
        keepHref: page(identifier),
        version,
        seen: seenOf(resource),
      }
    },
    remove: ({ identifier }, ifVersion) => resources.remove(identifier, { ifVersion }),
    done: '/admin/resources?done=removed',
  })

  app.get(
    '/admin/resources/credentials/remove',
    { config: { admin: 'resource.read' } },
    async (request, reply) => {
      const { identifier, id } = credential.parse(request.query)
      const { name } = await found(identifier)
      const one = (await resources.credentials.list(identifier)).find(({ client_id }) => client_id === id)
      if (one === undefined) return reply.redirect(page(identifier, 'ended'), 303)
      return renderConsole(request, reply, 'resources', 'admin/confirm', {
        title: t('admin.resources.credentials.remove.title'),
        ends: t('admin.resources.credentials.remove.ends'),
        facts: [
          { label: t('admin.common.api'), value: name },
          { label: t('admin.common.client_id'), value: id },
          { label: t('admin.common.created'), value: minuteOf(one.created_at * 1000) },
          { label: t('admin.common.last_used'), value: lastUsedWords(one.last_used_at) },
        ],
        form: {
          action: `/admin/resources/credentials/remove?${new URLSearchParams({ identifier, id })}`,
          fields: { identifier, id },
        },
        label: t('admin.resources.credentials.remove.submit'),
        keepHref: page(identifier),
      })
    },
  )

  app.post(
    '/admin/resources/credentials/remove',
    { config: { admin: 'resource.remove_credential' } },
    async (request, reply) => {
      const { identifier, id } = credential.parse(request.body ?? {})
      // Gone in another tab at the same moment: what was wanted is so.
      await resources.credentials.remove(identifier, id).catch(unlessCode('credential_not_found'))
      return reply.redirect(page(identifier, 'ended'), 303)
    },
  )
}
