import { closeSync, openSync, unlinkSync, writeSync } from 'node:fs'
import type { Command } from 'commander'
import type { NewSecret } from '../../configuration/apply.ts'
import type { Applied } from '../../configuration/configuration.ts'
import { type Cli, CliError, createCommand, type Options } from '../context.ts'
import { errorLines } from '../errors.ts'
import { labelledLines } from '../text.ts'
import { inFile, readSource, secretReader } from './plan.ts'
import { changeTitle, countText } from './plan-text.ts'

/** `latchkey apply` */
export const applyCommand = (cli: Cli): Command =>
  createCommand(
    'apply',
    'make settings, APIs, roles, groups, providers and clients what a configuration file says',
  )
    .argument('<file>', 'YAML; - for standard input')
    .option(
      '--secrets-out <file>',
      'write the secrets of new clients, hooks and webhooks to a new file, and do not print them',
    )
    .action(async (file: string, options: Options) => {
      const source = await readSource(cli, file)
      const { configuration } = await cli.services({ create: 'first' })
      const out = typeof options.secretsOut === 'string' ? openSecretsFile(options.secretsOut) : undefined
      let applied: Applied | undefined
      try {
        applied = await inFile(file, () => configuration.apply(source, secretReader(cli)))
      } finally {
        out?.finish(applied?.secrets ?? [])
      }
      const failure = applied.failed && {
        change: applied.failed.change,
        errors: errorLines(applied.failed.error, (field) => field),
      }
      const shown = out === undefined ? applied.secrets : []
      const { done, warnings } = applied
      const document = {
        done,
        warnings,
        secrets: shown,
        ...(failure && { failed: failure }),
      }
      cli.answer(options, document, appliedText(applied, shown, out?.path), warnings)
      if (failure === undefined) return
      throw new CliError([
        `${changeTitle(failure.change)}: ${failure.errors.join('; ')}`,
        'It stopped there. What is listed above is done; apply the file again when the cause is mended.',
      ])
    })

/** A new file that only its owner can read, made before anything is changed. @throws CliError */
function openSecretsFile(path: string) {
  let file: number
  try {
    file = openSync(path, 'wx', 0o600)
  } catch (error) {
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST'
    throw new CliError([`--secrets-out: ${path} ${exists ? 'exists already' : 'cannot be written'}`])
  }
  return {
    path,
    finish(secrets: readonly NewSecret[]): void {
      const content = Object.fromEntries(
        secrets.map(({ name, ...secret }) => [
          secret.kind === undefined ? name : `${secret.kind} ${name}`,
          secret,
        ]),
      )
      if (secrets.length > 0) writeSync(file, `${JSON.stringify(content, null, 2)}\n`)
      closeSync(file)
      if (secrets.length === 0) unlinkSync(path)
    },
  }
}

function appliedText(
  { done, secrets }: Applied,
  shown: readonly NewSecret[],
  path: string | undefined,
): string {
  const lines = done.map((change) => `${DONE[change.action]} ${changeTitle(change)}`)
  const blocks = [
    [...lines, done.length === 0 ? 'Nothing was changed.' : `Done: ${countText(done)}.`].join('\n'),
  ]
  for (const { name, ...made } of shown) {
    const [id, secret] =
      made.kind === undefined ? (['client_id', 'client_secret'] as const) : (['id', 'secret'] as const)
    const called = made.kind === undefined ? name : `${made.kind} ${name}`
    blocks.push(
      `${called}:\n${labelledLines([
        [id, made.client_id ?? made.id],
        [secret, `${made.client_secret ?? made.secret}   (shown once: store it now)`],
      ])}`,
    )
  }
  if (path !== undefined && secrets.length > 0) {
    const ofClients = secrets.every((each) => each.kind === undefined)
    blocks.push(
      ofClients
        ? `The secrets of ${secrets.length} clients are in ${path}.`
        : secrets.length === 1
          ? `The secret is in ${path}.`
          : `${secrets.length} secrets are in ${path}.`,
    )
  }
  return blocks.join('\n\n')
}

const DONE = { create: '+', update: '~', delete: '-' } as const
