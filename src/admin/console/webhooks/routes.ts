import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../../http/forms/forms.ts'
import { noticeIn } from '../../../http/forms/notice.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { VersionConflict } from '../../../shared/errors.ts'
import { type TextKey, t } from '../../../shared/locales/texts.ts'
import { minuteOf } from '../../../shared/moment.ts'
import { askedPlace } from '../../../shared/paging.ts'
import type { Webhook } from '../../../webhooks/webhook.ts'
import type { Webhooks } from '../../../webhooks/webhooks.ts'
import type { ClientsDependencies } from '../clients/dependencies.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { countedVersion, deletionPages } from '../deletion.ts'
import { asFormErrors } from '../form-errors.ts'
import { renderConsole } from '../frame.ts'
import { pageLinks } from '../page-links.ts'
import { createShownOnce } from '../shown-once.ts'
import { disabledWords, familiesOf, shownDelivery, stateOf } from './views.ts'

export interface WebhooksDependencies extends Pick<ClientsDependencies, 'cookies' | 'sealed'> {
  webhooks: Omit<Webhooks, 'dispatch'>
  /** The types that a webhook may ask for, from the table that events are told by. */
  webhookTypes: readonly string[]
}

const NOTICES: Readonly<Record<string, TextKey>> = {
  created: 'admin.webhooks.notice.created',
  saved: 'admin.common.saved',
  deleted: 'admin.webhooks.notice.deleted',
  disabled: 'admin.webhooks.notice.disabled',
  enabled: 'admin.webhooks.notice.enabled',
  tested: 'admin.webhooks.notice.tested',
  replayed: 'admin.webhooks.notice.replayed',
  rotated: 'admin.common.secret.rotated',
}

const text = z.string().max(4000).default('')
const form = z.object({ url: text, events: text, description: text })
const idParams = z.object({ id: z.string().max(100) })
const query = z.object({
  done: z.string().optional().catch(undefined),
  cursor: askedPlace,
})
const editing = form.extend({ version: z.coerce.number().int().catch(-1) })

const fieldsOf = ({ url, events, description }: z.infer<typeof form>) => ({
  url,
  description,
  events: events.split(/[\s,]+/).filter((each) => each !== ''),
})

