import { Command } from 'commander'
import { ruleText } from '../../federation/providers/membership-rules.ts'
import type { ProviderView } from '../../federation/providers/view.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { findingsText, worst } from '../doctor/findings.ts'
import { PROGRAM } from '../program.ts'
import { readSecret } from '../stdin.ts'
import { labelledLines, table } from '../text.ts'
import { addProviderOptions, providerInput } from './options.ts'

/** `latchkey providers …` */
export function providerCommands(cli: Cli): Command {
  const group = new Command('providers').description('Other services that people may sign in with')
  for (const command of [add(cli), list(cli), show(cli)]) group.addCommand(command)
  const stateChanges = [
    ['disable', 'nobody signs in with it any more; sessions go on', 'disabled'],
    ['enable', 'let people sign in with it again', 'enabled'],
    ['remove', 'remove a provider; links to it count again if it is added again', 'removed'],
  ] as const
  for (const [verb, description, done] of stateChanges)
    group.addCommand(setState(cli, verb, description, done))
  return group.addCommand(resetSecret(cli)).addCommand(test(cli)).addCommand(tokens(cli))
}

const add = (cli: Cli): Command =>
  addProviderOptions(createCommand('add', 'add a provider, switched on'))
    .argument('<id>', 'what its callback URL has: lower-case letters, digits and hyphens')
    .action(async (id: string, options: Options) => {
      const secret = options.secretStdin === true ? await readSecret(cli, 'secret') : undefined
      const { providers } = await cli.services({ create: 'first' })
      const provider = await providers.add({
        ...providerInput(id, options),
        ...(secret !== undefined && { client_secret: secret }),
      })
      const urls = labelledLines([
        ['callback URL', provider.callback_url],
        ['back-channel logout URL', provider.backchannel_logout_url],
      ])
      cli.answer(
        options,
        provider,
        `${provider.name} (${id}) is added. Enter at the provider:\n\n${urls}\n\nNext: ${PROGRAM} providers test ${id}`,
      )
    })

const list = (cli: Cli): Command =>
  createCommand('list', 'list the providers').action(async (options: Options) => {
    const { providers } = await cli.services()
    const items = await providers.list()
    const text =
      items.length === 0
        ? `There is no provider yet. Add one with: ${PROGRAM} providers add ID --kind … --client-id … --secret-stdin`
        : table([
            ['ID', 'NAME', 'KIND', 'STATE', 'SET IN', 'CLIENT ID'],
            ...items.map((each) => [
              each.id,
              each.name,
              each.kind,
              stateOf(each),
              each.source,
              each.client_id,
            ]),
          ])
    cli.answer(options, { items }, text)
  })

const show = (cli: Cli): Command =>
  createCommand('show', 'show a provider')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { providers } = await cli.services()
      const provider = await providers.get(id)
      cli.answer(options, provider, providerText(provider))
    })

const setState = (
  cli: Cli,
  verb: 'disable' | 'enable' | 'remove',
  description: string,
  done: string,
): Command =>
  createCommand(verb, description)
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { providers } = await cli.services()
      await providers[verb](id)
      cli.answer(options, { id, [done]: true }, `${id} is ${done}.`)
    })

/** Only from standard input: others on the machine see the options of a command. */
const resetSecret = (cli: Cli): Command =>
  createCommand(
    'reset-secret',
    'store another client secret: it was changed at the provider, or SECRET_KEY was lost',
  )
    .argument('<id>')
    .option('--secret-stdin', 'read the client secret from standard input')
    .action(async (id: string, options: Options) => {
      if (options.secretStdin !== true)
        throw new CliError(['--secret-stdin: is needed, with the secret on standard input'])
      const secret = await readSecret(cli, 'secret')
      const { providers } = await cli.services()
      const { provider } = await providers.update(id, { client_secret: secret })
      const next = `Next: ${PROGRAM} providers test ${id}`
      cli.answer(options, provider, `${provider.name} (${id}) has the new secret. ${next}`)
    })

const test = (cli: Cli): Command =>
  createCommand('test', 'ask a provider whether its configuration is right; status 1 if not')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { providers } = await cli.services()
      const findings = await providers.test(id)
      const status = worst(findings)
      cli.answer(options, { id, status, checks: findings }, findingsText(findings))
      if (status === 'fail') cli.setStatus(1)
    })

const tokens = (cli: Cli): Command =>
  createCommand('tokens', 'print what a provider gave out for a person, if it was added with --keep-tokens')
    .argument('<id>')
    .argument('<user>', 'ID, username or email address')
    .action(async (id: string, user: string, options: Options) => {
      const { accounts, keptTokens } = await cli.services()
      const account = await accounts.find(user)
      if (!account) throw new CliError([`there is no user ${user}`])
      const kept = await keptTokens(account.id, id)
      if (!kept) throw new CliError([`no tokens of ${id} are kept for ${user}`])
      cli.answer(
        options,
        kept,
        labelledLines(Object.entries(kept).map(([name, value]) => [name, String(value)])),
      )
    })

const stateOf = ({ disabled }: ProviderView): string => (disabled ? 'disabled' : 'enabled')

const secretOf = ({ has_secret, secret_lost }: ProviderView): string => {
  if (secret_lost) return 'cannot be read: it was sealed under another SECRET_KEY'
  return has_secret ? 'set' : 'none'
}

/** A provider as people read it. */
const providerText = (provider: ProviderView): string =>
  labelledLines([
    ['id', provider.id],
    ['name', provider.name],
    ['kind', provider.kind],
    ['state', stateOf(provider)],
    ['set in', provider.source],
    ['client ID', provider.client_id],
    ['client secret', secretOf(provider)],
    ...Object.entries(provider.settings).map(([name, value]): [string, string] => [
      name,
      typeof value === 'string' ? value : JSON.stringify(value),
    ]),
    ['email domains', provider.email_domains.join(', ')],
    ...provider.membership_rules.map((rule): [string, string] => ['gives', ruleText(rule)]),
    ['its rules', provider.membership_rules.length > 0 ? provider.membership_mode : undefined],
    ['keeps tokens', provider.keep_tokens ? 'yes' : undefined],
    ['callback URL', provider.callback_url],
    ['back-channel logout URL', provider.backchannel_logout_url],
  ])
