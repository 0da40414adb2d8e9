import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { currentAuthority } from '../../../shared/administration/authority.ts'
import { PERMISSIONS, type Permission } from '../../../shared/administration/permissions.ts'
import { unlessCode } from '../../../shared/errors.ts'
import { html, t } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'
import type { ShownOnce } from '../shown-once.ts'
import type { ClientsDependencies } from './dependencies.ts'
import type { IdParams } from './page.ts'
import type { ClientTab } from './tabs.ts'
import { secretsOf, usageInNumbers } from './view.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/clients-delete': {
      frame: ConsoleFrame
      id: string
      name: string
      ends: ReturnType<typeof usageInNumbers>
      form: Form
    }
  }
}

const rotation = z.object({ keep: z.enum(['0', '3600', '86400', '604800', '2592000']).default('86400') })
const removal = z.object({ id: z.string().max(100).default('') })
/** The state that was looked at: its developer may change it while the page is open. */
const looked = z.object({ version: z.string().max(100) })
const deletion = z.object({ name: z.string().max(300).default('') })

/** What is done to a client beside editing it: secrets, switching it off and on, deleting it. */
export async function clientActions(
  app: FastifyInstance,
  deps: ConsoleDependencies & ClientsDependencies,
  shownOnce: ShownOnce,
): Promise<void> {
  const page = (id: string, done: string, tab: ClientTab = '') =>
    `/admin/clients/${encodeURIComponent(id)}${tab}?done=${done}`
  const does = <Name extends Permission>(admin: Name) => ({
    config: { admin, ...(PERMISSIONS[admin].within === 'clients' && { within: 'clients' as const }) },
  })

  app.post<IdParams>('/admin/clients/:id/secrets', does('client.rotate_secret'), async (request, reply) => {
    const { id } = request.params
    const keepOldSeconds = Number(rotation.parse(request.body).keep)
    const { client_secret: secret } = await deps.clients.rotateSecret(id, { keepOldSeconds })
    shownOnce.put(reply, id, secret, administratorOf(request).id)
    return reply.redirect(page(id, keepOldSeconds === 0 ? 'replaced' : 'rotated', '/secrets'), 303)
  })

  app.get<IdParams>(
    '/admin/clients/:id/secrets/remove',
    { config: { admin: 'client.read', within: 'clients' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      const { id } = removal.parse(request.query)
      const back = `/admin/clients/${encodeURIComponent(client.client_id)}/secrets`
      const secret = secretsOf(client, deps.clock()).find((each) => each.id === id)
      // It has ended by itself, or in another tab; the last one stays.
      if (secret === undefined || client.secrets.length < 2) return reply.redirect(back, 303)
      return renderConsole(request, reply, 'clients', 'admin/confirm', {
        title: t('admin.clients.end.secret', { at: secret.created }),
        name: client.client_name,
        keepHref: back,
        keepLabel: t('common.cancel'),
        ends: [
          html('admin.clients.end.secret.refused', { used: secret.lastUsed }),
          html('admin.clients.end.secret.others'),
        ],
        label: t('admin.clients.secrets.end'),
        form: { action: `${back}/remove`, fields: { id } },
      })
    },
  )

  app.post<IdParams>(
    '/admin/clients/:id/secrets/remove',
    does('client.remove_secret'),
    async (request, reply) => {
      await deps.clients.removeSecret(request.params.id, removal.parse(request.body).id)
      return reply.redirect(page(request.params.id, 'removed', '/secrets'), 303)
    },
  )

  app.get<IdParams>(
    '/admin/clients/:id/disable',
    { config: { admin: 'client.read', within: 'clients' } },
    async (request, reply) => {
      const client = await deps.clients.get(request.params.id)
      const back = `/admin/clients/${encodeURIComponent(client.client_id)}`
      if (client.disabled) return reply.redirect(back, 303)
      // How many people there are is beyond a role that is for this client alone.
      const usage = currentAuthority().scope === undefined && (await deps.usageOf(client.client_id))
      return renderConsole(request, reply, 'clients', 'admin/confirm', {
        title: t('admin.clients.end.disable', { name: client.client_name }),
        name: client.client_name,
        keepHref: back,
        keepLabel: t('common.cancel'),
        ends: [
          html('admin.clients.end.disable.refused'),
          usage
            ? html('admin.clients.delete.grants', usageInNumbers(usage, deps.usageCounted))
            : html('admin.clients.end.disable.signIns'),
          html('admin.clients.end.disable.back'),
        ],
        label: t('admin.common.disable'),
        form: { action: `${back}/disable`, fields: undefined },
      })
    },
  )

  app.post<IdParams>('/admin/clients/:id/disable', does('client.disable'), async (request, reply) => {
    await deps.clients.disable(request.params.id)
    return reply.redirect(page(request.params.id, 'disabled'), 303)
  })

  app.post<IdParams>('/admin/clients/:id/enable', does('client.enable'), async (request, reply) => {
    await deps.clients.enable(request.params.id)
    return reply.redirect(page(request.params.id, 'enabled'), 303)
  })

  app.post<IdParams>('/admin/clients/:id/verify', does('client.verify'), async (request, reply) => {
    await deps.clients.setVerified(request.params.id, true, {
      ifVersion: looked.parse(request.body).version,
    })
    return reply.redirect(page(request.params.id, 'verified'), 303)
  })

  app.post<IdParams>('/admin/clients/:id/pkce', does('client.update'), async (request, reply) => {
    const { version } = looked.parse(request.body)
    await deps.clients.update(request.params.id, { pkce: 'auto' }, { ifVersion: version })
    return reply.redirect(page(request.params.id, 'pkce'), 303)
  })

  async function deletePage(request: FastifyRequest, reply: FastifyReply, id: string, error?: string) {
    const client = await deps.clients.get(id)
    const data = {
      id,
      name: client.client_name,
      ends: usageInNumbers(await deps.usageOf(id), deps.usageCounted),
      form: {
        action: `/admin/clients/${encodeURIComponent(id)}/delete`,
        ...(error && { errors: { name: error } }),
      },
    }
    const status = error === undefined ? 200 : 422
    return renderConsole(request, reply, 'clients', 'admin/clients-delete', data, { status })
  }

  app.get<IdParams>('/admin/clients/:id/delete', { config: { admin: 'client.read' } }, (request, reply) =>
    deletePage(request, reply, request.params.id),
  )

  app.post<IdParams>('/admin/clients/:id/delete', does('client.delete'), async (request, reply) => {
    const { id } = request.params
    const { client_name: name } = await deps.clients.get(id)
    if (deletion.parse(request.body).name.trim() !== name)
      return deletePage(request, reply, id, t('admin.clients.delete.wrong', { name }))
    // Gone in another tab at the same moment: what was wanted is so.
    await deps.clients.delete(id).catch(unlessCode('client_not_found'))
    return reply.redirect('/admin/clients?done=deleted', 303)
  })
}
