import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { AdministeredResources } from '../../../clients/resources/administered.ts'
import { AppError, unlessCode } from '../../../shared/errors.ts'
import { message, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { type ConsoleDependencies, type ConsoleFrame, renderConsole } from '../context.ts'
import { lastUsedWords } from './credentials.ts'

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
    }
  }
}

export interface RemovalDependencies {
  resources: Pick<AdministeredResources, 'find' | 'remove' | 'credentials'>
}

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

  app.get('/admin/resources/remove', { config: { admin: 'resource.read' } }, async (request, reply) => {
    const { identifier, name, scope } = await found(named.parse(request.query).identifier)
    const credentials = await resources.credentials.list(identifier)
    return renderConsole(request, reply, 'resources', 'admin/resources-remove', {
      title: t('admin.resources.remove.title', { api: name }),
      ends: t('admin.resources.remove.ends'),
      facts: [
        { label: t('admin.resources.identifier'), value: identifier },
        { label: t('admin.resources.scopes'), value: scope },
        { label: t('admin.resources.credentials'), value: String(credentials.length) },
      ],
      form: {
        action: `/admin/resources/remove?${new URLSearchParams({ identifier })}`,
        fields: { identifier },
      },
      label: t('admin.resources.remove.submit'),
      keepHref: page(identifier),
    })
  })

  app.post('/admin/resources/remove', { config: { admin: 'resource.delete' } }, async (request, reply) => {
    await resources.remove(named.parse(request.body ?? {}).identifier)
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
          { label: t('admin.resources.api'), value: name },
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
