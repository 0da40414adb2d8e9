import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { CliDependencies } from '../../src/cli/context.ts'
import { openCliServices } from '../../src/cli/open.ts'
import { run } from '../../src/cli/run.ts'
import type { Engine } from '../support/latchkey.ts'
import { startedDatabase } from '../support/template.ts'

export interface Outcome {
  status: number
  stdout: string
  stderr: string
  /** Standard output as the one JSON document that it has to be. */
  json(): unknown
}

export interface RunOptions {
  stdin?: string
  env?: Record<string, string>
  fetch?: typeof fetch
}

/** The command line on an installation of its own, with captured streams. `migrated`: its database is there already, of this engine. */
export async function createInstallation(
  settings: Record<string, string> = {},
  { migrated = true, engine = 'sqlite' as Engine } = {},
) {
  const dataDir = await mkdtemp(join(tmpdir(), 'latchkey-cli-'))
  const database = migrated && { DATABASE_URL: await startedDatabase(engine, dataDir) }
  return {
    dataDir,
    async run(argv: readonly string[], options: RunOptions = {}): Promise<Outcome> {
      const output = { stdout: '', stderr: '' }
      const deps: CliDependencies = {
        openServices: openCliServices,
        env: { DATA_DIR: dataDir, ...database, ...settings, ...options.env },
        stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
        stdout: { write: (text) => (output.stdout += text) },
        // Each command says which database it used: test/operations/right-database.test.ts looks at that.
        stderr: { write: (text) => (output.stderr += text.replace(/^Database: .*\n$/, '')) },
        fetch: options.fetch ?? (() => Promise.reject(new Error('the network is off'))),
        clock: Date.now,
      }
      const status = await run(argv, deps)
      return { status, ...output, json: () => JSON.parse(output.stdout) as unknown }
    },
    remove: () => rm(dataDir, { recursive: true, force: true }),
  }
}

export type Installation = Awaited<ReturnType<typeof createInstallation>>
