import { Command } from 'commander'
import type { Webhook } from '../webhooks/webhook.ts'
import { type Cli, createCommand, moreHint, type Options, pageOf, withPage } from './context.ts'
import { repeated } from './option.ts'
import { PROGRAM } from './program.ts'
import { labelledLines, table, time } from './text.ts'

const ID = ['<id>', 'of the webhook'] as const

/** `latchkey webhooks …` */
export function webhookCommands(cli: Cli): Command {
  const group = new Command('webhooks').description('Where events are sent, signed (Standard Webhooks)')
  for (const command of [create, list, show, update, remove, rotateSecret, test, deliveries, replay])
    group.addCommand(command(cli))
  return group
}

const withFields = (command: Command): Command =>
  command
    .option('--url <url>', 'where events are sent, by POST')
    .option('--event <type>', 'a type or pattern: user.created, user.*, * (may be repeated)', repeated)
    .option('--description <text>', 'for administrators')

function fieldsOf({ url, event, description, disable, enable }: Options): Record<string, unknown> {
  return {
    ...(url !== undefined && { url }),
    ...(event !== undefined && { events: event }),
    ...(description !== undefined && { description }),
    ...(disable === true && { disabled: true }),
    ...(enable === true && { disabled: false }),
  }
}

const iso = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())

const document = ({ disabled, failingSince, formerUntil, createdAt, version: _, ...hook }: Webhook) => ({
  ...hook,
  disabled: disabled !== undefined,
  disabled_reason: disabled?.reason ?? null,
  failing_since: iso(failingSince),
  former_secret_until: iso(formerUntil),
  created_at: iso(createdAt),
})

function stateOf({ disabled, failingSince }: Webhook): string {
  if (disabled) return disabled.reason === 'failing' ? 'disabled: it failed for five days' : 'disabled'
  return failingSince === undefined ? 'active' : `failing since ${time(failingSince)}`
}

const text = (hook: Webhook): string =>
  labelledLines([
    ['id', hook.id],
    ['url', hook.url],
    ['events', hook.events.join(' ')],
    ['description', hook.description],
    ['state', stateOf(hook)],
    ['created', time(hook.createdAt)],
  ])

const once = (secret: string) => `Its secret, shown this once:\n${secret}`

const create = (cli: Cli): Command =>
  withFields(createCommand('create', 'create a webhook; its secret is shown once')).action(
    async (options: Options) => {
      const { webhooks } = await cli.services({ create: 'first' })
      const { secret, ...hook } = await webhooks.create(fieldsOf(options))
      const next = `Next: ${PROGRAM} webhooks test ${hook.id}`
      cli.answer(
        options,
        { ...document(hook), secret },
        `The webhook is created.\n\n${text(hook)}\n\n${once(secret)}\n\n${next}`,
      )
    },
  )

const list = (cli: Cli): Command =>
  createCommand('list', 'list the webhooks, oldest first').action(async (options: Options) => {
    const { webhooks } = await cli.services()
    const all = await webhooks.list()
    const rows = all.map((hook) => [hook.id, hook.url, hook.events.join(' '), stateOf(hook)])
    const shown =
      rows.length === 0
        ? `There is no webhook yet. Create one with: ${PROGRAM} webhooks create --url https://… --event "user.*"`
        : table([['ID', 'URL', 'EVENTS', 'STATE'], ...rows])
    cli.answer(options, { items: all.map(document) }, shown)
  })

const show = (cli: Cli): Command =>
  createCommand('show', 'show a webhook')
    .argument(...ID)
    .action(async (id: string, options: Options) => {
      const hook = await (await cli.services()).webhooks.get(id)
      cli.answer(options, document(hook), text(hook))
    })

const update = (cli: Cli): Command =>
  withFields(createCommand('update', 'change a webhook').argument(...ID))
    .option('--disable', 'send it nothing')
    .option('--enable', 'send it what happens from now on')
    .action(async (id: string, options: Options) => {
      const hook = await (await cli.services()).webhooks.update(id, fieldsOf(options))
      cli.answer(options, document(hook), `The webhook is changed.\n\n${text(hook)}`)
    })

const remove = (cli: Cli): Command =>
  createCommand('delete', 'delete a webhook with its deliveries')
    .argument(...ID)
    .action(async (id: string, options: Options) => {
      await (await cli.services()).webhooks.remove(id)
      cli.answer(options, { id, deleted: true }, 'The webhook is deleted.')
    })

const rotateSecret = (cli: Cli): Command =>
  createCommand('rotate-secret', 'give it a new secret; the one before signs too, for a day')
    .argument(...ID)
    .action(async (id: string, options: Options) => {
      const { secret, ...hook } = await (await cli.services()).webhooks.rotateSecret(id)
      cli.answer(options, { ...document(hook), secret }, once(secret))
    })

const test = (cli: Cli): Command =>
  createCommand('test', 'send it one event webhook.test')
    .argument(...ID)
    .action(async (id: string, options: Options) => {
      const delivery = await (await cli.services()).webhooks.test(id)
      const next = `See what it answered with: ${PROGRAM} webhooks deliveries ${id}`
      cli.answer(options, { delivery_id: delivery }, `The event is on its way.\n\n${next}`)
    })

const deliveries = (cli: Cli): Command =>
  withPage(createCommand('deliveries', 'list what was sent to it, newest first').argument(...ID)).action(
    async (id: string, options: Options) => {
      const { items, next_cursor } = await (await cli.services()).webhooks.deliveries(id, pageOf(options))
      const rows = items.map((each) => [
        each.id,
        each.type,
        each.status,
        String(each.answer?.status ?? each.answer?.error ?? ''),
        String(each.tries),
        time(each.createdAt),
      ])
      const shown =
        rows.length === 0
          ? 'Nothing was sent to it yet.'
          : table([['ID', 'TYPE', 'STATUS', 'ANSWER', 'TRIES', 'SINCE'], ...rows])
      const answer = {
        items: items.map(({ event, createdAt, nextTry, answer: last, ...rest }) => ({
          ...rest,
          event_id: event,
          created_at: iso(createdAt),
          next_try_at: iso(nextTry),
          response_status: last?.status ?? null,
          error: last?.error ?? null,
          tried_at: iso(last?.at),
        })),
        ...(next_cursor !== undefined && { next_cursor }),
      }
      cli.answer(options, answer, shown + moreHint(`webhooks deliveries ${id}`, options, next_cursor))
    },
  )

const replay = (cli: Cli): Command =>
  createCommand('replay', 'send an event again, under its id')
    .argument(...ID)
    .argument('<delivery>', 'its ID, of the list of deliveries')
    .action(async (id: string, delivery: string, options: Options) => {
      await (await cli.services()).webhooks.replay(id, delivery)
      cli.answer(options, { delivery_id: delivery }, 'The event is on its way again.')
    })
