import { createReadStream } from 'node:fs'
import type { Command } from 'commander'
import type { ImportProblem, ImportReport } from '../../accounts/import/import.ts'
import type { ImportFormat } from '../../accounts/import/rows.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { printable } from '../text.ts'

/** `latchkey users import` */
export const importUsersCommand = (cli: Cli): Command =>
  createCommand('import', 'import the people of another system, with their password hashes')
    .argument('<file>', 'JSON Lines or CSV; - for standard input')
    .option('--format <format>', 'jsonl or csv (default: by the end of the file name)')
    .option('--dry-run', 'look at everything, store nothing')
    .option('--all-or-nothing', 'store nothing if any row is refused or exists already')
    .action(async (file: string, options: Options) => {
      const format = formatOf(file, options.format)
      const dryRun = options.dryRun === true
      const allOrNothing = options.allOrNothing === true
      const problems: ImportProblem[] = []
      const { accounts } = await cli.services({ create: 'first' })
      const report = await accounts.importUsers(file === '-' ? cli.stdin : fileOf(file), {
        format,
        dryRun,
        allOrNothing,
        tell(problem) {
          if (options.json === true) problems.push(problem)
          else for (const line of problemLines(problem)) cli.stderr.write(`${printable(line)}\n`)
        },
      })
      cli.answer(options, { dry_run: dryRun, ...report, problems }, reportText(report, dryRun, allOrNothing))
      if (report.refused > 0 || (allOrNothing && report.existing > 0)) cli.setStatus(1)
    })

function formatOf(file: string, option: unknown): ImportFormat {
  if (option === 'jsonl' || option === 'csv') return option
  if (option !== undefined) throw new CliError(['--format: must be jsonl or csv'], 2)
  if (/\.csv$/i.test(file)) return 'csv'
  if (/\.(jsonl|ndjson)$/i.test(file)) return 'jsonl'
  throw new CliError([`--format: is missing; the name ${file} does not tell if it is jsonl or csv`], 2)
}

async function* fileOf(path: string): AsyncGenerator<Uint8Array> {
  try {
    yield* createReadStream(path) as AsyncIterable<Uint8Array>
  } catch (cause) {
    if (cause instanceof Error && 'syscall' in cause) throw new CliError([`${path} cannot be read`])
    throw cause
  }
}

const problemLines = ({ line, kind, messages }: ImportProblem): string[] =>
  messages.map((message) => `line ${line}: ${kind === 'existing' ? 'skipped, ' : ''}${message}`)

function reportText(report: ImportReport, dryRun: boolean, allOrNothing: boolean): string {
  const { rows, imported, existing, refused } = report
  const done = dryRun ? `${imported} would be imported` : `${imported} imported`
  const lines = [`${rows} rows: ${done}, ${existing} exist already, ${refused} refused.`]
  if (allOrNothing && existing + refused > 0) lines.push('Nothing was stored.')
  return lines.join('\n')
}
