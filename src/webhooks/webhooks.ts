// Webhooks own: where events are sent, what each receiver wants, the secrets that sign (Standard Webhooks). They do not own: what an
// event is (the audit log says it, src/audit/outside), the queue that the deliveries wait in.
//
//   audit log ──► dispatch: one transaction a webhook: position + deliveries ──► queue ──► courier ──► POST, signed
//
// Each event arrives at least once, in no promised order, and never under the id of another one.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../shared/clock.ts'
import type { DeliveryQueue, PastDelivery } from '../shared/delivery.ts'
import { AppError, VersionConflict } from '../shared/errors.ts'
import { message } from '../shared/locales/texts.ts'
import type { Page, PageRequest } from '../shared/paging.ts'
import type { Secrets } from '../shared/secrets.ts'
import { newSecret } from '../shared/standard-webhooks.ts'
import type { Database } from '../storage/database.ts'
import { createWebhookCourier } from './courier.ts'
import { createDispatch, type Dispatch } from './dispatch.ts'
import type { EventLog, Sent, WebhookEvent } from './log.ts'
import { reasonNamed } from './reasons.ts'
import { createWebhookStore, type WebhookRow } from './store.ts'
import { parseWebhook, type Webhook, type WebhookContent, type WebhookRules } from './webhook.ts'

/** What happened to a webhook, for the audit log. */
export type WebhookAuditEvent =
  | { type: 'webhook.created' | 'webhook.updated'; id: string; name: string; before?: object; after: object }
  | {
      type: 'webhook.deleted' | 'webhook.secret_rotated' | 'webhook.disabled' | 'webhook.tested'
      id: string
      name: string
    }
  | { type: 'webhook.replayed'; id: string; name: string; delivery: string }

/** One event on its way to one webhook, or arrived. Times are milliseconds since the epoch. */
export interface WebhookDelivery {
  id: string
  /** `webhook-id`. */
  event: string
  type: string
  status: 'waiting' | 'delivered' | 'failed'
  tries: number
  createdAt: number
  /** Of one that waits. */
  nextTry: number | undefined
  /** Of the last try: the HTTP status of the answer, or why there was none. */
  answer: { status?: number; error?: string; at?: number } | undefined
  /** Why there was no answer, as a row of the table of reasons. */
  reason: ReturnType<typeof reasonNamed>
}

export interface Webhooks {
  /** What would be stored, checked by itself. @throws ValidationError (422) */
  complete(input: Readonly<Record<string, unknown>>): WebhookContent
  /** @returns the secret too: the only time it is shown @throws ValidationError (422), AppError too_many_webhooks (409) */
  create(input: Readonly<Record<string, unknown>>): Promise<Webhook & { secret: string }>
  /** Oldest first, fifty at most. */
  list(): Promise<Webhook[]>
  /** @throws AppError webhook_not_found (404) */
  get(id: string): Promise<Webhook>
  /**
   * Fields that are left out stay. What happens while one is disabled is not sent to it later.
   * @throws ValidationError (422) · AppError webhook_not_found (404), version_conflict (409)
   */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: number | undefined },
  ): Promise<Webhook>
  /**
   * With its deliveries.
   * @param given.ifVersion the version that is meant @throws AppError webhook_not_found (404), version_conflict (409)
   */
  remove(id: string, given?: { ifVersion?: number | undefined }): Promise<void>
  /** The secret before signs too, for a day. @returns the new one, shown once @throws AppError webhook_not_found (404) */
  rotateSecret(id: string): Promise<Webhook & { secret: string }>
  /** Sends one event `webhook.test`, once. @returns the id of the delivery @throws AppError webhook_not_found (404), webhook_disabled (409) */
  test(id: string): Promise<string>
  /** Newest first. @throws AppError webhook_not_found (404), invalid_page (400) */
  deliveries(id: string, page?: PageRequest): Promise<Page<WebhookDelivery>>
  /**
   * Sends an event again under its id, from the first try on.
   * @throws AppError webhook_not_found, delivery_not_found (404), webhook_disabled, delivery_under_way (409)
   */
  replay(id: string, delivery: string): Promise<void>
  dispatch: Dispatch
}

