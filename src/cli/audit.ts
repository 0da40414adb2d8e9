import { Command } from 'commander'
import { z } from 'zod'
import type { Entry } from '../audit/entry.ts'
import { sentenceOf } from '../audit/event-types.ts'
import { auditDocument } from '../audit/export.ts'
import type { AuditFilters } from '../audit/filters.ts'
import type { Verification } from '../audit/verify.ts'
import { sortable } from '../shared/moment.ts'
import { own } from '../shared/own.ts'
import { type Cli, CliError, createCommand, moreHint, type Options, pageOf, withPage } from './context.ts'
import { PROGRAM } from './program.ts'
import { table, time } from './text.ts'

/** `latchkey audit …` */
export function auditCommands(cli: Cli): Command {
  const group = new Command('audit').description('The log of who did what to what')
  for (const command of [list(cli), exportAll(cli), verify(cli), reanchor(cli)]) group.addCommand(command)
  return group
}

const withFilters = (command: Command): Command =>
  command
    .option('--action <action>', 'one action (client.updated) or the beginning of several (client.)')
    .option('--actor <who>', 'who did it: an ID, a username, provider, command_line, server or anonymous')
    .option('--target <what>', 'what it was done to: an ID or a username')
    .option('--address <address>', 'the network address that it came from')
    .option('--from <time>', 'from this day or time on, like 2026-11-25 or 2026-11-25T13:00Z')
    .option('--to <time>', 'until this day, or before this time')
    .option('--text <text>', 'what names, ids or details hold')

const typed = z.object({
  action: z.string().optional(),
  actor: z.string().optional(),
  target: z.string().optional(),
  address: z.string().optional(),
  from: z.string().optional(),
  to: z.string().optional(),
  text: z.string().optional(),
})
const filtersOf = (options: Options): AuditFilters => typed.parse(options)

const list = (cli: Cli): Command =>
  withPage(withFilters(createCommand('list', 'list entries, newest first'))).action(
    async (options: Options) => {
      const { audit } = await cli.services()
      const { items, next_cursor } = await audit.list(filtersOf(options), pageOf(options))
      const text =
        items.length === 0
          ? 'There is no such entry.'
          : table([['SEQ', 'TIME', 'WHO', 'DID WHAT', 'FROM'], ...items.map(rowOf)])
      const document = { items: items.map(auditDocument), ...(next_cursor !== undefined && { next_cursor }) }
      cli.answer(options, document, text + moreHint('audit list', options, next_cursor))
    },
  )

const exportAll = (cli: Cli): Command =>
  withFilters(new Command('export'))
    .description('write entries to standard output, newest first')
    .option('--format <format>', 'csv or jsonl (default)')
    .action(async (options: Options) => {
      const format = z.enum(['csv', 'jsonl']).default('jsonl').safeParse(options.format)
      if (!format.success) throw new CliError(['--format: must be csv or jsonl'])
      const { audit } = await cli.services()
      await cli.stream(await audit.export(format.data, filtersOf(options)))
    })

const verify = (cli: Cli): Command =>
  createCommand('verify', 'prove that nothing was changed, removed or added; exit status 1 if something was')
    .option(
      '--head <seq:hash>',
      'a head from earlier (of this command, or of the server’s log) that must still fit',
    )
    .action(async (options: Options) => {
      const { audit } = await cli.services()
      const kept = typeof options.head === 'string' ? options.head : undefined
      const result = await audit.verify({ head: kept })
      const { ok, entries, first, head, problems } = result
      if (!ok) cli.setStatus(1)
      const range =
        entries === 0 ? 'The log is empty.' : `${entries} entries, from ${first} on, were looked at.`
      const keep = `The head is ${head}\nKeep it elsewhere, and give it to the next verification with --head.`
      const verdict = ok
        ? `Nothing was changed. ${range}${anchoredText(result)}\n${keep}`
        : `The log is not as it was written. ${range}\n${problems.map(({ message }) => `  ${message}`).join('\n')}\n${WAY_OUT}`
      cli.answer(options, result, verdict)
    })

const WAY_OUT = `Find out why. Once you know, or if SECRET_KEY was lost: ${PROGRAM} audit re-anchor`

const anchoredText = ({ anchored }: Verification): string =>
  anchored === undefined
    ? ''
    : `\nUp to entry ${anchored.through} they are as they were at ${time(anchored.at)}, when the log was anchored anew (entry ${anchored.entry}).`

const reanchor = (cli: Cli): Command =>
  createCommand(
    're-anchor',
    'let a log that does not verify go on as one that does, behind an entry that says what was wrong',
  ).action(async (options: Options) => {
    const { audit } = await cli.services()
    const result = await audit.reanchor()
    const { entry, problems } = result
    const found = problems.map(({ message }) => `  ${message}`).join('\n')
    const text = `Entry ${entry} of the log now says what was found:\n${found}\nFrom here on it verifies, and what is before that entry cannot be changed unseen. Heads from before do not fit any more: keep a new one.`
    cli.answer(options, result, text)
  })

const rowOf = (entry: Entry): string[] => [
  String(entry.seq),
  sortable(entry.at, 'seconds'),
  entry.actor.name ?? entry.actor.id ?? own(WHO, entry.actor.kind) ?? entry.actor.kind,
  sentenceOf(entry.action, entry.target?.name ?? entry.target?.id) + reasonOf(entry),
  entry.address ?? (entry.actor.kind === 'command_line' ? 'command line' : ''),
]

const WHO: Readonly<Record<string, string>> = { anonymous: 'somebody', server: 'the server' }

const reasonOf = ({ details }: Entry): string => (details.reason === undefined ? '' : ` (${details.reason})`)
