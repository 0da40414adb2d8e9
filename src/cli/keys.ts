import { Command } from 'commander'
import { z } from 'zod'
import { toSeconds } from '../shared/clock.ts'
import { SIGNING_ALGORITHMS } from '../shared/signing-algorithms.ts'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import type { CliServices } from './services.ts'
import { table, time } from './text.ts'

type Keys = Awaited<ReturnType<CliServices['keys']['list']>>

const algorithm = z.enum(SIGNING_ALGORITHMS).optional()

/** `latchkey keys …` */
export function keyCommands(cli: Cli): Command {
  const group = new Command('keys').description('The keys that sign tokens')
  return group.addCommand(list(cli)).addCommand(rotate(cli)).addCommand(retire(cli))
}

const list = (cli: Cli): Command =>
  createCommand('list', 'list the keys').action(async (options: Options) => {
    const { keys } = await cli.services()
    const all = await keys.list()
    cli.answer(options, { items: all.map(keyDocument) }, keysText(all))
  })

const rotate = (cli: Cli): Command =>
  createCommand('rotate', 'create new keys; running servers take them up by themselves')
    .option('--alg <alg>', 'only the key of this algorithm: RS256, PS256, ES256 or EdDSA')
    .option('--now', 'for a leaked key: withdraw the old keys at once, which ends every token they signed')
    .action(async (options: Options) => {
      const alg = algorithm.safeParse(options.alg)
      if (!alg.success) throw new CliError(['--alg: must be one of RS256, PS256, ES256, EdDSA'])
      const { keys } = await cli.services(options.now === true ? { anyKey: 'replace' } : {})
      const all = await keys.rotate({ ...(alg.data && { alg: alg.data }), now: options.now === true })
      const effect =
        options.now === true
          ? 'The new keys sign from now on; the old ones are withdrawn.'
          : 'The new keys are published, and sign once every cached key set has them. No token becomes invalid.'
      cli.answer(options, { items: all.map(keyDocument) }, `${effect}\n\n${keysText(all)}`)
    })

const retire = (cli: Cli): Command =>
  createCommand('retire', 'withdraw a key that no longer signs: what it signed is refused at once')
    .argument('<kid>')
    .action(async (kid: string, options: Options) => {
      const { keys } = await cli.services()
      const all = await keys.retire(kid)
      const text = `${kid} is withdrawn: what it signed is refused.\n\n${keysText(all)}`
      cli.answer(options, { items: all.map(keyDocument) }, text)
    })

/** Times in seconds since the epoch, as everywhere in JSON. */
const keyDocument = (key: Keys[number]) => ({
  kid: key.kid,
  alg: key.alg,
  state: key.state,
  created_at: toSeconds(key.createdAt),
  active_from: toSeconds(key.activeFrom),
  retired_at: toSeconds(key.retiredAt),
  accepted_until: toSeconds(key.acceptedUntil),
})

const keysText = (keys: Keys): string =>
  table([
    ['KID', 'ALG', 'STATE', 'CREATED', 'SIGNS FROM', 'PUBLISHED UNTIL', 'ACCEPTED UNTIL'],
    ...keys.map((key) => [
      key.kid,
      key.alg,
      key.state,
      time(key.createdAt),
      time(key.activeFrom),
      time(key.retiredAt),
      time(key.acceptedUntil),
    ]),
  ])
