import type { Command } from 'commander'
import { type Cli, createCommand, type Options } from '../context.ts'

/** `latchkey export` */
export const exportCommand = (cli: Cli): Command =>
  createCommand(
    'export',
    'print settings, APIs, roles, groups, providers and clients as a configuration file, without secrets',
  ).action(async (options: Options) => {
    const { configuration } = await cli.services()
    const yaml = await configuration.export()
    cli.answer(options, { yaml }, yaml.trimEnd())
  })
