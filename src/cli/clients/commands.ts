import { Command } from 'commander'
import { parseRegistration } from '../../clients/metadata.ts'
import {
  type Cli,
  CliError,
  createCommand,
  moreHint,
  type Options,
  pageOf,
  secondsOf,
  withPage,
  withWarnings,
} from '../context.ts'
import { errorLines } from '../errors.ts'
import { time } from '../text.ts'
import { addClientOptions, optionOf, registrationOf } from './options.ts'
import { addPresetOptions, presetGiven } from './preset.ts'
import { clientText, createdText, linesText, listText, secretsText } from './text.ts'

/** `latchkey clients …` */
export function clientCommands(cli: Cli): Command {
  const group = new Command('clients').description(
    'OAuth clients: the applications that sign people in or call APIs',
  )
  for (const command of [create(cli), list(cli), show(cli), update(cli), remove(cli), rotate(cli)])
    group.addCommand(command)
  for (const command of [secrets(cli), removeSecret(cli), switchCommand(cli, 'disable')])
    group.addCommand(command)
  return group.addCommand(switchCommand(cli, 'enable')).addCommand(verify(cli))
}

const create = (cli: Cli): Command =>
  addPresetOptions(
    addClientOptions(createCommand('create', 'register a client; prints its secret, once'), false),
  ).action(async (options: Options) => {
    const { input: said, problems } = registrationOf(options, true)
    const preset = await presetGiven(options)
    const input = { ...preset?.registration, ...said }
    if (problems.length > 0) throw new CliError([...problems, ...registrationProblems(input)])
    const { clients, clientScopes, config } = await cli.services({ create: 'first' })
    const client = await clients.create(input)
    const warnings = await clientScopes.warningsOf(client)
    const lines = preset?.lines(config.issuer, client)
    const document = lines === undefined ? client : { ...client, settings: lines }
    const text = [createdText(client, config.issuer), ...(lines ? [linesText(lines)] : [])].join('\n\n')
    cli.answer(options, withWarnings(document, warnings), text, warnings)
  })

const list = (cli: Cli): Command =>
  withPage(createCommand('list', 'list the clients, newest first'))
    .option('--search <text>', 'only those with this in their name, ID or redirect URIs')
    .action(async (options: Options) => {
      const { clients } = await cli.services()
      const { search } = options
      const page = await clients.list({ ...pageOf(options), ...(typeof search === 'string' && { search }) })
      const text =
        page.items.length === 0 && search !== undefined ? 'There is no such client.' : listText(page.items)
      cli.answer(options, page, text + moreHint('clients list', options, page.next_cursor))
    })

const show = (cli: Cli): Command =>
  createCommand('show', 'show a client')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { clients, clientScopes } = await cli.services()
      const client = await clients.get(id)
      const warnings = await clientScopes.warningsOf(client)
      cli.answer(options, withWarnings(client, warnings), clientText(client), warnings)
    })

const update = (cli: Cli): Command =>
  addClientOptions(
    createCommand('update', 'change a client; an option given as "" unsets, a list replaces'),
    true,
  )
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { input, problems } = registrationOf(options, false)
      if (problems.length > 0) throw new CliError(problems)
      if (Object.keys(input).length === 0) {
        throw new CliError(['nothing to change; give at least one option, for example --name'], 2)
      }
      const { clients, clientScopes } = await cli.services()
      const client = await clients.update(id, input)
      const warnings = await clientScopes.warningsOf(client)
      const text = `The client is changed; the next request sees it.\n\n${clientText(client)}`
      cli.answer(options, withWarnings(client, warnings), text, warnings)
    })

const remove = (cli: Cli): Command =>
  createCommand('delete', 'delete a client and end everything it was issued')
    .alias('remove')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { clients } = await cli.services()
      await clients.delete(id)
      cli.answer(
        options,
        { client_id: id, deleted: true },
        `${id} is deleted, with everything it was issued.`,
      )
    })

const switchCommand = (cli: Cli, verb: 'disable' | 'enable'): Command =>
  createCommand(
    verb,
    verb === 'disable'
      ? 'cut a client off and end everything it was issued'
      : 'let a disabled client in again',
  )
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { clients } = await cli.services()
      await clients[verb](id)
      cli.answer(options, { client_id: id, disabled: verb === 'disable' }, `${id} is ${verb}d.`)
    })

const rotate = (cli: Cli): Command =>
  createCommand('rotate-secret', 'issue a new secret; the old one stays valid for a while')
    .argument('<id>')
    .option('--keep-old <seconds>', 'how long the old secret stays valid; 0 ends it now (default 86400)')
    .action(async (id: string, options: Options) => {
      const { clients } = await cli.services()
      const { keepOld } = options
      const rotated = await clients.rotateSecret(
        id,
        keepOld === undefined ? {} : { keepOldSeconds: secondsOf(keepOld) },
      )
      const until = rotated.previous_secret_expires_at
      const fate =
        until === 0
          ? 'The old secret is no longer valid.'
          : `The old secret is valid until ${time(until * 1000)}: deploy the new one before.`
      cli.answer(options, rotated, `New client_secret, shown once:\n\n  ${rotated.client_secret}\n\n${fate}`)
    })

const secrets = (cli: Cli): Command =>
  createCommand('secrets', 'list the secrets of a client that are valid, newest first; never their values')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { clients } = await cli.services()
      const client = await clients.get(id)
      cli.answer(
        options,
        { client_id: client.client_id, secrets: client.secrets },
        secretsText(client.secrets),
      )
    })

const removeSecret = (cli: Cli): Command =>
  createCommand('remove-secret', 'end one secret of a client now; clients secrets lists their ids')
    .argument('<id>')
    .argument('<secret-id>')
    .action(async (id: string, secretId: string, options: Options) => {
      const { clients } = await cli.services()
      await clients.removeSecret(id, secretId)
      const document = { client_id: id, secret_id: secretId, removed: true }
      cli.answer(options, document, `The secret ${secretId} of ${id} works no more.`)
    })

const verify = (cli: Cli): Command =>
  createCommand(
    'verify',
    'mark a client that registered itself as checked: people are no longer warned of it',
  )
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { clients } = await cli.services()
      await clients.setVerified(id, true)
      cli.answer(options, { client_id: id, verified: true }, `${id} is marked as checked.`)
    })

/** Problems of the registration, to be reported beside those of the options. */
function registrationProblems(input: Parameters<typeof parseRegistration>[0]): readonly string[] {
  try {
    parseRegistration(input)
    return []
  } catch (error) {
    return errorLines(error, optionOf)
  }
}
