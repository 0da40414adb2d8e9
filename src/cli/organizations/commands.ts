import { Command } from 'commander'
import { ORGANIZATION_FIELDS, textOf, valueIn } from '../../organizations/fields.ts'
import type { Organization } from '../../organizations/organization.ts'
import { type Cli, CliError, createCommand, moreHint, type Options, pageOf, withPage } from '../context.ts'
import { createOption, repeated, valueGiven } from '../option.ts'
import { PROGRAM } from '../program.ts'
import { labelledLines, table, time } from '../text.ts'
import { findAccount } from '../users/find.ts'
import { domainCommands } from './domains.ts'

const ORGANIZATION = ['<organization>', 'its ID or short name'] as const
const USER = ['<user>', 'ID, username or email address'] as const
const ROLE = ['--role <name>', 'a role of the template; repeatable', repeated] as const

/** `latchkey organizations …` */
export function organizationCommands(cli: Cli): Command {
  const group = new Command('organizations').description('Companies that people sign in for')
  for (const command of [
    ...[create, list, show, update, remove],
    ...[members, putMember, removeMember],
    ...[invitations, invite, sendAgain, revoke],
    ...domainCommands,
  ])
    group.addCommand(command(cli))
  return group
}

const withFields = (command: Command): Command => {
  for (const { option } of ORGANIZATION_FIELDS) command.addOption(createOption(option))
  return command
}

/** What the options say; what was not given is left out. */
const inputOf = (options: Options): Record<string, unknown> =>
  Object.fromEntries(
    ORGANIZATION_FIELDS.map(({ name, kind, option }) => [name, kind, valueGiven(options, option)] as const)
      .filter(([, , given]) => given !== undefined)
      .map(([name, kind, given]) => [name, valueIn({ kind }, String(given))]),
  )

const document = ({ createdAt, version: _, ...rest }: Organization) => ({
  ...rest,
  created_at: new Date(createdAt).toISOString(),
})

const text = (one: Organization): string =>
  labelledLines([
    ['ID', one.id],
    ...ORGANIZATION_FIELDS.map(({ name }): [string, string] => [
      name.replaceAll('_', ' '),
      textOf(one[name]) || 'none',
    ]),
    ['created', time(one.createdAt)],
  ])

const create = (cli: Cli): Command =>
  withFields(createCommand('create', 'create an organization')).action(async (options: Options) => {
    const { organizations } = await cli.services({ create: 'first' })
    const created = await organizations.create(inputOf(options))
    const next = `Next: ${PROGRAM} organizations invite ${created.slug} EMAIL`
    cli.answer(options, document(created), `The organization is created.\n\n${text(created)}\n\n${next}`)
  })

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list the organizations by short name'))
    .option('--search <text>', 'only those with this in their name or short name')
    .action(async (options: Options) => {
      const { organizations } = await cli.services()
      const search = typeof options.search === 'string' ? options.search : undefined
      const page = await organizations.list({ ...pageOf(options), search })
      const rows = page.items.map(({ id, slug, name, disabled }) => [
        id,
        slug,
        name,
        disabled ? 'disabled' : '',
      ])
      const shown =
        rows.length === 0
          ? `There is no organization${search === undefined ? ' yet' : ' like that'}. Create one with: ${PROGRAM} organizations create --name "…"`
          : table([['ID', 'SHORT NAME', 'NAME', ''], ...rows])
      const answer = { ...page, items: page.items.map(document) }
      cli.answer(options, answer, shown + moreHint('organizations list', options, page.next_cursor))
    })

const show = (cli: Cli): Command =>
  createCommand('show', 'show an organization')
    .argument(...ORGANIZATION)
    .action(async (idOrSlug: string, options: Options) => {
      const { organizations } = await cli.services()
      const found = await organizations.find(idOrSlug)
      const count = await organizations.members.count(found.id)
      const lines = labelledLines([['members', count > 1000 ? 'more than 1,000' : String(count)]])
      cli.answer(options, document(found), `${text(found)}\n${lines}`)
    })

const update = (cli: Cli): Command =>
  withFields(createCommand('update', 'change an organization').argument(...ORGANIZATION)).action(
    async (idOrSlug: string, options: Options) => {
      const changes = inputOf(options)
      if (Object.keys(changes).length === 0)
        throw new CliError(['nothing to change; give at least one option, for example --name'], 2)
      const { organizations } = await cli.services()
      const { id } = await organizations.find(idOrSlug)
      const changed = await organizations.update(id, changes)
      cli.answer(options, document(changed), `The organization is changed.\n\n${text(changed)}`)
    },
  )

const remove = (cli: Cli): Command =>
  createCommand('delete', 'delete an organization; its tokens and invitations end, accounts stay')
    .argument(...ORGANIZATION)
    .action(async (idOrSlug: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id, name } = await organizations.find(idOrSlug)
      await organizations.remove(id)
      cli.answer(options, { id, deleted: true }, `The organization ${name} is deleted.`)
    })

