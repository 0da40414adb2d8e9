import { Command } from 'commander'
import type { Rejection } from '../rejections/rejection.ts'
import type { ExplainedRejection } from '../rejections/rejections.ts'
import { toSeconds } from '../shared/clock.ts'
import { type Cli, createCommand, moreHint, type Options, pageOf, withPage } from './context.ts'
import { labelledLines, table, time } from './text.ts'

/** `latchkey rejections …` */
export function rejectionCommands(cli: Cli): Command {
  const group = new Command('rejections').description('Requests of apps that were refused, and why')
  return group.addCommand(list(cli)).addCommand(show(cli))
}

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list what was refused in the last 14 days, newest first'))
    .option('--client <id>', 'only of this client')
    .option('--error <code>', 'only with this error, for example invalid_redirect_uri')
    .option('--endpoint <name>', 'only of this endpoint, for example authorization or token')
    .action(async (options: Options) => {
      const { rejections } = await cli.services()
      const text = (value: unknown) => (typeof value === 'string' ? value : undefined)
      const page = await rejections.list({
        ...pageOf(options),
        clientId: text(options.client),
        error: text(options.error),
        endpoint: text(options.endpoint),
      })
      const document = { ...page, items: page.items.map(documentOf) }
      cli.answer(
        options,
        document,
        listText(page.items) + moreHint('rejections list', options, page.next_cursor),
      )
    })

const show = (cli: Cli): Command =>
  createCommand('show', 'explain a refused request')
    .argument('<reference>', 'what the error page shows, or the header x-request-id')
    .action(async (reference: string, options: Options) => {
      const { rejections, config } = await cli.services()
      const shown = await rejections.show(reference)
      cli.answer(options, explainedDocument(shown), explainedText(shown, config.issuer))
    })

/** In snake_case, times in seconds since the epoch, as everywhere in JSON. */
const documentOf = (rejection: Rejection) => ({
  id: rejection.id,
  at: toSeconds(rejection.at),
  endpoint: rejection.endpoint,
  client_id: rejection.clientId,
  error: rejection.error,
  error_description: rejection.description,
  facts: rejection.details,
})

const explainedDocument = ({ rejection, explanation, fix }: ExplainedRejection) => ({
  ...documentOf(rejection),
  explanation: {
    rule: explanation.rule,
    title: explanation.title,
    mistake: explanation.mistake,
    in_app: explanation.inApp,
    here: explanation.here ?? null,
  },
  fix:
    fix === undefined ? null : { kind: fix.kind, client_id: fix.clientId, add: fix.add, beside: fix.beside },
})

const listText = (items: readonly Rejection[]): string =>
  items.length === 0
    ? 'Nothing has been refused.'
    : table([
        ['WHEN', 'CLIENT', 'ENDPOINT', 'ERROR', 'REFERENCE'],
        ...items.map((item) => [
          time(item.at),
          item.clientId ?? item.details.claimed_client_id ?? '–',
          item.endpoint,
          item.error,
          item.id,
        ]),
      ])

/** A line that marks what differs, below two texts that are alike at both ends. */
function marksBelow(sent: string, registered: string): string {
  let start = 0
  while (start < sent.length && sent[start] === registered[start]) start++
  return ' '.repeat(start).concat('^')
}

function explainedText(shown: ExplainedRejection, issuer: string): string {
  const { rejection, client, explanation, alignment, fix } = shown
  const parts = [
    `${explanation.title}\n\n${explanation.mistake}`,
    alignment &&
      `  sent        ${alignment.sent}\n  registered  ${alignment.registered}\n              ${marksBelow(alignment.sent, alignment.registered)} they differ from here on`,
    labelledLines([
      ['in the app', explanation.inApp],
      ['here', explanation.here],
    ]),
    labelledLines([
      ['reference', rejection.id],
      ['when', time(rejection.at)],
      ['endpoint', rejection.endpoint],
      ['client', client ? `${client.client_id} (${client.client_name})` : (rejection.clientId ?? undefined)],
      ['error', rejection.error],
      ['description', rejection.description ?? undefined],
      ['detail', rejection.details.detail],
    ]),
    fix && `The console can register what was sent: ${issuer}/admin/rejections/${rejection.id}/fix`,
  ]
  return parts.filter((part) => part !== undefined && part !== '').join('\n\n')
}
