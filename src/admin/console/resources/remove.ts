import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AdministeredResources, VersionedResource } from '../../../clients/resources/administered.ts'
import { AppError, unlessCode, VersionConflict } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { type ConsoleDependencies, type ConsoleFrame, renderConsole } from '../context.ts'
import { type Change, removalRefused, type Seen, seenFields, versionSeen } from '../removal.ts'
import { lastUsedWords } from './credentials.ts'
import { scopeViews } from './scopes.ts'
import { storedFields } from './stored.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/resources-remove': {
      frame: ConsoleFrame
      title: string
      /** What happens, in a sentence. */
      ends: string
      /** Which one it is. */
      facts: { label: string; value: string }[]
      form: { action: string; fields: Record<string, string> }
      /** What is on the button. */
      label: string
      keepHref: string
      /** Why it is not removed yet. */
      alert?: string | undefined
      /** What is not as the administrator has seen it. */
      changes?: Change[] | undefined
    }
  }
}

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

  async function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    resource: VersionedResource,
    refused: { alert?: string; changes?: Change[]; status?: number } = {},
  ) {
    const { identifier, name, scope, version } = resource
    const { status, ...also } = refused
    const credentials = await resources.credentials.list(identifier)
    const data = {
      ...also,
      title: t('admin.resources.remove.title', { api: name }),
      ends: t('admin.resources.remove.ends'),
      facts: [
        { label: t('admin.resources.identifier'), value: identifier },
        { label: t('admin.common.scopes'), value: scope },
        { label: t('admin.resources.credentials'), value: String(credentials.length) },
      ],
      form: {
        action: `/admin/resources/remove?${new URLSearchParams({ identifier })}`,
        fields: { identifier, ...seenFields(version, seenOf(resource)) },
      },
      label: t('admin.resources.remove.submit'),
      keepHref: page(identifier),
    }
    return renderConsole(request, reply, 'resources', 'admin/resources-remove', data, {
      ...(status !== undefined && { status }),
    })
  }

  app.get('/admin/resources/remove', { config: { admin: 'resource.read' } }, async (request, reply) =>
    ask(request, reply, await found(named.parse(request.query).identifier)),
  )

  app.post('/admin/resources/remove', { config: { admin: 'resource.delete' } }, async (request, reply) => {
    const { identifier } = named.parse(request.body ?? {})
    try {
      await resources.remove(identifier, { ifVersion: versionSeen(request.body) })
    } catch (error) {
      if (!(error instanceof VersionConflict)) throw error
      const resource = await found(identifier)
      return ask(request, reply, resource, {
        ...removalRefused(request.body, seenOf(resource)),
        status: 409,
      })
    }
    return reply.redirect('/admin/resources?done=removed', 303)
  })

  app.get(
    '/admin/resources/credentials/remove',
    { config: { admin: 'resource.read' } },
    async (request, reply) => {
      const { identifier, id } = credential.parse(request.query)
      const { name } = await found(identifier)
      const one = (await resources.credentials.list(identifier)).find(({ client_id }) => client_id === id)
      if (one === undefined) return reply.redirect(page(identifier, 'ended'), 303)
      return renderConsole(request, reply, 'resources', 'admin/resources-remove', {
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
