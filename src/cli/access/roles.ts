import { Command } from 'commander'
import { ROLE_FIELDS } from '../../access/fields/table.ts'
import type { Role } from '../../access/roles/role.ts'
import { type Cli, CliError, createCommand, moreHint, type Options, pageOf, withPage } from '../context.ts'
import { PROGRAM } from '../program.ts'
import type { CliServices } from '../services.ts'
import { labelledLines, table } from '../text.ts'
import { findAccount } from '../users/find.ts'
import { findGroup, findRole } from './find.ts'
import {
  accessDocument,
  accessInput,
  accessText,
  addAccessOptions,
  addChangeOptions,
  changesIn,
} from './options.ts'

const ROLE = ['<role>', 'its ID or name'] as const

/** `latchkey roles …` */
export function roleCommands(cli: Cli): Command {
  const group = new Command('roles').description('Named sets of an API’s scopes, given to people and groups')
  for (const command of [create, list, show, update, remove, assign, unassign]) group.addCommand(command(cli))
  return group
}

const document = (role: Role) => accessDocument(ROLE_FIELDS, role)
const text = (role: Role) => accessText(ROLE_FIELDS, role)

const create = (cli: Cli): Command =>
  addAccessOptions(createCommand('create', 'create a role'), ROLE_FIELDS).action(async (options: Options) => {
    const { access } = await cli.services({ create: 'first' })
    const role = await access.roles.create(accessInput(ROLE_FIELDS, options))
    const next = `Next: ${PROGRAM} roles assign ${role.id} --user USER`
    cli.answer(options, document(role), `The role is created.\n\n${text(role)}\n\n${next}`)
  })

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list the roles by API and name'))
    .option('--search <text>', 'only those with this in their name')
    .option('--resource <uri>', 'only those of this API')
    .action(async (options: Options) => {
      const { access } = await cli.services()
      const search = typeof options.search === 'string' ? options.search : undefined
      const resource = typeof options.resource === 'string' ? options.resource : undefined
      const page = await access.roles.list({ ...pageOf(options), search, resource })
      const rows = page.items.map(({ id, name, resource: api = '', scope = '' }) => [id, name, api, scope])
      const shown =
        rows.length === 0
          ? `There is no such role yet. Create one with: ${PROGRAM} roles create --name "…"`
          : table([['ID', 'NAME', 'API', 'SCOPES'], ...rows])
      const answer = { ...page, items: page.items.map(document) }
      cli.answer(options, answer, shown + moreHint('roles list', options, page.next_cursor))
    })

const show = (cli: Cli): Command =>
  createCommand('show', 'show a role and the groups that have it')
    .argument(...ROLE)
    .action(async (idOrName: string, options: Options) => {
      const services = await cli.services()
      const role = await findRole(services, idOrName)
      const groups = await services.access.roles.groups(role.id)
      const answer = { ...document(role), groups: groups.map(({ id, name }) => ({ id, name })) }
      const names = labelledLines([['groups', groups.map(({ name }) => name).join(', ')]])
      cli.answer(options, answer, [text(role), names].filter(Boolean).join('\n'))
    })

const update = (cli: Cli): Command =>
  addChangeOptions(
    createCommand('update', 'change a role; --scope "" empties it').argument(...ROLE),
    ROLE_FIELDS,
  ).action(async (idOrName: string, options: Options) => {
    const changes = changesIn(ROLE_FIELDS, options)
    const services = await cli.services()
    const { id } = await findRole(services, idOrName)
    const role = await services.access.roles.update(id, changes)
    cli.answer(options, document(role), `The role is changed.\n\n${text(role)}`)
  })

const remove = (cli: Cli): Command =>
  createCommand('delete', 'delete a role; everyone who has it loses it')
    .argument(...ROLE)
    .action(async (idOrName: string, options: Options) => {
      const services = await cli.services()
      const { id, name } = await findRole(services, idOrName)
      await services.access.roles.remove(id)
      cli.answer(options, { id, deleted: true }, `The role ${name} is deleted.`)
    })

/** @throws CliError unless exactly one of --user and --group is given */
async function holderOf(services: CliServices, { user, group }: Options) {
  if ((user === undefined) === (group === undefined))
    throw new CliError(
      ['give either --user with an ID, username or email address, or --group with an ID or name'],
      2,
    )
  if (user !== undefined) {
    const { id, username } = await findAccount(services, String(user))
    return { holder: { account: id }, name: username, answer: { user_id: id } }
  }
  const { id, name } = await findGroup(services, String(group))
  return { holder: { group: id }, name, answer: { group_id: id } }
}

const withHolder = (command: Command): Command =>
  command
    .argument(...ROLE)
    .option('--user <user>', 'a user: ID, username or email address')
    .option('--group <group>', 'a group: ID or name')

const assign = (cli: Cli): Command =>
  withHolder(createCommand('assign', 'give a role to a user or to a group')).action(
    async (idOrName: string, options: Options) => {
      const services = await cli.services()
      const role = await findRole(services, idOrName)
      const { holder, name, answer } = await holderOf(services, options)
      await services.access.roles.assign(role.id, holder)
      cli.answer(options, { role_id: role.id, ...answer }, `${name} has the role ${role.name}.`)
    },
  )

const unassign = (cli: Cli): Command =>
  withHolder(createCommand('unassign', 'take a role from a user or from a group')).action(
    async (idOrName: string, options: Options) => {
      const services = await cli.services()
      const role = await findRole(services, idOrName)
      const { holder, name, answer } = await holderOf(services, options)
      await services.access.roles.unassign(role.id, holder)
      cli.answer(
        options,
        { role_id: role.id, ...answer, removed: true },
        `${name} does not have the role ${role.name} any more.`,
      )
    },
  )
