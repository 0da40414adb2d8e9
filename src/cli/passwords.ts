import { accessSync, constants, statSync } from 'node:fs'
import { Command } from 'commander'
import { type Cli, CliError, createCommand, type Options } from './context.ts'
import { PROGRAM } from './program.ts'

/** `latchkey passwords …` */
export const passwordCommands = (cli: Cli): Command =>
  new Command('passwords').description('What new passwords are held to').addCommand(importList(cli))

const importList = (cli: Cli): Command =>
  createCommand(
    'import',
    'create the list of stolen passwords for breach_check file, in the place of the one before',
  )
    .argument('<file>', 'a line each of HASH or HASH:COUNT (SHA-1), sorted or not; - for standard input')
    .action(async (file: string, options: Options) => {
      const { breaches, settings } = await cli.services({ create: 'first' })
      const source = file === '-' ? cli.stdin : readable(file)
      const made = await breaches.importList(source, (lines) =>
        cli.stderr.write(`${lines.toLocaleString('en')} lines read\n`),
      )
      const { read, count, size, path } = made
      const text = `${count.toLocaleString('en')} stolen passwords are in ${path} (${megabytes(size)} MB).`
      const inUse = settings.values.breachCheck === 'file'
      const nextStep = `They are not looked up yet. Run: ${PROGRAM} settings set breach_check file`
      cli.answer(options, { read, count, size, path, in_use: inUse }, inUse ? text : `${text}\n${nextStep}`)
    })

function readable(path: string): string {
  try {
    accessSync(path, constants.R_OK)
    if (!statSync(path).isDirectory()) return path
  } catch {
    // Said below.
  }
  throw new CliError([`${path} cannot be read`])
}

const megabytes = (bytes: number): string => (bytes / 1e6).toLocaleString('en', { maximumFractionDigits: 1 })
