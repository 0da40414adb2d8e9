import { z } from 'zod'
import { orFailed, requireMatch, sendEtag } from '../../http/etag.ts'
import type { Webhook } from '../../webhooks/webhook.ts'
import type { WebhookDelivery } from '../../webhooks/webhooks.ts'
import type { RestContext } from './context.ts'
import { createOnce } from './idempotency.ts'
import { operation } from './operation.ts'
import { pageQuery, sendPage } from './paging.ts'
import { flag, idParams, list, pageOf, text, time, timeOrNull, timestamp } from './schemas.ts'

const area = 'webhooks' as const

const shape = {
  id: z.string(),
  url: z.string(),
  description: z.string(),
  events: z.array(z.string()),
  disabled: z.boolean(),
  disabled_reason: z
    .enum(['administrator', 'failing'])
    .nullable()
    .meta({ description: '`failing`: nothing could be delivered for five days.' }),
  failing_since: timestamp.nullable().meta({ description: 'Since when every try has failed.' }),
  former_secret_until: timestamp
    .nullable()
    .meta({ description: 'Until when the secret before the last one signs too.' }),
  created_at: timestamp,
}
const webhook = z.object(shape).meta({ id: 'Webhook', description: 'Where events are sent.' })
const withSecret = z
  .object({ ...shape, secret: z.string().meta({ description: 'Shown this once.', examples: ['whsec_…'] }) })
  .meta({ id: 'WebhookWithSecret' })

const delivery = z
  .object({
    id: z.string(),
    event_id: z.string().meta({ description: '`webhook-id`' }),
    type: z.string(),
    status: z.enum(['waiting', 'delivered', 'failed']),
    tries: z.int(),
    created_at: timestamp,
    next_try_at: timestamp.nullable(),
    response_status: z.int().nullable().meta({ description: 'Of the answer to the last try.' }),
    error: z.string().nullable().meta({ description: 'Why there was none.' }),
    tried_at: timestamp.nullable(),
  })
  .meta({ id: 'WebhookDelivery' })

const fields = {
  url: text('Where events are sent, by POST.', 'https://app.example/webhooks'),
  events: list('Types and patterns of them; `*` is all.', ['user.*', 'session.ended']),
  description: text('For administrators.'),
  disabled: flag('Whether it is sent nothing.'),
}
const body = z.strictObject(fields, { error: 'Send a JSON object.' })

const operations = {
  list: operation({
    id: 'listWebhooks',
    area,
    needs: 'webhook.read',
    summary: 'List webhooks',
    description: 'Oldest first; there are fifty at most.',
    safe: true,
    answers: [200, 'All of them.', pageOf(webhook)],
  }),
  create: operation({
    id: 'createWebhook',
    area,
    needs: 'webhook.create',
    summary: 'Create a webhook',
    description: 'It is sent what happens from now on.',
    once: true,
    body,
    answers: [201, 'Created, with its secret.', withSecret],
  }),
  read: operation({
    id: 'readWebhook',
    area,
    needs: 'webhook.read',
    summary: 'Read a webhook',
    safe: true,
    params: idParams,
    answers: [200, 'The webhook; `ETag` names its state.', webhook],
  }),
  change: operation({
    id: 'changeWebhook',
    area,
    needs: 'webhook.update',
    summary: 'Change, disable or enable a webhook',
    description: 'Fields that are left out stay. What happens while it is disabled is not sent later.',
    conditional: true,
    params: idParams,
    body,
    answers: [200, 'The webhook as it is now.', webhook],
    problems: [409],
  }),
  remove: operation({
    id: 'deleteWebhook',
    area,
    needs: 'webhook.delete',
    summary: 'Delete a webhook',
    description: 'With its deliveries.',
    conditional: true,
    params: idParams,
    answers: [204, 'Deleted.'],
  }),
  rotate: operation({
    id: 'rotateWebhookSecret',
    area,
    needs: 'webhook.rotate_secret',
    summary: 'Give a webhook a new secret',
    description: 'For a day the one before signs too: each request has both signatures.',
    params: idParams,
    answers: [200, 'The webhook, with its new secret.', withSecret],
    problems: [409],
  }),
  test: operation({
    id: 'testWebhook',
    area,
    needs: 'webhook.test',
    summary: 'Send a test event',
    description: 'One event `webhook.test`, tried once. Its delivery says what was answered.',
    params: idParams,
    answers: [202, 'It is sent.', z.object({ delivery_id: z.string() })],
    problems: [409],
  }),
  deliveries: operation({
    id: 'listWebhookDeliveries',
    area,
    needs: 'webhook.read',
    summary: 'List what was sent to a webhook',
    description: 'Newest first, for thirty days after the last try.',
    safe: true,
    params: idParams,
    query: pageQuery,
    answers: [200, 'A page; `Link` has the address of the next one.', pageOf(delivery)],
    problems: [400],
  }),
  replay: operation({
    id: 'replayWebhookDelivery',
    area,
    needs: 'webhook.replay',
    summary: 'Send an event again',
    description: 'Under the same `webhook-id`. The event has to be in the audit log still.',
    params: idParams.extend({ deliveryId: z.string().max(100) }),
    answers: [202, 'It is sent.'],
    problems: [409],
  }),
}