const MAX_WEBHOOKS = 50
const DAY = 86_400_000

const ID = /^[\da-f-]{36}$/

/** @param deps.matches whether a pattern takes in a type of event @param deps.announce tells administrators by mail that one is disabled */
export function createWebhooks(deps: {
  db: Pick<Database, 'prisma' | 'reads'>
  queue: DeliveryQueue
  log: EventLog
  fetch: typeof fetch
  secrets: Pick<Secrets, 'seal' | 'open'>
  clock: Clock
  rules: WebhookRules
  matches(pattern: string, type: string): boolean
  events(event: WebhookAuditEvent): void
  announce(webhook: { id: string; url: string; failingSince: number }): Promise<void>
  failed(error: unknown): void
}): Webhooks {
  const { clock, events, secrets, rules, log } = deps
  const store = createWebhookStore(deps.db)
  const context = (id: string) => `webhook ${id}`
  const seal = (id: string, secret: string) => secrets.seal(secret, context(id))

  const lane = deps.queue.open({
    kind: 'webhook',
    width: 16,
    perSubject: 4,
    secret: false,
    keepsDone: true,
    hurries: false,
    deliver: createWebhookCourier({
      store,
      log,
      fetch: deps.fetch,
      clock,
      secretsOf(row) {
        const former =
          row.formerUntil !== null && row.formerUntil.getTime() > clock() ? [row.formerSecret] : []
        return [row.secret, ...former].map((sealed) => secrets.open(sealed, context(row.id)))
      },
      async disabled(row) {
        events({ type: 'webhook.disabled', id: row.id, name: row.url })
        await deps.announce({
          id: row.id,
          url: row.url,
          failingSince: row.failingSince?.getTime() ?? clock(),
        })
      },
    }),
  })
  const dispatch = createDispatch({ store, log, lane, matches: deps.matches, failed: deps.failed })

  async function find(id: string): Promise<WebhookRow> {
    const row = ID.test(id) ? await store.find(id) : undefined
    if (row === undefined)
      throw new AppError('webhook_not_found', 404, message('admin.webhooks.error.not_found'))
    return row
  }

  async function active(id: string): Promise<WebhookRow> {
    const row = await find(id)
    if (row.disabledAt === null) return row
    throw new AppError('webhook_disabled', 409, message('admin.webhooks.error.disabled'))
  }

  return {
    dispatch,
    complete: (input) => parseWebhook(input, rules),

    async create(input) {
      const content = parseWebhook(input, rules)
      if ((await store.list()).length >= MAX_WEBHOOKS)
        throw new AppError(
          'too_many_webhooks',
          409,
          message('admin.webhooks.error.too_many', { most: MAX_WEBHOOKS }),
        )
      const [id, secret, now] = [randomUUID(), newSecret(), new Date(clock())]
      const row: WebhookRow = {
        id,
        ...stored(content),
        secret: seal(id, secret),
        formerSecret: '',
        formerUntil: null,
        position: await log.newest(),
        failingSince: null,
        disabledAt: content.disabled ? now : null,
        disabledFor: content.disabled ? 'administrator' : '',
        version: 0,
        createdAt: now,
      }
      await store.insert(row)
      events({ type: 'webhook.created', id, name: row.url, after: shown(row) })
      await dispatch.look()
      return { ...view(row), secret }
    },

    list: async () => (await store.list()).map(view),
    get: async (id) => view(await find(id)),

    async update(id, changes, { ifVersion } = {}) {
      const before = await find(id)
      if (ifVersion !== undefined && ifVersion !== before.version) throw new VersionConflict('webhook')
      const content = parseWebhook(changes, rules, contentOf(before))
      const enabled = before.disabledAt !== null && !content.disabled
      const row = await store.update(id, before.version, {
        ...stored(content),
        // Another receiver has not failed yet.
        ...(content.url !== before.url && { failingSince: null }),
        ...(content.disabled &&
          before.disabledAt === null && { disabledAt: new Date(clock()), disabledFor: 'administrator' }),
        ...(enabled && {
          disabledAt: null,
          disabledFor: '',
          failingSince: null,
          position: await log.newest(),
        }),
      })
      if (row === undefined) throw new VersionConflict('webhook')
      events({ type: 'webhook.updated', id, name: row.url, before: shown(before), after: shown(row) })
      if (enabled) await dispatch.look()
      return view(row)
    },

    async remove(id, { ifVersion } = {}) {
      const { url } = await find(id)
      if (!(await store.remove(id, ifVersion))) {
        await find(id)
        throw new VersionConflict('webhook')
      }
      events({ type: 'webhook.deleted', id, name: url })
      await lane.forget(id)
    },

    async rotateSecret(id) {
      const before = await find(id)
      const secret = newSecret()
      const row = await store.update(id, before.version, {
        secret: seal(id, secret),
        formerSecret: before.secret,
        formerUntil: new Date(clock() + DAY),
      })
      if (row === undefined) throw new VersionConflict('webhook')
      events({ type: 'webhook.secret_rotated', id, name: row.url })
      return { ...view(row), secret }
    },

    async test(id) {
      const { url } = await active(id)
      const test: WebhookEvent = {
        id: `evt_test_${randomBytes(12).toString('base64url')}`,
        type: 'webhook.test',
        time: new Date(clock()).toISOString(),
        data: { webhook: { id } },
      }
      const sent: Sent = { id: test.id, type: test.type, test }
      const [delivery = ''] = await lane.add([{ subject: id, payload: JSON.stringify(sent) }])
      events({ type: 'webhook.tested', id, name: url })
      return delivery
    },

    async deliveries(id, page) {
      await find(id)
      const { items, ...rest } = await lane.history(id, page)
      return { ...rest, items: items.map(deliveryOf) }
    },

    async replay(id, delivery) {
      const { url } = await active(id)
      const past = await lane.replay(id, delivery)
      if (past === undefined)
        throw new AppError('delivery_not_found', 404, message('admin.webhooks.error.no_delivery'))
      if (past === 'under_way')
        throw new AppError('delivery_under_way', 409, message('admin.webhooks.error.under_way'))
      events({ type: 'webhook.replayed', id, name: url, delivery })
    },
  }
}

