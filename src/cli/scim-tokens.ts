import { Command } from 'commander'
import type { ScimToken } from '../scim/tokens/tokens.ts'
import { type Cli, createCommand, type Options } from './context.ts'
import { PROGRAM } from './program.ts'
import { labelledLines, table, time } from './text.ts'

/** `latchkey scim-tokens …` */
export function scimTokenCommands(cli: Cli): Command {
  const group = new Command('scim-tokens').description(
    'Tokens of directories that provision people (SCIM 2.0)',
  )
  for (const command of [create, list, show, update, remove]) group.addCommand(command(cli))
  return group
}

const document = ({ createdAt, lastUsedAt, ...token }: ScimToken) => ({
  ...token,
  created_at: new Date(createdAt).toISOString(),
  last_used_at: lastUsedAt === null ? null : new Date(lastUsedAt).toISOString(),
})

const create = (cli: Cli): Command =>
  createCommand('create', 'create a token; it is shown once')
    .option('--name <name>', 'the directory, like Entra; two tokens of one name may be there')
    .option('--organization <organization>', 'its ID or short name: for its members and roles alone')
    .action(async (options: Options) => {
      const { config, scimTokens } = await cli.services({ create: 'first' })
      const { name, organization } = options
      const { token, ...made } = await scimTokens.create({ name, organization })
      const data = labelledLines([
        ['token', `${token}   (shown once: hand it over now)`],
        ['id', made.id],
        ['address', `${config.issuer}/scim/v2`],
      ])
      cli.answer(options, { ...document(made), token }, `“${made.name}” is created.\n\n${data}`)
    })

const list = (cli: Cli): Command =>
  createCommand('list', 'list the tokens, oldest first').action(async (options: Options) => {
    const items = await (await cli.services()).scimTokens.list()
    const text =
      items.length === 0
        ? `There is no SCIM token yet. Create one with: ${PROGRAM} scim-tokens create --name Entra`
        : table([
            ['ID', 'NAME', 'CREATED', 'LAST USED'],
            ...items.map(({ id, name, createdAt, lastUsedAt }) => [
              id,
              name,
              time(createdAt),
              time(lastUsedAt),
            ]),
          ])
    cli.answer(options, { items: items.map(document) }, text)
  })

const show = (cli: Cli): Command =>
  createCommand('show', 'show a token, without the token itself')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const token = await (await cli.services()).scimTokens.get(id)
      const lines = labelledLines([
        ['id', token.id],
        ['name', token.name],
        ['created', time(token.createdAt)],
        ['last used', time(token.lastUsedAt)],
      ])
      cli.answer(options, document(token), lines)
    })

const update = (cli: Cli): Command =>
  createCommand(
    'update',
    'rename a token, and a second one of its name; what the directory calls people stays known',
  )
    .argument('<id>')
    .option('--name <name>', 'the directory, like Entra')
    .action(async (id: string, options: Options) => {
      const { name } = options
      const token = await (await cli.services()).scimTokens.update(id, name === undefined ? {} : { name })
      cli.answer(options, document(token), `The token is of “${token.name}” now.`)
    })

const remove = (cli: Cli): Command =>
  createCommand('delete', 'delete a token; users and groups stay')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      await (await cli.services()).scimTokens.remove(id)
      cli.answer(options, { id, deleted: true }, 'The token is deleted.')
    })
