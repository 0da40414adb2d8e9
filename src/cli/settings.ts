import { Command } from 'commander'
import type { SettingState } from '../settings/settings.ts'
import { isSettingName, settingOf, textOf } from '../settings/table.ts'
import { toSeconds } from '../shared/clock.ts'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import { PROGRAM } from './program.ts'
import { labelledLines, table, time } from './text.ts'

/** `latchkey settings …` */
export function settingsCommands(cli: Cli): Command {
  const group = new Command('settings').description('What may be changed while the server runs')
  for (const command of [list(cli), get(cli), set(cli), reset(cli), testMail(cli)]) group.addCommand(command)
  return group
}

const list = (cli: Cli): Command =>
  createCommand('list', 'list all settings, section by section').action(async (options: Options) => {
    const { settings } = await (await cli.services()).settings.list()
    const rows = settings.map((each) => [each.name, shown(each.value), shown(each.default), stateOf(each)])
    cli.answer(
      options,
      { items: settings.map(documentOf) },
      table([['NAME', 'VALUE', 'DEFAULT', 'STATE'], ...rows]),
    )
  })

const get = (cli: Cli): Command =>
  createCommand('get', 'show one setting')
    .argument('<name>')
    .action(async (name: string, options: Options) => {
      const { settings } = await cli.services()
      const found = find((await settings.list()).settings, name)
      cli.answer(options, documentOf(found), settingText(found))
    })

const set = (cli: Cli): Command =>
  createCommand('set', 'change one setting; running servers follow within two seconds')
    .argument('<name>')
    .argument('<value...>', 'of a list all that is to be in it; "" empties it')
    .action(async (name: string, values: readonly string[], options: Options) => {
      const text = values.join(' ')
      const { settings } = await cli.services({ create: 'first' })
      const { settings: all } = await settings.change({
        [name]: isSettingName(name) ? settingOf(name).fromText(text) : text,
      })
      const found = find(all, name)
      cli.answer(options, documentOf(found), `${name} is changed.\n\n${settingText(found)}`)
    })

const reset = (cli: Cli): Command =>
  createCommand('reset', 'take settings back to their defaults')
    .argument('<name...>')
    .action(async (names: readonly string[], options: Options) => {
      const { settings } = await cli.services({ create: 'first' })
      const state = await settings.change(Object.fromEntries(names.map((name) => [name, null])))
      const found = names.map((name) => find(state.settings, name))
      const lines = found.map((each) => `${each.name} is ${shown(each.value)} again, as by default.`)
      cli.answer(options, { items: found.map(documentOf) }, lines.join('\n'))
    })

const testMail = (cli: Cli): Command =>
  createCommand('test-mail', 'send a test message to a user, at once, and say what the mail server says')
    .argument('<user>', 'id, username or email address')
    .action(async (user: string, options: Options) => {
      const services = await cli.services()
      const account = (await services.accounts.byId(user)) ?? (await services.accounts.find(user))
      if (account === undefined) throw new CliError([`There is no user ${user}.`])
      const outcome = await services.testMail(account)
      if (outcome.kind === 'no_address') throw new CliError([`${user} has no verified email address.`])
      const { kind, to } = outcome
      if (kind === 'refused')
        throw new CliError([`The message to ${to} was not sent. The mail server says: ${outcome.reason}`])
      const file = outcome.file ?? null
      cli.answer(
        options,
        { sent: true, to, file },
        file === null ? `The message to ${to} is sent.` : `There is no SMTP_URL: the message is in ${file}`,
      )
    })

function find(settings: readonly SettingState[], name: string): SettingState {
  const found = settings.find((each) => each.name === name)
  if (found !== undefined) return found
  throw new CliError([`There is no setting ${name}. This lists them: ${PROGRAM} settings list`])
}

/** In snake_case, times in seconds since the epoch, as everywhere in JSON of the command line. */
const documentOf = (setting: SettingState) => ({
  name: setting.name,
  value: setting.value,
  default: setting.default,
  pinned_by: setting.pinnedBy ?? null,
  changed_at: setting.changed ? toSeconds(setting.changed.at) : null,
  changed_by: setting.changed?.by.name ?? null,
  problem: setting.refused ?? null,
})

const shown = (value: unknown): string => textOf(value) || '(none)'

const stateOf = ({ pinnedBy, refused, changed }: SettingState): string => {
  if (pinnedBy !== undefined) return `set by the environment: ${pinnedBy}`
  if (refused !== undefined) return `the stored value does not count: it ${refused}`
  return changed === undefined ? 'default' : `changed ${time(changed.at)} by ${changed.by.name}`
}

const settingText = (setting: SettingState): string =>
  labelledLines([
    ['name', setting.name],
    ['value', shown(setting.value)],
    ['default', shown(setting.default)],
    ['state', stateOf(setting)],
    ['about', `${setting.label}. ${setting.sentence}`],
  ])