const view = ({ createdAt, disabled, failingSince, formerUntil, ...hook }: Webhook) => ({
  id: hook.id,
  url: hook.url,
  description: hook.description,
  events: hook.events,
  disabled: disabled !== undefined,
  disabled_reason: disabled?.reason ?? null,
  failing_since: timeOrNull(failingSince ?? null),
  former_secret_until: timeOrNull(formerUntil ?? null),
  created_at: time(createdAt),
})

const deliveryView = ({ id, event, type, status, tries, createdAt, nextTry, answer }: WebhookDelivery) => ({
  id,
  event_id: event,
  type,
  status,
  tries,
  created_at: time(createdAt),
  next_try_at: timeOrNull(nextTry ?? null),
  response_status: answer?.status ?? null,
  error: answer?.error ?? null,
  tried_at: timeOrNull(answer?.at ?? null),
})

/** `/webhooks` */
export function webhookRoutes({ app, deps }: RestContext): void {
  const { webhooks, issuer } = deps
  const limit = deps.limit('admin')
  const once = createOnce(deps.answers)

  app.get('/webhooks', { ...operations.list, ...limit }, async () => ({
    items: (await webhooks.list()).map(view),
  }))

  app.post('/webhooks', { ...operations.create, ...limit }, async (request, reply) =>
    once(request, reply, async () => {
      const created = await webhooks.create(request.body)
      const headers = {
        location: `${issuer}/api/admin/webhooks/${created.id}`,
        etag: `"${created.version}"`,
      }
      return { headers, body: { ...view(created), secret: created.secret } }
    }),
  )

  app.get('/webhooks/:id', { ...operations.read, ...limit }, async (request, reply) => {
    const found = await webhooks.get(request.params.id)
    sendEtag(reply, found.version)
    return view(found)
  })

  app.patch('/webhooks/:id', { ...operations.change, ...limit }, async (request, reply) => {
    const { id, version } = await webhooks.get(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    const changed = await orFailed(webhooks.update(id, request.body, given))
    sendEtag(reply, changed.version)
    return view(changed)
  })

  app.delete('/webhooks/:id', { ...operations.remove, ...limit }, async (request, reply) => {
    const { id, version } = await webhooks.get(request.params.id)
    const given = requireMatch(request, version) ? { ifVersion: version } : {}
    await orFailed(webhooks.remove(id, given))
    return reply.code(204).send()
  })

  app.post('/webhooks/:id/rotate-secret', { ...operations.rotate, ...limit }, async (request, reply) => {
    const rotated = await webhooks.rotateSecret(request.params.id)
    sendEtag(reply, rotated.version)
    return { ...view(rotated), secret: rotated.secret }
  })

  app.post('/webhooks/:id/test', { ...operations.test, ...limit }, async (request, reply) =>
    reply.code(202).send({ delivery_id: await webhooks.test(request.params.id) }),
  )

  app.get('/webhooks/:id/deliveries', { ...operations.deliveries, ...limit }, async (request, reply) =>
    sendPage(
      request,
      reply,
      issuer,
      await webhooks.deliveries(request.params.id, request.query),
      deliveryView,
    ),
  )

  const path = '/webhooks/:id/deliveries/:deliveryId/replay'
  app.post(path, { ...operations.replay, ...limit }, async (request, reply) => {
    await webhooks.replay(request.params.id, request.params.deliveryId)
    return reply.code(202).send()
  })
}
