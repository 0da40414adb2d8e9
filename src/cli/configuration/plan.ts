import { createReadStream, readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { ReadSecret } from '../../configuration/ports.ts'
import { ConfigurationError } from '../../configuration/problems.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { planText, problemLine } from './plan-text.ts'

/** Bytes: more than a configuration file may have, which says so with its own words. */
const MAX_READ = 5 * 1024 * 1024

/** `latchkey plan` */
export const planCommand = (cli: Cli): Command =>
  createCommand('plan', 'show what applying a configuration file would do; status 0: nothing, 2: changes')
    .argument('<file>', 'YAML; - for standard input')
    .action(async (file: string, options: Options) => {
      const source = await readSource(cli, file)
      const { configuration } = await cli.services()
      const plan = await inFile(file, () => configuration.plan(source, secretReader(cli)))
      cli.answer(options, plan, planText(plan), plan.warnings)
      if (plan.changes.length > 0) cli.setStatus(2)
    })

/** @throws CliError when it cannot be read */
export async function readSource({ stdin }: Pick<Cli, 'stdin'>, file: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of file === '-' ? stdin : createReadStream(file)) {
      const bytes = Buffer.from(chunk)
      size += bytes.length
      chunks.push(bytes)
      if (size > MAX_READ) break
    }
  } catch {
    throw new CliError([`${file} cannot be read`])
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Secrets of providers are in the environment of this command, or in files. An empty one counts as none. */
export const secretReader =
  ({ env }: Pick<Cli, 'env'>): ReadSecret =>
  (source) => {
    if (source.env !== undefined) return env[source.env] || undefined
    try {
      return readFileSync(source.file ?? '', 'utf8').replace(/\r?\n$/, '') || undefined
    } catch {
      return undefined
    }
  }

/** Names the file in front of each of its problems. */
export async function inFile<Result>(file: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new CliError(
      error.problems.map((problem) => problemLine(file === '-' ? 'standard input' : file, problem)),
    )
  }
}
