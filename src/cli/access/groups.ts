import { Command } from 'commander'
import { GROUP_FIELDS } from '../../access/fields/table.ts'
import type { Group } from '../../access/groups/group.ts'
import { type Cli, createCommand, moreHint, type Options, pageOf, withPage } from '../context.ts'
import { PROGRAM } from '../program.ts'
import { labelledLines, table, time } from '../text.ts'
import { findAccount } from '../users/find.ts'
import { findGroup } from './find.ts'
import {
  accessDocument,
  accessInput,
  accessText,
  addAccessOptions,
  addChangeOptions,
  changesIn,
} from './options.ts'

const GROUP = ['<group>', 'its ID or name'] as const
const USER = ['<user>', 'ID, username or email address'] as const

/** `latchkey groups …` */
export function groupCommands(cli: Cli): Command {
  const group = new Command('groups').description(
    'People that belong together: apps see it in the claim groups',
  )
  for (const command of [
    ...[create, list, show, update, remove, members, addMember, removeMember],
    ...[addManager, removeManager],
  ])
    group.addCommand(command(cli))
  return group
}

const document = (group: Group) => accessDocument(GROUP_FIELDS, group)
const text = (group: Group) => accessText(GROUP_FIELDS, group)

const create = (cli: Cli): Command =>
  addAccessOptions(createCommand('create', 'create a group'), GROUP_FIELDS).action(
    async (options: Options) => {
      const { access } = await cli.services({ create: 'first' })
      const group = await access.groups.create(accessInput(GROUP_FIELDS, options))
      const next = `Next: ${PROGRAM} groups add-member ${group.id} USER`
      cli.answer(options, document(group), `The group is created.\n\n${text(group)}\n\n${next}`)
    },
  )

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list the groups by name'))
    .option('--search <text>', 'only those with this in their name')
    .action(async (options: Options) => {
      const { access } = await cli.services()
      const search = typeof options.search === 'string' ? options.search : undefined
      const page = await access.groups.list({ ...pageOf(options), search })
      const rows = page.items.map(({ id, name, description }) => [id, name, description])
      const shown =
        rows.length === 0
          ? `There is no group${search === undefined ? ' yet' : ' like that'}. Create one with: ${PROGRAM} groups create --name "…"`
          : table([['ID', 'NAME', 'DESCRIPTION'], ...rows])
      const answer = { ...page, items: page.items.map(document) }
      cli.answer(options, answer, shown + moreHint('groups list', options, page.next_cursor))
    })

const show = (cli: Cli): Command =>
  createCommand('show', 'show a group and its roles')
    .argument(...GROUP)
    .action(async (idOrName: string, options: Options) => {
      const services = await cli.services()
      const group = await findGroup(services, idOrName)
      const roles = await services.access.roles.ofGroup(group.id)
      const count = await services.access.groups.countMembers(group.id)
      const members = count > 1000 ? 'more than 1,000' : String(count)
      const names = roles.map(({ name, resource }) => (resource ? `${name} (${resource})` : name)).join(', ')
      const lines = labelledLines([
        ['members', members],
        ['roles', names],
      ])
      const answer = { ...document(group), roles: roles.map(({ id, name }) => ({ id, name })) }
      cli.answer(options, answer, `${text(group)}\n${lines}`)
    })

const update = (cli: Cli): Command =>
  addChangeOptions(createCommand('update', 'change a group').argument(...GROUP), GROUP_FIELDS).action(
    async (idOrName: string, options: Options) => {
      const changes = changesIn(GROUP_FIELDS, options)
      const services = await cli.services()
      const { id } = await findGroup(services, idOrName)
      const group = await services.access.groups.update(id, changes)
      cli.answer(options, document(group), `The group is changed.\n\n${text(group)}`)
    },
  )

const remove = (cli: Cli): Command =>
  createCommand('delete', 'delete a group; its members lose it, and the roles that they have by it')
    .argument(...GROUP)
    .action(async (idOrName: string, options: Options) => {
      const services = await cli.services()
      const { id, name } = await findGroup(services, idOrName)
      await services.access.groups.remove(id)
      cli.answer(options, { id, deleted: true }, `The group ${name} is deleted.`)
    })

const members = (cli: Cli): Command =>
  withPage(
    createCommand('members', 'list the members of a group, who came last first').argument(...GROUP),
  ).action(async (idOrName: string, options: Options) => {
    const services = await cli.services()
    const { id, name } = await findGroup(services, idOrName)
    const page = await services.access.groups.members(id, pageOf(options))
    const rows = page.items.map(({ accountId, username, email, createdAt }) => [
      accountId,
      username,
      email ?? '',
      time(createdAt),
    ])
    const shown =
      rows.length === 0
        ? `Nobody is in ${name}. Add a member with: ${PROGRAM} groups add-member ${id} USER`
        : table([['ID', 'USERNAME', 'EMAIL', 'SINCE'], ...rows])
    const items = page.items.map(({ accountId, createdAt, administrator: _, source: __, ...rest }) => ({
      user_id: accountId,
      ...rest,
      since: new Date(createdAt).toISOString(),
    }))
    cli.answer(
      options,
      { ...page, items },
      shown + moreHint(`groups members ${id}`, options, page.next_cursor),
    )
  })

const addMember = (cli: Cli): Command =>
  createCommand('add-member', 'add a member to a group')
    .argument(...GROUP)
    .argument(...USER)
    .action(async (idOrName: string, login: string, options: Options) => {
      const services = await cli.services()
      const { id, name } = await findGroup(services, idOrName)
      const account = await findAccount(services, login)
      await services.access.groups.addMember(id, account.id)
      const answer = { group_id: id, user_id: account.id }
      cli.answer(options, answer, `${account.username} is in ${name}.`)
    })

const removeMember = (cli: Cli): Command =>
  createCommand('remove-member', 'remove a member from a group')
    .argument(...GROUP)
    .argument(...USER)
    .action(async (idOrName: string, login: string, options: Options) => {
      const services = await cli.services()
      const { id, name } = await findGroup(services, idOrName)
      const account = await findAccount(services, login)
      await services.access.groups.removeMember(id, account.id)
      const answer = { group_id: id, user_id: account.id, removed: true }
      cli.answer(options, answer, `${account.username} is no longer in ${name}.`)
    })

const setManager = (cli: Cli, name: string, about: string, manager: boolean): Command =>
  createCommand(name, about)
    .argument(...GROUP)
    .argument(...USER)
    .action(async (idOrName: string, login: string, options: Options) => {
      const services = await cli.services()
      const group = await findGroup(services, idOrName)
      const account = await findAccount(services, login)
      await services.access.groups.setManager(group.id, account.id, manager)
      const answer = { group_id: group.id, user_id: account.id, manager }
      const does = manager ? 'manages' : 'does not manage'
      cli.answer(options, answer, `${account.username} ${does} ${group.name}${manager ? '' : ' any more'}.`)
    })

const addManager = (cli: Cli): Command =>
  setManager(cli, 'add-manager', 'let a member of a group add and remove members', true)

const removeManager = (cli: Cli): Command =>
  setManager(cli, 'remove-manager', 'take the management of a group from a member, who stays one', false)
