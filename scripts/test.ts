/**
 * `npm test`: types, lint, unused code, import rule, numbers of decisions, files that texts name, words of comments, patience of tests, generated files, then the test suite.
 * Everything runs even when something of it failed, the checks beside the first tests. The last line is “N passed, N failed”. With CI=true a skipped test counts as failed.
 *
 *   npm test -- test/oidc     only the checks' tests that match
 *   npm test -- --durations   the whole suite, and keeps how long its files took: the longest are started first
 *   npm run check             only the checks
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

const options = ['--checks', '--durations']
const onlyChecks = process.argv.includes('--checks')
const keepDurations = process.argv.includes('--durations')
const filters = process.argv.slice(2).filter((argument) => !options.includes(argument))
const ci = process.env.CI === 'true'
const env = { ...process.env, FORCE_COLOR: process.env.FORCE_COLOR ?? '0' }
let passed = 0
let failed = 0
/** The checks that failed; said again at the end, behind all that the tests say. */
const unsuccessful: string[] = []

const checks: readonly (readonly [string, string, readonly string[]])[] = [
  ['types', 'tsc', ['--noEmit', '-p', '.']],
  ['lint and format', 'biome', ['check', '--error-on-warnings', '.']],
  ['unused files, exports, dependencies', 'knip', []],
  ['import rule', process.execPath, ['scripts/checks/imports.ts']],
  ['numbers of decisions', process.execPath, ['scripts/checks/decisions.ts']],
  ['files that texts name', process.execPath, ['scripts/checks/paths.ts']],
  ['words of comments', process.execPath, ['scripts/checks/words.ts']],
  ['patience of tests', process.execPath, ['scripts/checks/patience.ts']],
  ['texts of pages and mails', process.execPath, ['scripts/checks/texts.ts']],
  ['pages of connected applications', process.execPath, ['scripts/connect-docs.ts', '--check']],
  ['page of settings', process.execPath, ['scripts/settings-docs.ts', '--check']],
  ['list of events', process.execPath, ['scripts/events-docs.ts', '--check']],
  ['one source of models', process.execPath, ['scripts/generate-clients.mjs', '--check']],
]

/** Runs a command without a word of it. Resolves when it has ended, with whether it succeeded and what it said. */
function check(command: string, args: readonly string[]): Promise<{ ok: boolean; said: string }> {
  const { promise, resolve } = Promise.withResolvers<{ ok: boolean; said: string }>()
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      said += chunk
    })
  child.once('error', (error) => resolve({ ok: false, said: String(error) }))
  child.once('close', (code) => resolve({ ok: code === 0, said }))
  return promise
}

/** Runs all of the checks at once, and says of each what came of it in their order. */
async function runChecks(): Promise<void> {
  const running = checks.map(([name, command, args]) => ({ name, result: check(command, args) }))
  for (const { name, result } of running) {
    const { ok, said } = await result
    console.log(`${said}${ok ? '✓' : '✗'} ${name}`)
    if (ok) passed++
    else unsuccessful.push(name)
  }
  failed += unsuccessful.length
}

/** Runs the tests, which say themselves what comes of them. Resolves when they have ended, with whether all succeeded. */
function runTests(args: readonly string[]): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const child = spawn('vitest', ['run', ...args], { stdio: 'inherit', env })
  child.once('error', () => resolve(false))
  child.once('close', (code) => resolve(code === 0))
  return promise
}

/** What is read of vitest's JSON report. */
interface Results {
  numPassedTests: number
  numFailedTests: number
  testResults: {
    name: string
    /** Milliseconds since 1970. */
    startTime: number
    endTime: number
    assertionResults: { status: string; fullName: string }[]
  }[]
}

/** Each file and the seconds that it took, the slowest first. */
const durationsOf = ({ testResults }: Results): [file: string, seconds: number][] =>
  testResults
    .map(({ name, startTime, endTime }): [string, number] => [
      relative(process.cwd(), name),
      Math.round((endTime - startTime) / 100) / 10,
    ])
    .sort(([, one], [, other]) => other - one)

/** How many of the slowest files are named after a run. */
const NAMED = 25

/** A file that takes less, in seconds, need not be known to be started in a good order. */
const SHORT = 2

// Beside the first tests, which wait for processes and browsers more than they compute.
const checked = filters.length === 0 ? runChecks() : Promise.resolve()
if (onlyChecks) await checked
else {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'))
  const file = join(folder, 'results.json')
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
  const [ok] = await Promise.all([runTests([...reporters, ...filters]), checked])
  try {
    const results = JSON.parse(readFileSync(file, 'utf8')) as Results
    passed += results.numPassedTests
    failed += results.numFailedTests
    const durations = durationsOf(results)
    console.log('The slowest files, in seconds:')
    for (const [name, seconds] of durations.slice(0, NAMED))
      console.log(`${seconds.toFixed(1).padStart(7)}  ${name}`)
    if (keepDurations) {
      const long = Object.fromEntries(durations.filter(([, seconds]) => seconds >= SHORT))
      writeFileSync('test/support/durations.json', `${JSON.stringify(long, null, 2)}\n`)
    }
    const skipped = results.testResults.flatMap((suite) =>
      suite.assertionResults.filter((test) => test.status !== 'passed' && test.status !== 'failed'),
    )
    for (const test of skipped) console.log(`${ci ? '✗' : '-'} skipped: ${test.fullName}`)
    if (ci) failed += skipped.length
    // A suite that could not even load has no failed test of its own.
    if (!ok && results.numFailedTests === 0) failed += 1
  } catch {
    console.error('the test runner left no results')
    failed += 1
  }
  rmSync(folder, { recursive: true, force: true })
}

if (!onlyChecks) for (const name of unsuccessful) console.log(`✗ ${name}`)
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
