import { Command } from 'commander'
import { type Cli, createCommand, type Options, secondsOf } from './context.ts'
import { createOption } from './option.ts'
import { PROGRAM } from './program.ts'
import { labelledLines, table, time } from './text.ts'

/** `latchkey registration-tokens …` */
export function registrationCommands(cli: Cli): Command {
  const group = new Command('registration-tokens').description(
    'Initial access tokens, which let somebody register clients (RFC 7591)',
  )
  for (const command of [create(cli), list(cli), revoke(cli)]) group.addCommand(command)
  return group
}

/** The options that set what a token is made from, where no other command has them. */
export const registrationFields: Readonly<Record<string, string>> = {
  uses: '--uses',
  expires_in: '--expires-in',
  redirect_hosts: '--redirect-host',
}

const create = (cli: Cli): Command =>
  createCommand('create', 'create a token; it is shown once')
    .option('--name <name>', 'who or what it is for')
    .option('--uses <number>', 'how many clients it registers, or “any” (default 1)')
    .option('--expires-in <seconds>', 'how long it is valid, or “never” (default 604800, a week)')
    .option('--scope <scopes>', 'scopes of your APIs that its clients may ask for')
    .addOption(
      createOption({
        flags: '--redirect-host <host>',
        description: 'a host that their redirect URIs have to be at; may be repeated',
        repeatable: true,
      }),
    )
    .option('--client-credentials', 'its clients may act for themselves')
    .option('--unverified', 'people are told that nobody has checked its clients')
    .action(async (options: Options) => {
      const { name, uses, expiresIn, scope, redirectHost, clientCredentials, unverified } = options
      const { config, registration } = await cli.services({ create: 'first' })
      const made = await registration.tokens.create({
        name,
        ...(uses !== undefined && { uses: uses === 'any' ? null : secondsOf(uses) }),
        ...(expiresIn !== undefined && { expires_in: expiresIn === 'never' ? null : secondsOf(expiresIn) }),
        ...(scope !== undefined && { scope }),
        ...(redirectHost !== undefined && { redirect_hosts: redirectHost }),
        client_credentials: clientCredentials === true,
        verified: unverified !== true,
      })
      const data = labelledLines([
        ['token', `${made.token}   (shown once: hand it over now)`],
        ['id', made.id],
        ['registers', made.uses_left === null ? 'any number of clients' : `${made.uses_left} client(s)`],
        ['valid until', made.expires_at === null ? 'it is revoked' : time(made.expires_at * 1000)],
        ['endpoint', `${config.issuer}/clients/register`],
      ])
      const off =
        registration.mode === 'off'
          ? `\n\nRegistration is off. Switch it on: ${PROGRAM} settings set dynamic_registration token`
          : ''
      cli.answer(options, made, `“${made.name}” is created.\n\n${data}${off}`)
    })

const list = (cli: Cli): Command =>
  createCommand('list', 'list the tokens, newest first').action(async (options: Options) => {
    const { registration } = await cli.services()
    const items = await registration.tokens.list()
    const text =
      items.length === 0
        ? `There is no initial access token yet. Make one with: ${PROGRAM} registration-tokens create --name …`
        : table([
            ['ID', 'NAME', 'STATE', 'USES LEFT', 'LAST USED', 'VALID UNTIL'],
            ...items.map((token) => [
              token.id,
              token.name,
              token.state.replace('_', ' '),
              token.uses_left === null ? 'any' : String(token.uses_left),
              time(token.last_used_at && token.last_used_at * 1000),
              time(token.expires_at && token.expires_at * 1000),
            ]),
          ])
    cli.answer(options, { items }, text)
  })

const revoke = (cli: Cli): Command =>
  createCommand('revoke', 'revoke a token; clients that it registered stay')
    .argument('<id>')
    .action(async (id: string, options: Options) => {
      const { registration } = await cli.services()
      await registration.tokens.revoke(id)
      cli.answer(options, { id, revoked: true }, `${id} is revoked.`)
    })