const members = (cli: Cli): Command =>
  withPage(
    createCommand('members', 'list the members, who came last first').argument(...ORGANIZATION),
  ).action(async (idOrSlug: string, options: Options) => {
    const { organizations } = await cli.services()
    const { id, name, slug } = await organizations.find(idOrSlug)
    const page = await organizations.members.list(id, pageOf(options))
    const items = page.items.map(({ accountId, createdAt, administrator: _, ...rest }) => ({
      user_id: accountId,
      ...rest,
      since: new Date(createdAt).toISOString(),
    }))
    const rows = page.items.map((each) => [
      ...[each.accountId, each.username, each.email ?? '', each.roles.join(' '), time(each.createdAt)],
    ])
    const shown =
      rows.length === 0
        ? `Nobody is in ${name}. Invite a person with: ${PROGRAM} organizations invite ${slug} EMAIL`
        : table([['ID', 'USERNAME', 'EMAIL', 'ROLES', 'SINCE'], ...rows])
    cli.answer(
      options,
      { ...page, items },
      shown + moreHint(`organizations members ${slug}`, options, page.next_cursor),
    )
  })

const putMember = (cli: Cli): Command =>
  createCommand('put-member', 'add a member to an organization, or set their roles')
    .argument(...ORGANIZATION)
    .argument(...USER)
    .option(...ROLE)
    .action(async (idOrSlug: string, login: string, options: Options) => {
      const services = await cli.services()
      const { id, name } = await services.organizations.find(idOrSlug)
      const account = await findAccount(services, login)
      const { roles } = await services.organizations.members.put(id, account.id, options.role)
      const as = roles.length > 0 ? `, as ${roles.join(', ')}` : ''
      const answer = { organization_id: id, user_id: account.id, roles }
      cli.answer(options, answer, `${account.username} is in ${name}${as}.`)
    })

const removeMember = (cli: Cli): Command =>
  createCommand('remove-member', 'remove a member from an organization')
    .argument(...ORGANIZATION)
    .argument(...USER)
    .action(async (idOrSlug: string, login: string, options: Options) => {
      const services = await cli.services()
      const { id, name } = await services.organizations.find(idOrSlug)
      const account = await findAccount(services, login)
      await services.organizations.members.remove(id, account.id)
      const answer = { organization_id: id, user_id: account.id, removed: true }
      cli.answer(options, answer, `${account.username} is no longer in ${name}.`)
    })

const invitations = (cli: Cli): Command =>
  withPage(createCommand('invitations', 'list the invitations that wait').argument(...ORGANIZATION)).action(
    async (idOrSlug: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id, name, slug } = await organizations.find(idOrSlug)
      const page = await organizations.invitations.list(id, pageOf(options))
      const items = page.items.map(({ createdAt, sentAt, expiresAt, invitedBy, ...rest }) => ({
        ...{ ...rest, invited_by: invitedBy, created_at: new Date(createdAt).toISOString() },
        ...{ sent_at: new Date(sentAt).toISOString(), expires_at: new Date(expiresAt).toISOString() },
      }))
      const rows = page.items.map((each) => [
        ...[each.id, each.email, each.roles.join(' '), each.expired ? 'expired' : time(each.expiresAt)],
      ])
      const shown =
        rows.length === 0
          ? `No invitation to ${name} waits.`
          : table([['ID', 'EMAIL', 'ROLES', 'UNTIL'], ...rows])
      const more = moreHint(`organizations invitations ${slug}`, options, page.next_cursor)
      cli.answer(options, { ...page, items }, shown + more)
    },
  )

const invite = (cli: Cli): Command =>
  createCommand('invite', 'invite a person to an organization')
    .argument(...ORGANIZATION)
    .argument('<email>', 'where the invitation goes')
    .option(...ROLE)
    .action(async (idOrSlug: string, email: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id: organization, name } = await organizations.find(idOrSlug)
      const sent = await organizations.invitations.create(organization, { email, roles: options.role })
      const answer = { id: sent.id, email: sent.email, roles: sent.roles }
      cli.answer(options, answer, `An invitation to ${name} goes to ${sent.email}.`)
    })

const sendAgain = (cli: Cli): Command =>
  createCommand('send-invitation', 'send an invitation again; the link before leads nowhere')
    .argument(...ORGANIZATION)
    .argument('<invitation>', 'its ID')
    .action(async (idOrSlug: string, invitation: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id } = await organizations.find(idOrSlug)
      const sent = await organizations.invitations.sendAgain(id, invitation)
      cli.answer(options, { id: sent.id, email: sent.email }, `The invitation goes to ${sent.email} again.`)
    })

const revoke = (cli: Cli): Command =>
  createCommand('revoke-invitation', 'revoke an invitation; its link leads nowhere')
    .argument(...ORGANIZATION)
    .argument('<invitation>', 'its ID')
    .action(async (idOrSlug: string, invitation: string, options: Options) => {
      const { organizations } = await cli.services()
      const { id } = await organizations.find(idOrSlug)
      await organizations.invitations.revoke(id, invitation)
      cli.answer(options, { id: invitation, revoked: true }, 'The invitation is revoked.')
    })
