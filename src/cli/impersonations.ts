import { Command } from 'commander'
import type { RunningImpersonation } from '../accounts/impersonations/impersonations.ts'
import { type Cli, createCommand, type Options } from './context.ts'
import { table, time } from './text.ts'

/** `latchkey impersonations …`. None begins here: it takes a person who has shown a second factor in a browser. */
export function impersonationCommands(cli: Cli): Command {
  const group = new Command('impersonations').description('Administrators who are signed in as a person')
  for (const command of [list, end]) group.addCommand(command(cli))
  return group
}

/** As REST says it. */
const document = (each: RunningImpersonation) => ({
  id: each.id,
  user_id: each.accountId,
  username: each.username ?? null,
  administrator_id: each.by,
  administrator: each.administrator ?? null,
  reason: each.reason,
  started_at: new Date(each.startedAt * 1000).toISOString(),
  expires_at: new Date(each.until * 1000).toISOString(),
})

const list = (cli: Cli): Command =>
  createCommand('list', 'list those that run, newest first').action(async (options: Options) => {
    const items = await (await cli.services()).impersonations.running()
    const text =
      items.length === 0
        ? 'No administrator is signed in as a person.'
        : table([
            ['ID', 'USER', 'ADMINISTRATOR', 'UNTIL', 'REASON'],
            ...items.map(({ id, accountId, username, by, administrator, until, reason }) => [
              ...[id, username ?? accountId, administrator ?? by, time(until * 1000), reason],
            ]),
          ])
    cli.answer(options, { items: items.map(document) }, text)
  })

const end = (cli: Cli): Command =>
  createCommand('end', 'end one, with every token that was issued in it')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      await (await cli.services()).impersonations.end(id)
      cli.answer(options, { id, ended: true }, 'The impersonation is ended.')
    })