const stored = ({ url, description, events }: WebhookContent) => ({
  url,
  description,
  events: events.join(' '),
})

const contentOf = (row: WebhookRow): WebhookContent => ({
  url: row.url,
  description: row.description,
  events: row.events.split(' '),
  disabled: row.disabledAt !== null,
})

/** What a change is told of. */
const shown = (row: WebhookRow): object => contentOf(row)

const view = (row: WebhookRow): Webhook => ({
  id: row.id,
  url: row.url,
  description: row.description,
  events: row.events.split(' '),
  disabled:
    row.disabledAt === null
      ? undefined
      : {
          at: row.disabledAt.getTime(),
          reason: row.disabledFor === 'failing' ? 'failing' : 'administrator',
        },
  failingSince: row.failingSince?.getTime(),
  formerUntil: row.formerUntil?.getTime(),
  version: row.version,
  createdAt: row.createdAt.getTime(),
})

const STATUS = { waiting: 'waiting', done: 'delivered', failed: 'failed' } as const

function deliveryOf({ id, payload, result, status, tries, createdAt, due }: PastDelivery): WebhookDelivery {
  const { id: event, type } = JSON.parse(payload) as Sent
  const answer = result === '' ? undefined : (JSON.parse(result) as WebhookDelivery['answer'])
  return {
    id,
    event,
    type,
    status: STATUS[status],
    tries,
    createdAt,
    nextTry: status === 'waiting' ? due : undefined,
    answer,
    reason: answer?.error === undefined ? undefined : reasonNamed(answer.error),
  }
}
