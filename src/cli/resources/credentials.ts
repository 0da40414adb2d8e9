import type { Command } from 'commander'
import { isApiCredential } from '../../shared/api-credential-id.ts'
import { AppError } from '../../shared/errors.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { PROGRAM } from '../program.ts'
import { labelledLines, table, time } from '../text.ts'

/** `latchkey resources credentials|add-credential|remove-credential …`: what an API introspects tokens with. */
export const resourceCredentialCommands = (cli: Cli): Command[] => [list(cli), add(cli), remove(cli)]

const timeOf = (seconds: number | undefined): string =>
  seconds === undefined ? 'never' : time(seconds * 1000)

const list = (cli: Cli): Command =>
  createCommand('credentials', 'list what an API introspects tokens with')
    .argument('<identifier>')
    .action(async (identifier: string, options: Options) => {
      const { resourceCredentials } = await cli.services()
      const found = await resourceCredentials.list(identifier)
      // As secrets of clients have it: null is never.
      const items = found.map((each) => ({ ...each, last_used_at: each.last_used_at ?? null }))
      const rows = found.map((each) => [each.client_id, timeOf(each.created_at), timeOf(each.last_used_at)])
      const text =
        rows.length === 0
          ? `It has no credential. Make one with: ${PROGRAM} resources add-credential ${identifier}`
          : table([['CLIENT ID', 'CREATED', 'LAST USED'], ...rows])
      cli.answer(options, { items }, text)
    })

const add = (cli: Cli): Command =>
  createCommand('add-credential', 'create a credential with which an API introspects its tokens')
    .argument('<identifier>')
    .action(async (identifier: string, options: Options) => {
      const { resourceCredentials } = await cli.services()
      const { client_id, client_secret, ...rest } = await resourceCredentials.add(identifier)
      const text = labelledLines([
        ['client_id', client_id],
        ['client_secret', client_secret],
      ])
      const next = `The secret is shown this once. With it the API asks about tokens that are meant for it, and can do nothing else.\nTwo credentials work at once. Remove the old one when nothing uses it any more:\n  ${PROGRAM} resources credentials ${identifier}\n  ${PROGRAM} resources remove-credential CLIENT_ID`
      cli.answer(options, { client_id, client_secret, ...rest }, `${text}\n\n${next}`)
    })

const remove = (cli: Cli): Command =>
  createCommand('remove-credential', 'end a credential at once, or all of an API')
    .argument('<id>', 'the client ID of a credential, or the identifier of an API')
    .action(async (id: string, options: Options) => {
      const { resourceCredentials } = await cli.services()
      if (!isApiCredential(id)) {
        if (URL.parse(id) === null)
          throw new CliError([
            `${id}: is neither the client ID of a credential (api_ and 32 hexadecimal digits) nor the identifier of an API (a URI)`,
          ])
        await resourceCredentials.remove(id)
        return cli.answer(options, { identifier: id, removed: true }, `Every credential of ${id} is removed.`)
      }
      const identifier = await resourceCredentials.resourceOf(id)
      if (identifier === undefined)
        throw new AppError('credential_not_found', 404, 'There is no credential with this client ID.')
      await resourceCredentials.remove(identifier, id)
      cli.answer(options, { client_id: id, identifier, removed: true }, `${id} is removed.`)
    })