/** `/admin/webhooks` and below. */
export async function webhooksArea(
  app: FastifyInstance,
  deps: ConsoleDependencies & WebhooksDependencies,
): Promise<void> {
  const { webhooks } = deps
  const families = familiesOf(deps.webhookTypes)
  const shownOnce = createShownOnce(deps)
  const pageOf = (id: string, done?: string) => `/admin/webhooks/${id}${done ? `?done=${done}` : ''}`
  const formPage = '/admin/webhooks/:id'

  async function showAll(request: FastifyRequest, reply: FastifyReply, typed: Partial<Form>, status = 200) {
    const { done } = query.parse(request.query)
    const data = {
      webhooks: (await webhooks.list()).map((hook) => ({
        href: pageOf(hook.id),
        url: hook.url,
        description: hook.description,
        events: hook.events.join(' '),
        state: stateOf(hook),
      })),
      form: { action: '/admin/webhooks', ...typed },
      families,
    }
    const notice = noticeIn(NOTICES, done)
    return renderConsole(request, reply, 'webhooks', 'admin/webhooks', data, { status, notice })
  }

  app.get('/admin/webhooks', { config: { admin: 'webhook.read' } }, (request, reply) =>
    showAll(request, reply, {}),
  )

  app.post('/admin/webhooks', { config: { admin: 'webhook.create' } }, async (request, reply) => {
    try {
      const { id, secret } = await webhooks.create(fieldsOf(form.parse(request.body ?? {})))
      shownOnce.put(reply, id, secret, administratorOf(request).id)
      return reply.redirect(pageOf(id, 'created'), 303)
    } catch (error) {
      const typed = { ...asFormErrors(error), values: shownAgain(request.body) }
      return showAll(request, reply, typed, 422)
    }
  })

  async function showOne(
    request: FastifyRequest,
    reply: FastifyReply,
    hook: Webhook,
    also: { edit?: Partial<Form>; stale?: boolean; status?: number; version?: number } = {},
  ) {
    const { done, cursor } = query.parse(request.query)
    const { id, url, description } = hook
    const values = { url, description, events: hook.events.join(' ') }
    const { items, next_cursor } = await webhooks.deliveries(id, { limit: 20, cursor })
    const data = {
      families,
      base: pageOf(id),
      url,
      version: also.version ?? hook.version,
      edit: { action: `${pageOf(id)}/edit`, values, ...also.edit },
      disabled: disabledWords(hook),
      failingSince: hook.failingSince === undefined ? undefined : minuteOf(hook.failingSince),
      formerUntil:
        hook.formerUntil !== undefined && hook.formerUntil > deps.clock()
          ? minuteOf(hook.formerUntil)
          : undefined,
      secret: shownOnce.take(request, reply, id, administratorOf(request).id),
      conflict: also.stale ? values : undefined,
      deliveries: items.map(shownDelivery),
      ...pageLinks(pageOf(id), {}, cursor, next_cursor),
    }
    const { status = 200 } = also
    const notice = request.method === 'GET' ? noticeIn(NOTICES, done) : undefined
    return renderConsole(request, reply, 'webhooks', 'admin/webhooks-one', data, { status, notice })
  }

  app.get(formPage, { config: { admin: 'webhook.read' } }, async (request, reply) =>
    showOne(request, reply, await webhooks.get(idParams.parse(request.params).id)),
  )

  app.post(`${formPage}/edit`, { config: { admin: 'webhook.update', formPage } }, async (request, reply) => {
    const { id } = idParams.parse(request.params)
    const { version, ...typed } = editing.parse(request.body ?? {})
    try {
      await webhooks.update(id, fieldsOf(typed), { ifVersion: version })
    } catch (error) {
      const values = shownAgain(request.body)
      const hook = await webhooks.get(id)
      if (error instanceof VersionConflict)
        return showOne(request, reply, hook, { edit: { values }, stale: true, status: 409 })
      const edit = { ...asFormErrors(error), values }
      return showOne(request, reply, hook, { edit, status: 422, version })
    }
    return reply.redirect(pageOf(id, 'saved'), 303)
  })

  /** A button of the page of one. */
  const act = (
    name: string,
    admin: 'webhook.update' | 'webhook.test' | 'webhook.rotate_secret',
    done: string,
    work: (id: string, request: FastifyRequest, reply: FastifyReply) => Promise<unknown>,
  ) =>
    app.post(`${formPage}/${name}`, { config: { admin, formPage } }, async (request, reply) => {
      const { id } = idParams.parse(request.params)
      await work(id, request, reply)
      return reply.redirect(pageOf(id, done), 303)
    })

  act('disable', 'webhook.update', 'disabled', (id) => webhooks.update(id, { disabled: true }))
  act('enable', 'webhook.update', 'enabled', (id) => webhooks.update(id, { disabled: false }))
  act('test', 'webhook.test', 'tested', (id) => webhooks.test(id))
  act('rotate-secret', 'webhook.rotate_secret', 'rotated', async (id, request, reply) => {
    const { secret } = await webhooks.rotateSecret(id)
    shownOnce.put(reply, id, secret, administratorOf(request).id)
  })

  app.post(
    `${formPage}/deliveries/:delivery/replay`,
    { config: { admin: 'webhook.replay', formPage } },
    async (request, reply) => {
      const { id, delivery } = idParams.extend({ delivery: z.string().max(100) }).parse(request.params)
      await webhooks.replay(id, delivery)
      return reply.redirect(pageOf(id, 'replayed'), 303)
    },
  )

  deletionPages(app, {
    section: 'webhooks',
    path: `${formPage}/delete`,
    permissions: ['webhook.read', 'webhook.delete'],
    find: (request) => webhooks.get(idParams.parse(request.params).id),
    async ask(hook) {
      const [address, events] = [t('admin.common.address'), t('admin.webhooks.events')]
      return {
        title: t('admin.webhooks.delete.title'),
        ends: t('admin.webhooks.delete.ends'),
        facts: [
          { label: address, value: hook.url },
          { label: events, value: hook.events.join(' ') },
        ],
        form: { action: `${pageOf(hook.id)}/delete` },
        label: t('admin.webhooks.delete.submit'),
        keepHref: pageOf(hook.id),
        version: hook.version,
        seen: [
          [address, hook.url],
          [events, hook.events.join(' ')],
          [t('admin.common.description'), hook.description || t('admin.common.empty')],
          [t('admin.common.state'), stateOf(hook)],
        ],
      }
    },
    remove: ({ id }, version) => webhooks.remove(id, { ifVersion: countedVersion(version) }),
    done: '/admin/webhooks?done=deleted',
  })
}
