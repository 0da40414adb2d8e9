import { Command } from 'commander'
import { z } from 'zod'
import { accountState } from '../../shared/account-state.ts'
import { type Cli, CliError, createCommand, moreHint, type Options, pageOf, withPage } from '../context.ts'
import { PROGRAM } from '../program.ts'
import { readSecret } from '../stdin.ts'
import { table, time } from '../text.ts'
import { factorCommands } from './factors.ts'
import { findAccount as find } from './find.ts'
import { importUsersCommand } from './import.ts'
import { addPersonOptions, attributeFilter, attributesOf, personOf } from './options.ts'
import { accountDocument, accountText, emailOf } from './text.ts'

/** The services that do what a command says. */
const METHODS = {
  disable: 'disable',
  enable: 'enable',
  unlock: 'unlock',
  'sign-out': 'endSessions',
  'send-reset': 'sendReset',
  'resend-invitation': 'sendInvitation',
  'withdraw-invitation': 'withdrawInvitation',
  delete: 'delete',
} as const

const FACTOR_FILTERS = ['any', 'none', 'passkey'] as const
const factorFilter = z.enum(FACTOR_FILTERS).optional()

/** `latchkey users …` */
export function userCommands(cli: Cli): Command {
  const group = new Command('users').description('The people who sign in')
  for (const command of [create(cli), invite(cli), list(cli), show(cli), update(cli)])
    group.addCommand(command)
  const actions = [
    ['disable', 'no sign-in any more; ends all sessions and tokens', 'disabled'],
    ['enable', 'let a disabled person in again', 'enabled'],
    ['unlock', 'end a lock-out after too many wrong passwords', 'unlocked'],
    ['sign-out', 'end every session and token of a person, who may sign in again', 'signed out everywhere'],
    ['send-reset', 'send a person a link that sets a new password', 'sent a link'],
    ['resend-invitation', 'send an invitation again; an earlier link works no more', 'invited'],
    [
      'withdraw-invitation',
      'end an invitation; an account that was never used goes with it',
      'no longer invited',
    ],
    ['delete', 'delete an account with all that belongs to it', 'deleted'],
  ] as const
  for (const [verb, description, done] of actions) group.addCommand(action(cli, verb, description, done))
  for (const command of factorCommands(cli)) group.addCommand(command)
  return group.addCommand(letIn(cli)).addCommand(setRole(cli)).addCommand(importUsersCommand(cli))
}

const create = (cli: Cli): Command =>
  addPersonOptions(
    createCommand('create', 'create an account that has a password; “invite” lets the person set their own')
      .option('--username <username>')
      .option('--email <email>')
      .option('--password-stdin', 'read the password from standard input')
      .option('--admin', 'may administer this server')
      .option('--verified', 'the email address is known to be theirs'),
  ).action(async (options: Options) => {
    if (options.passwordStdin !== true) {
      const example = `printf %s 'the password' | ${PROGRAM} users create … --password-stdin`
      throw new CliError(
        [
          `--password-stdin: is missing; a password is never an option, for example: ${example}`,
          `${PROGRAM} users invite … lets the person set a password of their own`,
        ],
        2,
      )
    }
    const password = await readSecret(cli, 'password')
    const services = await cli.services({ create: 'first' })
    const account = await services.accounts.createByAdmin({
      username: typeof options.username === 'string' ? options.username : '',
      email: typeof options.email === 'string' ? options.email : '',
      password,
      ...personOf(options),
      attributes: attributesOf(options, services),
      verified: options.verified === true,
      role: options.admin === true ? 'admin' : 'user',
    })
    const next = options.verified === true ? 'They can sign in.' : 'They have to verify their email address.'
    cli.answer(
      options,
      accountDocument(account, services),
      `The account is created. ${next}\n\n${accountText(account, cli.clock(), services)}`,
    )
  })

