import type { Command } from 'commander'
import { type Cli, createCommand, type Options } from './context.ts'

/** `latchkey migrate`: opening the database migrates it, so there is only to say what was done. */
export const migrateCommand = (cli: Cli): Command =>
  createCommand('migrate', 'bring the database up to date (the server does so when it starts)').action(
    async (options: Options) => {
      const { migrations } = await cli.services({ create: 'always' })
      const { applied } = migrations
      const text =
        applied.length === 0
          ? 'The database is up to date.'
          : `Applied:\n${applied.map((name) => `  ${name}`).join('\n')}`
      cli.answer(options, { applied }, text)
    },
  )
