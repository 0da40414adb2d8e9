/**
 * `npm run clients`: runs the snippets of `snippets/` as they are printed: those of npm by the tests in `test/connect`, the
 * others with what this machine has. Prints a table of what was tried, with versions, and names what was left out and why.
 *
 *   npm run clients                     all
 *   npm run clients -- go django        those whose test is called so
 *   npm run clients -- --write          and notes versions and the date in the stack.json of each that worked
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { allStacks, type Stack } from '../src/admin/console/snippets/stack.ts'
import manifest from '../test/connect/package.json' with { type: 'json' }
import { packagesIn } from '../test/connect/packages.ts'

const write = process.argv.includes('--write')
const names = process.argv.slice(2).filter((argument) => argument !== '--write')
const folder = mkdtempSync(join(tmpdir(), 'latchkey-clients-'))
const tried = join(folder, 'tried.jsonl')

interface Report {
  testResults: {
    assertionResults: {
      title: string
      status: string
      failureMessages: string[]
      meta?: { skipped?: string }
    }[]
  }[]
}

/** Runs test files; gives each test's outcome by its title. */
function outcomes(args: readonly string[]): { title: string; status: string; why: string }[] {
  const file = join(folder, `${args.length}-${Math.random()}.json`)
  spawnSync(
    'vitest',
    ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
    {
      stdio: 'inherit',
      env: { ...process.env, LATCHKEY_CLIENTS_RESULTS: tried },
    },
  )
  if (!existsSync(file)) throw new Error('the test runner left no results')
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as Report
  return testResults.flatMap(({ assertionResults }) =>
    assertionResults.map(({ title, status, failureMessages, meta }) => ({
      title,
      status,
      why: meta?.skipped ?? failureMessages[0]?.split('\n')[0] ?? '',
    })),
  )
}

const filter = names.length > 0 ? ['-t', names.map((name) => `\\b${name}\\b`).join('|')] : []
const ofTools = outcomes(['--config', 'vitest.clients.config.ts', ...filter])
const ofTests = outcomes(['test/connect', '--maxWorkers=1', ...filter])

const versionsBy = new Map<string, Record<string, string>>(
  existsSync(tried)
    ? readFileSync(tried, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: string; versions: Record<string, string> })
        .map(({ id, versions }) => [id, versions])
    : [],
)

/** What is known of a stack after the run. */
function resultOf({ id, run, parts }: Stack): { result: string; versions?: Record<string, string> } {
  if (run === undefined) return { result: 'not run: nobody has written how' }
  const found = (run === 'test' ? ofTests : ofTools).filter(({ title }) => title.split(' ')[0] === id)
  const failed = found.find(({ status }) => status === 'failed')
  if (failed) return { result: `FAILED: ${failed.why}` }
  if (!found.some(({ status }) => status === 'passed')) {
    const why = found.find(({ why }) => why !== '')?.why
    return {
      result: `skipped: ${why ?? (found.length > 0 || names.length > 0 ? 'not asked for' : 'it has no test')}`,
    }
  }
  const versions =
    run === 'test'
      ? Object.fromEntries(
          packagesIn(parts).map((name) => [
            name,
            (manifest.dependencies as Record<string, string>)[name] ?? '',
          ]),
        )
      : (versionsBy.get(id) ?? {})
  return { result: 'ok', versions }
}

const today = new Date().toISOString().slice(0, 10)
let failures = 0
console.log('\nStack | Result | Versions\n--- | --- | ---')
for (const stack of allStacks()) {
  const { result, versions } = resultOf(stack)
  if (result.startsWith('FAILED')) failures++
  const words = Object.entries(versions ?? {}).map((pair) => pair.join(' '))
  console.log(`${stack.id} | ${result} | ${words.join(', ')}`)
  if (!write || !versions || words.length === 0) continue
  const file = resolve(import.meta.dirname, '../snippets', stack.id, 'stack.json')
  const text = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>
  writeFileSync(file, `${JSON.stringify({ ...text, tried: { date: today, versions } }, null, 2)}\n`)
}
if (write) {
  spawnSync('biome', ['format', '--write', 'snippets'], { stdio: 'inherit' })
  spawnSync(process.execPath, ['scripts/connect-docs.ts'], { stdio: 'inherit' })
}
rmSync(folder, { recursive: true, force: true })
process.exit(failures === 0 ? 0 : 1)