const invite = (cli: Cli): Command =>
  addPersonOptions(
    createCommand(
      'invite',
      'create an account for a person, who gets a mail to prove the address and set a password (good for 7 days)',
    )
      .requiredOption('--email <email>')
      .option('--username <username>', 'created from the address unless given')
      .option(
        '--role <role>',
        'user (default), auditor (may look), admin (may change), or the name of an administrator role',
      ),
  ).action(async (options: Options) => {
    const services = await cli.services({ create: 'first' })
    const account = await services.accounts.createByAdmin({
      username: typeof options.username === 'string' ? options.username : '',
      email: typeof options.email === 'string' ? options.email : '',
      ...personOf(options),
      attributes: attributesOf(options, services),
      verified: false,
      role: typeof options.role === 'string' ? options.role : 'user',
    })
    const text = `The invitation is on its way.\n\n${accountText(account, cli.clock(), services)}`
    cli.answer(options, accountDocument(account, services), text)
  })

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list the accounts'))
    .option('--search <text>', 'only those with this in their username, address or names')
    .option(
      '--second-factor <which>',
      'any, none or passkey: only those with a second factor, without, with a passkey',
    )
    .option('--attribute <name=value>', 'only those whose attribute has this value')
    .action(async (options: Options) => {
      const services = await cli.services()
      const { accounts } = services
      const { search } = options
      const [attribute] = attributeFilter(options)
      const factor = factorFilter.safeParse(options.secondFactor)
      if (!factor.success)
        throw new CliError([`--second-factor: must be one of ${FACTOR_FILTERS.join(', ')}`], 2)
      const filters = {
        ...(typeof search === 'string' && { search }),
        ...(factor.data !== undefined && { second_factor: factor.data }),
        ...(attribute && { attribute }),
      }
      const filtered = Object.keys(filters).length > 0
      const page = filtered
        ? await accounts.search({ ...pageOf(options), ...filters })
        : await accounts.list(pageOf(options))
      if (page.items.length === 0 && filtered) return cli.answer(options, page, 'There is no such account.')
      const rows = page.items.map((account) => [
        account.displayUsername,
        emailOf(account) ?? '–',
        services.administratorRoles.nameOf(account.role),
        accountState(account, cli.clock()),
        time(account.lastSignInAt),
        account.id,
      ])
      const text = table([['USERNAME', 'EMAIL', 'ROLE', 'STATE', 'LAST SIGN-IN', 'ID'], ...rows])
      const documents = { ...page, items: page.items.map((account) => accountDocument(account, services)) }
      cli.answer(options, documents, text + moreHint('users list', options, page.next_cursor))
    })

const show = (cli: Cli): Command =>
  createCommand('show', 'show an account')
    .argument('<id|email>', 'ID, username or email address')
    .action(async (login: string, options: Options) => {
      const services = await cli.services()
      const account = await find(services, login)
      cli.answer(options, accountDocument(account, services), accountText(account, cli.clock(), services))
    })

const update = (cli: Cli): Command =>
  addPersonOptions(
    createCommand('update', 'change what is known of a person; an empty value empties')
      .argument('<id|email>', 'ID, username or email address')
      .option('--email <email>', 'counts once they have verified it')
      .option('--require-second-factor', 'they have to have a second factor, whatever the settings say')
      .option('--no-require-second-factor', 'the settings decide'),
  ).action(async (login: string, options: Options) => {
    const { requireSecondFactor } = options
    const services = await cli.services()
    const given = {
      ...personOf(options),
      attributes: attributesOf(options, services),
      ...(typeof options.email === 'string' && { email: options.email }),
      ...(typeof requireSecondFactor === 'boolean' && { secondFactorRequired: requireSecondFactor }),
    }
    if (Object.values(given).every((value) => value === undefined))
      throw new CliError(['nothing to change; --help lists the options'], 2)
    const { id } = await find(services, login)
    const account = await services.accounts.updateByAdmin(id, given)
    cli.answer(
      options,
      accountDocument(account, services),
      `The account is updated.\n\n${accountText(account, cli.clock(), services)}`,
    )
  })

const action = (cli: Cli, verb: keyof typeof METHODS, description: string, done: string): Command =>
  createCommand(verb, description)
    .argument('<id|email>', 'ID, username or email address')
    .action(async (login: string, options: Options) => {
      const services = await cli.services()
      const account = await find(services, login)
      await services.accounts[METHODS[verb]](account.id)
      const text = `${account.displayUsername} (${account.id}) is ${done}.`
      const key = done.replaceAll(' ', '_')
      cli.answer(options, { id: account.id, username: account.displayUsername, [key]: true }, text)
    })

const letIn = (cli: Cli): Command =>
  createCommand('let-in', 'print a link that lets an administrator in whom strangers have locked out')
    .argument('<id|email>', 'ID, username or email address')
    .action(async (login: string, options: Options) => {
      const services = await cli.services()
      const account = await find(services, login)
      const { link, validFor } = await services.accounts.letIn(account.id)
      const document = { id: account.id, username: account.displayUsername, link, expires_in: validFor }
      const minutes = Math.floor(validFor / 60)
      const text = [
        `${account.displayUsername} sets a new password by this link, once, within ${minutes} minutes:`,
        link,
        'It ends the lock and every session. Whoever opens it has the account: give it to nobody else.',
      ]
      cli.answer(options, document, text.join('\n'))
    })

const setRole = (cli: Cli): Command =>
  createCommand('set-role', 'say what a person may do on this server')
    .argument('<id|email>', 'ID, username or email address')
    .argument('<role>', 'user, auditor (may look), admin (may change), or the name of an administrator role')
    .action(async (login: string, typed: string, options: Options) => {
      const services = await cli.services()
      const { id } = await find(services, login)
      const account = await services.accounts.setRole(id, typed)
      const text = `${account.displayUsername} (${id}) has the role ${services.administratorRoles.nameOf(account.role)}.`
      cli.answer(options, accountDocument(account, services), text)
    })
